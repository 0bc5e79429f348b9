package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

func TestNeeds(t *testing.T) {
	target := []stream.Addr{{AddrPort: netip.MustParseAddrPort("192.0.2.1:25")}}
	static := func(to string) *nat.Policy {
		return &nat.Policy{Name: "n", NAT: &nat.Static{To: netip.MustParseAddrPort(to)}}
	}
	for _, c := range []struct {
		name   string
		port   uint16
		subnet string
		forge  route.Forge
		snat   *nat.Policy
		want   []string
	}{
		{name: "nothing", port: 2525, subnet: "127.0.0.1/32"},
		{name: "a low port", port: 25, subnet: "127.0.0.1/32", want: []string{"CAP_NET_BIND_SERVICE start"}},
		{name: "forging", port: 2525, subnet: "198.51.100.1/32", forge: route.Forge{Addr: true}, want: []string{"CAP_NET_ADMIN serve"}},
		{name: "the client's port", port: 2525, subnet: "127.0.0.1/32", forge: route.Forge{Port: route.PortExact}, want: []string{"CAP_NET_BIND_SERVICE serve perhaps"}},
		{name: "a low port towards servers", port: 2525, subnet: "127.0.0.1/32", forge: route.Forge{Port: 26}, want: []string{"CAP_NET_BIND_SERVICE serve"}},
		{name: "a high port towards servers", port: 2525, subnet: "127.0.0.1/32", forge: route.Forge{Port: 2626}},
		{name: "intercepting", port: 25, subnet: "198.51.100.0/24", want: []string{"CAP_NET_ADMIN start"}},
		{name: "NAT to an own address", port: 2525, subnet: "127.0.0.1/32", snat: static("127.0.0.1:0")},
		{name: "NAT to a low port", port: 2525, subnet: "127.0.0.1/32", snat: static("127.0.0.1:26"), want: []string{"CAP_NET_BIND_SERVICE serve"}},
		{name: "NAT to a foreign address", port: 2525, subnet: "127.0.0.1/32", snat: static("192.0.2.7:0"), want: []string{"CAP_NET_ADMIN serve"}},
		{name: "NAT of the policy's own", port: 2525, subnet: "127.0.0.1/32", snat: &nat.Policy{Name: "n", NAT: own{}},
			want: []string{"CAP_NET_ADMIN serve perhaps", "CAP_NET_BIND_SERVICE serve perhaps"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &service.Service{Name: "s", Router: &route.Directed{Dest: target, Forge: c.forge}, SNAT: c.snat}
			config := &Config{Zones: &zone.Table{}, Services: map[string]*service.Service{"s": v, "unused": {Name: "unused", Router: &route.Directed{Forge: route.Forge{Addr: true}}}},
				Rules: rule.NewSet([]*rule.Rule{{ID: 1, Service: "s", DstSubnet: []netip.Prefix{netip.MustParsePrefix(c.subnet)},
					DstPort: []rule.PortRange{{Low: c.port, High: c.port}}}})}
			var got []string
			for _, n := range Needs(config, 1024) {
				text := n.Give.String() + map[bool]string{false: " start", true: " serve"}[n.Serving]
				if n.Perhaps {
					text += " perhaps"
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// own is a translation that nobody knows before.
type own struct{}

func (own) Translate(nat.Pair, nat.Mode) (netip.AddrPort, bool, error) {
	return netip.AddrPort{}, false, fmt.Errorf("not asked before a session")
}
