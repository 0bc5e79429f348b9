package lint

import (
	"net/netip"
	"strings"
	"testing"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// asking is a translation that only a session decides on.
type asking struct{ nat.NAT }

func (asking) TranslateFor(*session.Session, nat.Pair, nat.Mode) (netip.AddrPort, bool, error) {
	return netip.AddrPort{}, false, nil
}

func TestTranslationFamilies(t *testing.T) {
	four, _ := nat.NewNAT64(96)
	six, _ := nat.NewNAT46(netip.MustParseAddr("64:ff9b::"), netip.IPv6Unspecified(), 96)
	static := func(at string) nat.NAT { return &nat.Static{To: netip.MustParseAddrPort(at)} }
	for i, c := range []struct {
		snat, dnat nat.NAT
		forge      bool
		to         string
		stuck      string // families of clients and a part of why
	}{
		{six, six, false, "192.0.2.1:25", "IPv6 has no translation for them"},
		{four, four, false, "[64:ff9b::1]:25", "IPv4 has no translation for them"},
		{four, nil, false, "192.0.2.1:25", "IPv4 has no translation for them"},
		{four, nil, false, "[64:ff9b::1]:25", "IPv4 has no translation for them; IPv6 from an IPv4 address and go to an IPv6 address"},
		{static("[fd00::1]:0"), nil, false, "192.0.2.1:25", "IPv4 from an IPv6 address and go to an IPv4; IPv6 from an IPv6"},
		{static("10.0.0.1:0"), nil, true, "192.0.2.1:25", ""},
		{nil, four, true, "192.0.2.1:25", "IPv4 no translation for its servers; IPv6 no translation for its servers"},
		{nil, four, false, "192.0.2.1:25", ""}, // of this host's address, as the kernel chooses; said when it is tried
		{&nat.General{}, nil, true, "192.0.2.1:25", "IPv6 from an IPv6 address and go to an IPv4"},
		{&nat.General{}, nil, false, "192.0.2.1:25", ""},
		{nat.ForgeClient{}, static("[fd00::1]:25"), false, "192.0.2.1:25", "IPv4 from an IPv4 address and go to an IPv6"},
		{asking{}, nil, true, "192.0.2.1:25", ""},
		{nat.ForgeClient{}, asking{}, false, "192.0.2.1:25", ""},
	} {
		s := &service.Service{Name: "s", Router: &route.Directed{
			Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(c.to)}}, Forge: route.Forge{Addr: c.forge, Port: route.PortAny}}}
		if c.snat != nil {
			s.SNAT = &nat.Policy{Name: "s", NAT: c.snat}
		}
		if c.dnat != nil {
			s.DNAT = &nat.Policy{Name: "d", NAT: c.dnat}
		}
		for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
			want := ""
			for part := range strings.SplitSeq(c.stuck, "; ") {
				if rest, ok := strings.CutPrefix(part, f.String()+" "); ok {
					want = rest
				}
			}
			if got := stuckBy(s, f); !strings.Contains(got, want) || (got == "") != (want == "") {
				t.Errorf("%d, %s clients: %q, want %q", i, f, got, want)
			}
		}
	}
}
