package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// unreachable reports and finds a rule that no connection can meet.
func (p *policy) unreachable(r *rule.Rule) bool {
	for _, end := range p.ends(r) {
		if end.limited && len(end.networks) == 0 {
			p.find(r.Pos, source.Warning, "unreachable-rule",
				fmt.Sprintf("no connection can reach this rule: no zone of its %s has a network", end.keyword),
				"give the zone addrs=[...], or a child zone that has some")
			return true
		}
	}
	if len(p.families(r)) == 0 {
		p.find(r.Pos, source.Warning, "unreachable-rule",
			"no connection can reach this rule: source and destination have no address family in common",
			"name networks of the same family, IPv4 or IPv6, on both ends")
		return true
	}
	return p.shadowed(r)
}

func (p *policy) shadowed(r *rule.Rule) bool {
	for _, o := range p.rules() {
		if !o.Shadows(r) {
			continue
		}
		p.find(r.Pos, source.Warning, "unreachable-rule",
			fmt.Sprintf("no connection can reach this rule: the rule at %s matches the same ones and is preferred", o.Pos),
			"the most specific rule wins, of equal ones the first: make this one more specific, or remove it")
		return true
	}
	return false
}

// end is one end of the connections that a rule matches.
type end struct {
	keyword  string // of the zones
	limited  bool   // the rule has conditions on it that are made of networks only
	networks []netip.Prefix
}

func (p *policy) ends(r *rule.Rule) [2]end {
	onInterface := len(r.DstIface)+len(r.DstIfgroup) > 0
	return [2]end{
		{"src_zone", len(r.SrcSubnet)+len(r.SrcZone) > 0, p.networks(r.SrcSubnet, r.SrcZone)},
		{"dst_zone", len(r.DstSubnet)+len(r.DstZone) > 0 && !onInterface, p.networks(r.DstSubnet, r.DstZone)},
	}
}

// networks are subnets and those of zones and of the zones below them.
func (p *policy) networks(subnets []netip.Prefix, zones []*zone.Zone) []netip.Prefix {
	all := slices.Clone(subnets)
	for _, below := range p.Zones.All() {
		if slices.ContainsFunc(zones, func(z *zone.Zone) bool { return below.Within(z.Name) }) {
			all = append(all, below.Prefixes...)
		}
	}
	return all
}

// families are those of the connections that r can match.
func (p *policy) families(r *rule.Rule) (families []stream.Family) {
	for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
		possible := true
		for _, end := range p.ends(r) {
			possible = possible && (!end.limited || slices.ContainsFunc(end.networks, func(n netip.Prefix) bool {
				return stream.FamilyOf(n.Addr()) == f
			}))
		}
		if possible {
			families = append(families, f)
		}
	}
	return families
}
