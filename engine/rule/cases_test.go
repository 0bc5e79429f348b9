package rule

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"testing"

	"zorpgo/engine/zone"
)

// The shared cases hold Zorp's answers, but for those that name a departure.
type cases struct {
	Fixtures map[string]fixture
	Cases    []struct {
		ID, Title, Fixture, Departure string
		Rules                         []declaration
		Connections                   []connection
	}
}

type fixture struct {
	Zones []struct {
		Name, Parent string
		Addrs        []string
	}
	Interfaces []struct {
		Name  string
		Group int
		Addrs []netip.Addr
	}
}

type declaration struct {
	ID         int
	Service    string
	ReqID      []int
	SrcIface   []string `json:"src_iface"`
	SrcIfgroup []int    `json:"src_ifgroup"`
	Proto      []int
	ICMPType   []int    `json:"icmp_type"`
	ICMPCode   []int    `json:"icmp_code"`
	SrcPort    []port   `json:"src_port"`
	DstPort    []port   `json:"dst_port"`
	SrcSubnet  []string `json:"src_subnet"`
	SrcZone    []string `json:"src_zone"`
	DstSubnet  []string `json:"dst_subnet"`
	DstZone    []string `json:"dst_zone"`
	DstIface   []string `json:"dst_iface"`
	DstIfgroup []int    `json:"dst_ifgroup"`
}

type port PortRange

func (p *port) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &p.Low); err == nil {
		p.High = p.Low
		return nil
	}
	return json.Unmarshal(data, &[]any{&p.Low, &p.High})
}

type connection struct {
	Src, Dst     netip.Addr
	Proto        int
	Iface        string
	Sport, Dport uint16
	ICMPType     int `json:"icmp_type"`
	ICMPCode     int `json:"icmp_code"`
	ReqIDs       []int
	Expect       struct {
		Service    string
		RuleID     int    `json:"rule_id"`
		ClientZone string `json:"client_zone"`
		ServerZone string `json:"server_zone"`
		Score      Score
		TieWith    []int `json:"tie_with"`
	}
}

func readCases(tb testing.TB) (c cases) {
	tb.Helper()
	data, err := os.ReadFile("../../testdata/rules/cases.json")
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		tb.Fatal(err)
	}
	return c
}

func (f fixture) table(tb testing.TB) *zone.Table {
	tb.Helper()
	var zones []*zone.Zone
	named := map[string]*zone.Zone{}
	for _, d := range f.Zones {
		z := &zone.Zone{Name: d.Name, Parent: named[d.Parent], Prefixes: prefixes(tb, d.Addrs)}
		named[d.Name] = z
		zones = append(zones, z)
	}
	table, found := zone.NewTable(zones)
	if len(found) > 0 {
		tb.Fatal(found)
	}
	return table
}

func prefixes(tb testing.TB, texts []string) (list []netip.Prefix) {
	tb.Helper()
	for _, text := range texts {
		p, err := zone.ParsePrefix(text)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func zonesNamed(tb testing.TB, table *zone.Table, names []string) (list []*zone.Zone) {
	tb.Helper()
	for _, name := range names {
		z := table.ByName(name)
		if z == nil {
			tb.Fatalf("no zone %q", name)
		}
		list = append(list, z)
	}
	return list
}

func (d declaration) rule(tb testing.TB, table *zone.Table) *Rule {
	tb.Helper()
	return &Rule{
		ID: d.ID, Service: d.Service,
		ReqID: d.ReqID, SrcIface: d.SrcIface, SrcIfgroup: d.SrcIfgroup,
		Proto: d.Proto, ProtoType: d.ICMPType, ProtoSubtype: d.ICMPCode,
		SrcPort: portRanges(d.SrcPort), DstPort: portRanges(d.DstPort),
		SrcSubnet: prefixes(tb, d.SrcSubnet), SrcZone: zonesNamed(tb, table, d.SrcZone),
		DstSubnet: prefixes(tb, d.DstSubnet), DstZone: zonesNamed(tb, table, d.DstZone),
		DstIface: d.DstIface, DstIfgroup: d.DstIfgroup,
	}
}

func portRanges(ports []port) (list []PortRange) {
	for _, p := range ports {
		list = append(list, PortRange(p))
	}
	return list
}

func (c connection) flow(f fixture, table *zone.Table) *Flow {
	flow := &Flow{
		Proto: c.Proto, SrcPort: c.Sport, DstPort: c.Dport, ICMPType: c.ICMPType, ICMPCode: c.ICMPCode,
		Src: c.Src, Dst: c.Dst, SrcZone: table.Lookup(c.Src), DstZone: table.Lookup(c.Dst),
		Iface: c.Iface, ReqID: c.ReqIDs,
	}
	for _, i := range f.Interfaces {
		if i.Name == c.Iface {
			flow.Ifgroup, flow.IfaceAddrs = i.Group, i.Addrs
		}
	}
	return flow
}

func TestCases(t *testing.T) {
	all := readCases(t)
	for _, c := range all.Cases {
		t.Run(c.ID, func(t *testing.T) {
			fixture := all.Fixtures[c.Fixture]
			table := fixture.table(t)
			var rules []*Rule
			for _, d := range c.Rules {
				rules = append(rules, d.rule(t, table))
			}
			set := NewSet(rules)
			for i, conn := range c.Connections {
				flow := conn.flow(fixture, table)
				if flow.SrcZone.String() != conn.Expect.ClientZone || flow.DstZone.String() != conn.Expect.ServerZone {
					t.Errorf("connection %d: zones are %q, %q", i, flow.SrcZone, flow.DstZone)
				}
				checkWinner(t, set, flow, conn)
			}
			if t.Failed() {
				t.Logf("%s %s", c.Title, c.Departure)
			}
		})
	}
}

func checkWinner(t *testing.T, set *Set, flow *Flow, conn connection) {
	t.Helper()
	want := conn.Expect
	winner := set.Lookup(flow)
	if winner == nil {
		if want.RuleID != 0 {
			t.Errorf("%+v: no rule, want %d (%s)", flow, want.RuleID, want.Service)
		}
		return
	}
	if winner.ID != want.RuleID || winner.Service != want.Service {
		t.Errorf("%+v: rule %d (%s), want %d (%s)", flow, winner.ID, winner.Service, want.RuleID, want.Service)
	}
	score, _ := winner.Score(flow)
	if score != want.Score {
		t.Errorf("%+v: score %v, want %v", flow, score, want.Score)
	}
	var ties []int
	for _, r := range set.All() {
		if s, ok := r.Score(flow); ok && s == score && r != winner {
			ties = append(ties, r.ID)
		}
	}
	if !slices.Equal(ties, want.TieWith) {
		t.Errorf("%+v: ties with %v, want %v", flow, ties, want.TieWith)
	}
}

// TestDepartures names what differs from Zorp, so that a change of it is no accident.
func TestDepartures(t *testing.T) {
	want := map[string]string{
		"R023": "of overlapping port entries the most specific one counts; in Zorp the one with the lowest bound",
		"R093": "protocol is compared before ICMP type; in Zorp the lower id stays",
		"R094": "protocol is compared before ICMP code; in Zorp the lower id stays",
		"R095": "ICMP type is compared before ICMP code; in Zorp the lower id stays",
	}
	all := readCases(t)
	if len(all.Cases) != 106 {
		t.Errorf("%d cases, want 106", len(all.Cases))
	}
	for _, c := range all.Cases {
		if c.Departure != want[c.ID] {
			t.Errorf("%s: departure %q, want %q", c.ID, c.Departure, want[c.ID])
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		t.Errorf("cases are missing: %v", want)
	}
}
