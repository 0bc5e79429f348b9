package route

import (
	"net/netip"
	"slices"
	"testing"

	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

var (
	client4 = netip.MustParseAddrPort("172.16.40.10:41000")
	client6 = netip.MustParseAddrPort("[fd00:40::10]:41000")
	dest    = stream.Addr{AddrPort: netip.MustParseAddrPort("172.16.20.254:25")}
	second  = stream.Addr{AddrPort: netip.MustParseAddrPort("172.16.20.253:0")}
)

func TestTargets(t *testing.T) {
	s := &session.Session{Client: client4, ClientLocal: netip.MustParseAddrPort("172.16.40.1:25")}
	at := func(a string) []stream.Addr { return []stream.Addr{{AddrPort: netip.MustParseAddrPort(a)}} }
	for _, c := range []struct {
		name   string
		router Router
		want   []stream.Addr
		over   bool
	}{
		{"transparent", &Transparent{Overrideable: true}, at("172.16.40.1:25"), true},
		{"forced port", &Transparent{ForcedPort: 2525}, at("172.16.40.1:2525"), false},
		{"directed", &Directed{Dest: []stream.Addr{dest, second}, Overrideable: true}, []stream.Addr{dest, second}, true},
	} {
		p := c.router.Route(s)
		if !slices.Equal(p.Targets, c.want) || p.Overrideable != c.over || p.Local != (Local{}) {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}

func TestLocal(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, c := range []struct {
		name   string
		forge  Forge
		client netip.AddrPort
		want   Local
	}{
		{"nothing", Forge{Port: PortAny}, client4, Local{}},
		{"zero", Forge{}, client4, Local{}},
		{"address", Forge{true, PortAny}, client4, Local{Addr: at("172.16.40.10:0"), Forged: true}},
		{"address 6", Forge{true, PortAny}, client6, Local{Addr: at("[fd00:40::10]:0"), Forged: true}},
		{"exact", Forge{true, PortExact}, client4, Local{Addr: client4, Forged: true}},
		{"group", Forge{true, PortGroup}, client4, Local{Addr: client4, Forged: true, Loose: true}},
		{"random", Forge{true, PortRandom}, client6, Local{Addr: client6, Forged: true, Loose: true, Random: true}},
		{"number", Forge{true, 2525}, client4, Local{Addr: at("172.16.40.10:2525"), Forged: true}},
		{"port alone", Forge{false, PortExact}, client4, Local{Addr: at("0.0.0.0:41000")}},
		{"port alone 6", Forge{false, PortGroup}, client6, Local{Addr: at("[::]:41000"), Loose: true}},
		{"number alone", Forge{false, 2525}, client4, Local{Addr: at("0.0.0.0:2525")}},
	} {
		for _, r := range []Router{&Directed{Dest: []stream.Addr{dest}, Forge: c.forge}, &Transparent{Forge: c.forge}} {
			if got := r.Route(&session.Session{Client: c.client}).Local; got != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
			if r.Forging() != c.forge {
				t.Errorf("%s: Forging %+v", c.name, r.Forging())
			}
		}
	}
}

func TestPortValid(t *testing.T) {
	for p, want := range map[Port]bool{PortAny: true, PortRandom: true, -5: false, 0: false, 1: true, 65535: true, 65536: false} {
		if p.Valid() != want {
			t.Errorf("Port(%d).Valid() = %t", p, !want)
		}
	}
}
