package lint

import (
	"fmt"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// emptyZones finds zones of a rule that no address is in, beside others that have some.
func (p *policy) emptyZones(r *rule.Rule) {
	for _, c := range []struct {
		keyword string
		zones   []*zone.Zone
	}{{"src_zone", r.SrcZone}, {"dst_zone", r.DstZone}, {"proxy_protocol_from", r.ProxiesFrom}} {
		for _, z := range c.zones {
			if p.below[z] == (has{}) && !p.wrong[z.Pos] {
				p.find(r.Pos, source.Warning, "empty-zone", fmt.Sprintf("zone %q of %s has no network, so no address is in it", z.Name, c.keyword),
					fmt.Sprintf("write addrs=[...] in Zone(%q), or leave the zone out of the rule", z.Name))
			}
		}
	}
}

// conditionsTwice finds alternatives of a rule that are listed twice.
func (p *policy) conditionsTwice(r *rule.Rule) {
	p.twice(r, "src_zone", repeated(r.SrcZone))
	p.twice(r, "dst_zone", repeated(r.DstZone))
	p.twice(r, "proxy_protocol_from", repeated(r.ProxiesFrom))
	p.twice(r, "src_subnet", repeated(r.SrcSubnet))
	p.twice(r, "dst_subnet", repeated(r.DstSubnet))
	p.twice(r, "src_iface", repeated(r.SrcIface))
	p.twice(r, "dst_iface", repeated(r.DstIface))
	p.twice(r, "src_port", repeated(r.SrcPort))
	p.twice(r, "dst_port", repeated(r.DstPort))
}

// repeated is the first of list that occurs in it again, in words; "" if none does.
func repeated[T comparable](list []T) string {
	seen := map[T]bool{}
	for _, e := range list {
		if seen[e] {
			if ports, ok := any(e).(rule.PortRange); ok && ports.Low == ports.High {
				return fmt.Sprint(ports.Low)
			} else if ok {
				return fmt.Sprintf("%d-%d", ports.Low, ports.High)
			}
			return fmt.Sprint(e)
		}
		seen[e] = true
	}
	return ""
}

func (p *policy) twice(r *rule.Rule, keyword, what string) {
	if what != "" {
		p.find(r.Pos, source.Warning, "condition-twice", fmt.Sprintf("%s has %s twice", keyword, what), "remove one of the two, or write what was meant instead")
	}
}
