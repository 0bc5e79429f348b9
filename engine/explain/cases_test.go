package explain

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"testing"

	"zorpgo/engine/rule"
	"zorpgo/engine/zone"
)

// The shared cases of package rule, as far as they can be told by an Answer.
type cases struct {
	Fixtures map[string]struct {
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
	Cases []struct {
		ID, Fixture string
		Rules       []map[string]any
		Connections []struct {
			Src, Dst     netip.Addr
			Proto        int
			Iface        string
			Sport, Dport uint16
			ICMPType     int `json:"icmp_type"`
			ICMPCode     int `json:"icmp_code"`
			ReqIDs       []int
			Expect       struct {
				RuleID  int `json:"rule_id"`
				Score   rule.Score
				TieWith []int `json:"tie_with"`
			}
		}
	}
}

func readCases(t *testing.T) (c cases) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/rules/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil || len(c.Cases) < 100 {
		t.Fatal(err, len(c.Cases))
	}
	return c
}

func (c *cases) zones(t *testing.T, fixture string) *zone.Table {
	t.Helper()
	var zones []*zone.Zone
	named := map[string]*zone.Zone{}
	for _, d := range c.Fixtures[fixture].Zones {
		named[d.Name] = &zone.Zone{Name: d.Name, Parent: named[d.Parent], Prefixes: networks(d.Addrs...)}
		zones = append(zones, named[d.Name])
	}
	table, found := zone.NewTable(zones)
	if len(found) > 0 {
		t.Fatal(found)
	}
	return table
}

// list reads a condition's entries; JSON's numbers are float64.
func list[From, To any](d map[string]any, keyword string, read func(From) To) (entries []To) {
	values, _ := d[keyword].([]any)
	for _, v := range values {
		entries = append(entries, read(v.(From)))
	}
	return entries
}

func number(n float64) int { return int(n) }
func text(s string) string { return s }
func network(s string) netip.Prefix {
	p, err := zone.ParsePrefix(s)
	if err != nil {
		panic(err)
	}
	return p
}

func networks(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, network(s))
	}
	return all
}

func port(v any) rule.PortRange {
	if pair, ok := v.([]any); ok {
		return rule.PortRange{Low: uint16(pair[0].(float64)), High: uint16(pair[1].(float64))}
	}
	return rule.PortRange{Low: uint16(v.(float64)), High: uint16(v.(float64))}
}

func ruleOf(d map[string]any, zones *zone.Table) *rule.Rule {
	return &rule.Rule{
		ID: number(d["id"].(float64)), Service: d["service"].(string),
		ReqID: list(d, "reqid", number), SrcIface: list(d, "src_iface", text), SrcIfgroup: list(d, "src_ifgroup", number),
		Proto: list(d, "proto", number), ProtoType: list(d, "icmp_type", number), ProtoSubtype: list(d, "icmp_code", number),
		SrcPort: list(d, "src_port", port), DstPort: list(d, "dst_port", port),
		SrcSubnet: list(d, "src_subnet", network), SrcZone: list(d, "src_zone", zones.ByName),
		DstSubnet: list(d, "dst_subnet", network), DstZone: list(d, "dst_zone", zones.ByName),
		DstIface: list(d, "dst_iface", text), DstIfgroup: list(d, "dst_ifgroup", number),
	}
}

// TestCases has every shared case explained: the expected winner with its score and its ties, each rule told once.
func TestCases(t *testing.T) {
	all := readCases(t)
	ties := 0
	for _, c := range all.Cases {
		zones := all.zones(t, c.Fixture)
		var rules []*rule.Rule
		for _, d := range c.Rules {
			rules = append(rules, ruleOf(d, zones))
		}
		for _, conn := range c.Connections {
			f := &rule.Flow{Proto: conn.Proto, SrcPort: conn.Sport, DstPort: conn.Dport, ICMPType: conn.ICMPType, ICMPCode: conn.ICMPCode,
				Src: conn.Src, Dst: conn.Dst, SrcZone: zones.Lookup(conn.Src), DstZone: zones.Lookup(conn.Dst), Iface: conn.Iface, ReqID: conn.ReqIDs}
			for _, i := range all.Fixtures[c.Fixture].Interfaces {
				if i.Name == conn.Iface {
					f.Ifgroup, f.IfaceAddrs = i.Group, i.Addrs
				}
			}
			a := &Answer{}
			a.judge(rules, f)
			checkAgreement(t, a, rules, f)
			want := conn.Expect
			if a.Winner == nil {
				if want.RuleID != 0 {
					t.Errorf("%s: no winner, want %d", c.ID, want.RuleID)
				}
				continue
			}
			ties += len(want.TieWith)
			if a.Winner.ID != want.RuleID || a.Winner.Score != want.Score || !slices.Equal(a.Winner.TieWith, want.TieWith) {
				t.Errorf("%s: %+v, want %+v", c.ID, a.Winner, want)
			}
		}
	}
	if ties == 0 {
		t.Error("no case has a tie")
	}
}
