package rule

import (
	"fmt"
	"net/netip"
	"testing"

	"zorpgo/engine/zone"
)

func TestMismatch(t *testing.T) {
	intra, dmz := &zone.Zone{Name: "intra"}, &zone.Zone{Name: "dmz"}
	net10 := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	flow := Flow{
		Iface: "eth0", Ifgroup: 1, Proto: ProtoTCP, SrcPort: 40000, DstPort: 25,
		Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), SrcZone: dmz,
	}
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, ""},
		{Rule{DstPort: []PortRange{{25, 25}}, SrcZone: []*zone.Zone{intra, dmz}}, ""},
		{Rule{ReqID: []int{1}}, "reqid"},
		{Rule{SrcIface: []string{"eth1"}, SrcIfgroup: []int{2}}, "src_iface, src_ifgroup"},
		{Rule{Proto: []int{ProtoUDP}, DstPort: []PortRange{{26, 26}}}, "proto"},
		{Rule{ProtoType: []int{0}}, "proto_type"},
		{Rule{ProtoSubtype: []int{0}}, "proto_subtype"},
		{Rule{SrcPort: []PortRange{{1, 1024}}}, "src_port"},
		{Rule{DstPort: []PortRange{{80, 80}}, SrcZone: []*zone.Zone{intra}}, "dst_port"},
		{Rule{SrcZone: []*zone.Zone{intra}}, "src_zone"},
		{Rule{SrcSubnet: net10, SrcZone: []*zone.Zone{intra}}, "src_subnet, src_zone"},
		{Rule{DstSubnet: net10}, "dst_subnet"},
		{Rule{DstZone: []*zone.Zone{dmz}}, "dst_zone"},
		{Rule{DstIface: []string{"eth0"}, DstIfgroup: []int{1}}, "dst_iface, dst_ifgroup"},
	} {
		if got := c.rule.Mismatch(&flow); got != c.want {
			t.Errorf("%+v: mismatch %q, want %q", c.rule, got, c.want)
		}
	}
}

func TestShadows(t *testing.T) {
	intra := &zone.Zone{Name: "intra"}
	it := &zone.Zone{Name: "intra.it", Parent: intra}
	nets := func(texts ...string) []netip.Prefix { return prefixes(t, texts) }
	port25, low := []PortRange{{25, 25}}, []PortRange{{1, 1024}}
	for _, c := range []struct {
		title string
		r, o  Rule
		want  bool
	}{
		{"the same", Rule{ID: 1, DstPort: port25}, Rule{ID: 2, DstPort: port25}, true},
		{"the same, higher id", Rule{ID: 2, DstPort: port25}, Rule{ID: 1, DstPort: port25}, false},
		{"no conditions", Rule{ID: 1}, Rule{ID: 2}, true},
		{"more ports", Rule{ID: 1, DstPort: []PortRange{{25, 25}, {587, 587}}}, Rule{ID: 2, DstPort: port25}, true},
		{"range over port", Rule{ID: 1, DstPort: low}, Rule{ID: 2, DstPort: port25}, false},
		{"range over range", Rule{ID: 1, DstPort: low}, Rule{ID: 2, DstPort: []PortRange{{20, 30}}}, true},
		{"parent zone", Rule{ID: 1, SrcZone: []*zone.Zone{intra}}, Rule{ID: 2, SrcZone: []*zone.Zone{it}}, false},
		{"fewer zones", Rule{ID: 1, SrcZone: []*zone.Zone{it}}, Rule{ID: 2, SrcZone: []*zone.Zone{it, intra}}, false},
		{"everywhere over zone", Rule{ID: 2, SrcSubnet: nets("0.0.0.0/0", "::/0")}, Rule{ID: 1, SrcZone: []*zone.Zone{it}}, true},
		{"everywhere over nothing", Rule{ID: 2, SrcSubnet: nets("0.0.0.0/0", "::/0")}, Rule{ID: 1}, true},
		{"one family over zone", Rule{ID: 1, SrcSubnet: nets("0.0.0.0/0")}, Rule{ID: 2, SrcZone: []*zone.Zone{it}}, false},
		{"an earlier dimension decides", Rule{ID: 2, SrcSubnet: nets("0.0.0.0/0", "::/0"), DstSubnet: nets("10.0.0.0/8")},
			Rule{ID: 1, SrcZone: []*zone.Zone{it}, DstSubnet: nets("10.1.0.0/16")}, true},
		{"host bits", Rule{ID: 1, DstSubnet: nets("10.1.2.3/8")}, Rule{ID: 2, DstSubnet: nets("10.0.0.0/8")}, true},
		{"condition more", Rule{ID: 1, Proto: []int{ProtoTCP}, DstPort: port25}, Rule{ID: 2, DstPort: port25}, false},
		{"condition less", Rule{ID: 1, DstPort: port25}, Rule{ID: 2, Proto: []int{ProtoTCP}, DstPort: port25}, false},
	} {
		if got := c.r.Shadows(&c.o); got != c.want {
			t.Errorf("%s: %v", c.title, got)
		}
	}
	if r := (&Rule{ID: 1}); r.Shadows(r) {
		t.Error("a rule shadows itself")
	}
}

func TestNoSet(t *testing.T) {
	var none *Set
	if none.Lookup(&Flow{}) != nil || none.All() != nil {
		t.Error("a nil set has rules")
	}
}

// office is a policy of n rules as a large site has them: mail and web services, each between some zone of clients
// and a host or zone of servers, on top of some rules for all.
func office(tb testing.TB, n int) (*Set, []*Flow) {
	tb.Helper()
	parent := &zone.Zone{Name: "intra", Prefixes: prefixes(tb, []string{"10.0.0.0/8"})}
	zones := []*zone.Zone{parent}
	for i := range 600 {
		z := &zone.Zone{Name: fmt.Sprint("zone", i), Parent: parent}
		z.Prefixes = prefixes(tb, []string{fmt.Sprintf("10.%d.%d.0/24", i/200, i%200)})
		zones = append(zones, z)
	}
	table, found := zone.NewTable(zones)
	if len(found) > 0 {
		tb.Fatal(found)
	}
	rules := []*Rule{{ID: 1, Service: "deny"}, {ID: 2, DstPort: []PortRange{{80, 80}}, SrcZone: []*zone.Zone{parent}}}
	ports := []uint16{25, 80, 443, 465, 587, 993, 22, 21, 3128, 8080}
	for i := 3; i <= n; i++ {
		p := ports[i/600%len(ports)]
		r := &Rule{ID: i, Proto: []int{ProtoTCP}, DstPort: []PortRange{{p, p}}, SrcZone: []*zone.Zone{zones[1+i*7%600]}}
		if i%3 == 0 {
			r.DstZone = []*zone.Zone{zones[1+i*13%600]}
		} else {
			r.DstSubnet = prefixes(tb, []string{fmt.Sprintf("172.16.%d.%d", i/6000%16, i%250)})
		}
		rules = append(rules, r)
	}
	var flows []*Flow
	for i := range 512 {
		r := rules[i*37%n] // the first two match anything
		f := &Flow{Proto: ProtoTCP, SrcPort: 40000, DstPort: ports[i%len(ports)], Src: host(r.SrcZone, nil), Dst: host(r.DstZone, r.DstSubnet)}
		if i%4 != 0 && len(r.DstPort) > 0 {
			f.DstPort = r.DstPort[0].Low
		}
		f.SrcZone, f.DstZone = table.Lookup(f.Src), table.Lookup(f.Dst)
		flows = append(flows, f)
	}
	return NewSet(rules), flows
}

// host is an address of the first zone or subnet.
func host(zones []*zone.Zone, subnets []netip.Prefix) netip.Addr {
	for _, z := range zones {
		subnets = append(subnets, z.Prefixes...)
	}
	if len(subnets) == 0 {
		return netip.MustParseAddr("8.8.8.8")
	}
	return subnets[0].Addr()
}

func TestOffice(t *testing.T) {
	set, flows := office(t, 5_000)
	specific := 0
	for _, f := range flows {
		got := set.Lookup(f)
		if want := scan(set, f); got != want {
			t.Errorf("%+v: got %+v, want %+v", f, got, want)
		}
		if got.ID > 2 {
			specific++
		}
	}
	if specific < len(flows)/2 {
		t.Errorf("only %d of %d flows meet a rule of their own", specific, len(flows))
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	set, flows := office(t, 2000)
	n := testing.AllocsPerRun(20, func() {
		for _, f := range flows {
			set.Lookup(f)
		}
		f := *flows[0]
		if r := set.Lookup(&f); r != nil {
			r.Score(&f)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	set, flows := office(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		set.Lookup(flows[i%len(flows)])
	}
}

// BenchmarkLookupPairs has the least helpful policy for an index: 100 zones of clients by 100 zones of servers.
func BenchmarkLookupPairs(b *testing.B) {
	var zones []*zone.Zone
	for i := range 100 {
		zones = append(zones, &zone.Zone{Name: fmt.Sprint("zone", i)})
	}
	var rules []*Rule
	for i := range 10_000 {
		rules = append(rules, &Rule{
			ID: i + 1, DstPort: []PortRange{{25, 25}},
			SrcZone: zones[i/100 : i/100+1], DstZone: zones[i%100 : i%100+1],
		})
	}
	set, f := NewSet(rules), &Flow{Proto: ProtoTCP, DstPort: 25, SrcZone: zones[31], DstZone: zones[64]}
	b.ReportAllocs()
	for b.Loop() {
		if set.Lookup(f) == nil {
			b.Fatal("no rule")
		}
	}
}
