package tproxy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/zone"
)

// nft runs nft in the network namespace of this thread.
func nft(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("nft", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("nft %s: %v\n%s\n%s", strings.Join(args, " "), err, out, numbered(input))
	}
	return string(out)
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func numbered(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		fmt.Fprintf(&b, "%3d %s\n", i+1, line)
	}
	return b.String()
}

// hits is how often each rule of a loaded ruleset was met, by its id; 0 is for no rule.
func hits(t *testing.T, s *Ruleset) map[int]int {
	t.Helper()
	var list struct {
		Nftables []struct {
			Rule struct {
				Comment string
				Expr    []struct{ Counter *struct{ Packets int } }
			}
		}
	}
	if err := json.Unmarshal([]byte(nft(t, "", "-j", "list", "chain", "inet", s.Name(), "rules")), &list); err != nil {
		t.Fatal(err)
	}
	met := map[int]int{}
	for _, n := range list.Nftables {
		id := 0 // of the last line, which all others meet
		_, _ = fmt.Sscanf(n.Rule.Comment, "rule %d ", &id)
		for _, e := range n.Rule.Expr {
			if e.Counter != nil && e.Counter.Packets > 0 {
				met[id] += e.Counter.Packets
			}
		}
	}
	return met
}

// world makes random policies and packets of few values, so that they meet often.
type world struct {
	*rand.Rand
	zones []*zone.Zone
	table *zone.Table
}

var (
	worldSubnets = []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "10.2.0.0/15", "192.0.2.0/24",
		"::/0", "fd00::/16", "fd00:1::/32", "fd00:1::1/128"}
	worldAddrs4 = []string{"10.1.2.3", "10.1.2.4", "10.1.9.9", "10.2.0.1", "10.3.0.1", "10.9.9.9", "192.0.2.77", "8.8.8.8", "10.0.0.1"}
	worldAddrs6 = []string{"fd00:1::1", "fd00:1::2", "fd00:2::1", "2001:db8::1", "fd00::1"}
	worldPorts  = []rule.PortRange{{Low: 25, High: 25}, {Low: 80, High: 80}, {Low: 0, High: 65535}, {Low: 1, High: 1024}, {Low: 20, High: 30}, {Low: 25, High: 80}}
)

func newWorld(seed uint64) *world {
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	a := &zone.Zone{Name: "a", Prefixes: prefixes("10.0.0.0/8", "fd00::/16")}
	b := &zone.Zone{Name: `b "quoted"`, Prefixes: prefixes("10.1.0.0/16", "fd00:1::/32"), Parent: a}
	c := &zone.Zone{Name: "c", Prefixes: prefixes("10.1.2.0/24", "fd00:1::1/128"), Parent: b}
	d := &zone.Zone{Name: "d", Prefixes: prefixes("192.0.2.0/24", "10.2.0.0/16"), Parent: a}
	e := &zone.Zone{Name: "e", Prefixes: prefixes("10.3.0.0/16", "10.1.2.3/32", "::/0")}
	w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), zones: []*zone.Zone{a, b, c, d, e}}
	w.table, _ = zone.NewTable(w.zones)
	return w
}

func some[T any](w *world, oneIn int, values ...T) (list []T) {
	if w.IntN(oneIn) > 0 {
		return nil
	}
	for range 1 + w.IntN(3) {
		list = append(list, values[w.IntN(len(values))])
	}
	return list
}

func one[T any](w *world, values ...T) T { return values[w.IntN(len(values))] }

func (w *world) subnets(oneIn int) (list []netip.Prefix) {
	for _, text := range some(w, oneIn, worldSubnets...) {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// ruleset is a random policy; the services are a proxy, and two ways to deny.
func (w *world) ruleset() *Ruleset {
	s := &Ruleset{Instance: "a-b", Zones: w.table, Port: 50080, Leave: w.IntN(2) == 0, Direct: func(r *rule.Rule) bool { return r.ID%5 == 0 },
		Services: map[string]*service.Service{
			"mail": {Name: "mail", Router: w.router()}, "no": {Name: "no", Deny: true},
			"never": {Name: "never", Deny: true, DenyIPv4: "icmp port-unreachable", DenyIPv6: "tcp reset"},
		}}
	for id := range 1 + w.IntN(12) {
		s.Rules = append(s.Rules, &rule.Rule{
			ID: id + 1, Service: one(w, "mail", "no", "never"),
			SrcIface: some(w, 6, "near", "other"), SrcIfgroup: some(w, 6, 0, 7),
			Proto: some(w, 4, rule.ProtoTCP, rule.ProtoUDP), ProtoType: some(w, 20, 0, 8),
			SrcPort: some(w, 6, worldPorts...), DstPort: some(w, 2, worldPorts...),
			SrcSubnet: w.subnets(3), SrcZone: some(w, 3, w.zones...),
			DstSubnet: w.subnets(3), DstZone: some(w, 3, w.zones...),
			DstIface: some(w, 6, "near", "other"), DstIfgroup: some(w, 6, 0, 7),
		})
	}
	return s
}

// router may forge the port as well.
func (w *world) router() route.Router {
	return &route.Transparent{Forge: route.Forge{Addr: w.IntN(2) == 0, Port: one(w, route.PortAny, route.PortExact)}}
}

func (w *world) flow() *rule.Flow {
	addrs := worldAddrs4
	if w.IntN(3) == 0 {
		addrs = worldAddrs6
	}
	f := &rule.Flow{
		Iface: "near", Ifgroup: 7, IfaceAddrs: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")},
		Proto: one(w, rule.ProtoTCP, rule.ProtoTCP, rule.ProtoUDP),
		Src:   netip.MustParseAddr(one(w, addrs...)), Dst: netip.MustParseAddr(one(w, addrs...)),
		SrcPort: one[uint16](w, 25, 1024, 40000), DstPort: one[uint16](w, 25, 80, 443, 26, 8080),
	}
	for f.Src == f.Dst || f.Src == f.IfaceAddrs[0] || f.Src == f.IfaceAddrs[1] {
		f.Src = netip.MustParseAddr(one(w, addrs...))
	}
	f.SrcZone, f.DstZone = w.table.Lookup(f.Src), w.table.Lookup(f.Dst)
	return f
}

// TestRulesetLoads: whatever the policy, nft takes its ruleset, and takes it again.
func TestRulesetLoads(t *testing.T) {
	elsewhere(t, func(t *testing.T) {
		for seed := range uint64(30) {
			text := newWorld(seed).ruleset().String()
			nft(t, text, "-f", "-")
			nft(t, text, "-f", "-")
		}
		if tables := nft(t, "", "list", "tables"); strings.TrimSpace(tables) != "table inet zorpgo_a_b" {
			t.Errorf("tables:\n%s", tables)
		}
	})
}

// TestLegs: only what may make both legs of a session look the same needs a zone of the connection tracking.
func TestLegs(t *testing.T) {
	for name, c := range map[string]struct {
		forge  route.Forge
		direct bool
		want   bool
	}{
		"no forging":         {route.Forge{Port: route.PortExact}, false, false},
		"any port":           {route.Forge{Addr: true, Port: route.PortAny}, false, false},
		"the client's port":  {route.Forge{Addr: true, Port: route.PortExact}, false, true},
		"a port of its kind": {route.Forge{Addr: true, Port: route.PortGroup}, false, true},
		"not intercepted":    {route.Forge{Addr: true, Port: route.PortExact}, true, false},
	} {
		s := &Ruleset{Instance: "a", Rules: []*rule.Rule{{ID: 1, Service: "mail"}}, Direct: func(*rule.Rule) bool { return c.direct },
			Services: map[string]*service.Service{"mail": {Name: "mail", Router: &route.Transparent{Forge: c.forge}}}}
		if got := strings.Contains(s.legs(), "ct zone set"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
