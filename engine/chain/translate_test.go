package chain

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

func mapping(src, dst, to string) *nat.Policy {
	m, err := nat.NewMapping([]netip.Prefix{netip.MustParsePrefix(src), netip.MustParsePrefix(dst), netip.MustParsePrefix(to)})
	if err != nil {
		panic(err)
	}
	return &nat.Policy{Name: "shift", NAT: &nat.General{Mappings: []nat.Mapping{m}}}
}

func static(to string) *nat.Policy {
	return &nat.Policy{Name: "static", NAT: &nat.Static{To: netip.MustParseAddrPort(to)}}
}

func TestTranslation(t *testing.T) {
	addr := netip.MustParseAddrPort
	forged := route.Local{Addr: addr("172.16.40.10:0"), Forged: true}
	exact := route.Local{Addr: addr("172.16.40.10:41000"), Forged: true}
	port := route.Local{Addr: addr("0.0.0.0:2525"), Loose: true}
	clients := mapping("172.16.40.0/24", "0.0.0.0/0", "172.16.20.0/24")
	servers := mapping("172.16.40.0/24", "192.0.2.0/24", "172.16.20.0/24")
	others := mapping("10.0.0.0/8", "0.0.0.0/0", "172.16.20.0/24")
	for _, c := range []struct {
		name       string
		local      route.Local
		snat, dnat *nat.Policy
		target     string
		from       route.Local
		to         string
	}{
		{"source", route.Local{}, clients, nil, "192.0.2.7:25", route.Local{Addr: addr("172.16.20.10:0"), Translated: true}, "192.0.2.7:25"},
		{"source, the client's port", exact, clients, nil, "192.0.2.7:25", route.Local{Addr: addr("172.16.20.10:41000"), Translated: true}, "192.0.2.7:25"},
		{"source, a port of a group", port, clients, nil, "192.0.2.7:25",
			route.Local{Addr: addr("172.16.20.10:2525"), Translated: true, Loose: true}, "192.0.2.7:25"},
		{"source without mapping", route.Local{}, others, nil, "192.0.2.7:25", route.Local{}, "192.0.2.7:25"},
		{"source without mapping, forged", forged, others, nil, "192.0.2.7:25", forged, "192.0.2.7:25"},
		{"source without mapping, wanted port", port, others, nil, "192.0.2.7:25", route.Local{}, "192.0.2.7:25"},
		{"destination", route.Local{}, nil, servers, "192.0.2.7:25", route.Local{}, "172.16.20.7:25"},
		// Zorp does not compare the source network of a mapping if nothing is forged; zorpgo takes the client's address
		{"destination, source network of others", route.Local{}, nil, others, "192.0.2.7:25", route.Local{}, "192.0.2.7:25"},
		{"destination, wanted port", port, nil, servers, "192.0.2.7:25", port, "172.16.20.7:25"},
		{"both see the untranslated pair", forged, clients, servers, "192.0.2.7:25",
			route.Local{Addr: addr("172.16.20.10:0"), Translated: true}, "172.16.20.7:25"},
		{"port 0 before", route.Local{}, nil, servers, "192.0.2.7:0", route.Local{}, "172.16.20.7:25"},
		{"port 0 after", route.Local{}, nil, static("172.16.20.9:0"), "192.0.2.7:2525", route.Local{}, "172.16.20.9:25"},
		{"port of the class", route.Local{}, nil, static("172.16.20.9:2500"), "192.0.2.7:25", route.Local{}, "172.16.20.9:2500"},
		{"mapped target", route.Local{}, nil, servers, "[::ffff:192.0.2.7]:25", route.Local{}, "172.16.20.7:25"},
	} {
		var log strings.Builder
		s, d := newSession(t, &log), &dialer{}
		p := route.Plan{Targets: []stream.Addr{at(c.target)}, Local: c.local, SNAT: c.snat, DNAT: c.dnat}
		conn, err := (&Connect{}).Connect(t.Context(), d.dial, s, p)
		if err != nil {
			t.Error(c.name, err)
			continue
		}
		conn.Close()
		if d.to.String() != c.to || s.Server != d.to || d.from != c.from {
			t.Errorf("%s: dialled %s from %+v, want %s from %+v", c.name, d.to, d.from, c.to, c.from)
		}
	}
}

func TestTranslationFails(t *testing.T) {
	unknown := &nat.Policy{Name: "table", NAT: &nat.Hash{Reject: true}}
	family := &nat.Policy{Name: "six", NAT: &nat.NAT64{}}
	for _, c := range []struct {
		plan    route.Plan
		verdict session.Verdict
		want    string
	}{
		{route.Plan{SNAT: unknown}, session.DeniedByPolicy, `snat_policy "table": 172.16.40.10 has no translation: refused by policy`},
		{route.Plan{DNAT: unknown}, session.DeniedByPolicy, `dnat_policy "table": 192.0.2.1 has no translation: refused by policy`},
		{route.Plan{DNAT: family}, session.DeniedByUnknownFail, `dnat_policy "six": NAT64 wants an IPv6 address, not 192.0.2.1`},
		{route.Plan{DNAT: static("172.16.9.9:25"), Zones: []string{"servers"}}, session.DeniedByPolicy,
			`the server 172.16.9.9:25 is in zone "inside", the service is limited to ["servers"]`},
		{route.Plan{DNAT: static("172.16.40.1:25")}, session.DeniedByConnectionFail,
			"the target 172.16.40.1:25 is the listener that the client connected to: give the service a DirectedRouter"},
	} {
		var log strings.Builder
		s, d := newSession(t, &log), &dialer{err: errors.New("was dialled")}
		c.plan.Targets = []stream.Addr{at("192.0.2.1:25")}
		if _, err := (&Connect{}).Connect(t.Context(), d.dial, s, c.plan); err == nil || err.Error() != c.want || s.Verdict != c.verdict {
			t.Errorf("%v, %s; want %s", err, s.Verdict, c.want)
		}
	}
}

// A limit to zones counts for where the connection really goes.
func TestZoneLimitSeesTranslatedTarget(t *testing.T) {
	var log strings.Builder
	s, d := newSession(t, &log), &dialer{}
	conn, err := (&Connect{}).Connect(t.Context(), d.dial, s, route.Plan{
		Targets: []stream.Addr{at("192.0.2.1:25")}, DNAT: static("172.16.20.9:25"), Zones: []string{"servers"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestUnixTargetIsNotTranslated(t *testing.T) {
	var log strings.Builder
	s, d := newSession(t, &log), &dialer{}
	conn, err := (&Connect{}).Connect(t.Context(), d.dial, s, route.Plan{
		Targets: []stream.Addr{{Path: "/run/mail"}}, SNAT: static("172.16.20.9:0"), DNAT: static("172.16.20.9:25")})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if d.to.Path != "/run/mail" {
		t.Errorf("dialled %s", d.to)
	}
}
