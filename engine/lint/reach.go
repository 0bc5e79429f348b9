package lint

import (
	"fmt"
	"net/netip"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// unreachable reports and finds a rule that no connection can meet.
func (p *policy) unreachable(r *rule.Rule) bool {
	for _, end := range p.ends(r) {
		if end.limited && end.has == (has{}) {
			p.find(r.Pos, source.Warning, "unreachable-rule",
				fmt.Sprintf("no connection can reach this rule: no zone of its %s has a network", end.keyword),
				"give the zone addrs=[...], or a child zone that has some")
			return true
		}
	}
	if len(r.ProxiesFrom) == 0 && len(p.families(r)) == 0 {
		p.find(r.Pos, source.Warning, "unreachable-rule",
			"no connection can reach this rule: source and destination have no address family in common",
			"name networks of the same family, IPv4 or IPv6, on both ends")
		return true
	}
	return p.shadowed(r)
}

func (p *policy) shadowed(r *rule.Rule) bool {
	o := p.set.Shadowing(r)
	if o == nil {
		return false
	}
	p.find(r.Pos, source.Warning, "unreachable-rule",
		fmt.Sprintf("no connection can reach this rule: the rule at %s matches the same ones and is preferred", o.Pos),
		"the most specific rule wins, of equal ones the first: make this one more specific, or remove it")
	return true
}

// has says of which families there are networks.
type has struct{ ipv4, ipv6 bool }

func (h has) of(f stream.Family) bool {
	return f == stream.IPv4 && h.ipv4 || f == stream.IPv6 && h.ipv6
}

func (h has) with(o has) has { return has{h.ipv4 || o.ipv4, h.ipv6 || o.ipv6} }

func familiesOf(networks []netip.Prefix) (h has) {
	for _, n := range networks {
		v4 := stream.FamilyOf(n.Addr()) == stream.IPv4
		h = h.with(has{v4, !v4})
	}
	return h
}

// families are those of each zone's networks, the zones below it included.
func families(zones *zone.Table) map[*zone.Zone]has {
	m := map[*zone.Zone]has{}
	for _, z := range zones.All() {
		own := familiesOf(z.Prefixes)
		m[z] = m[z].with(own)
		for above := range z.Ancestors() {
			m[above] = m[above].with(own)
		}
	}
	return m
}

// end is one end of the connections that a rule matches.
type end struct {
	keyword string // of the zones
	limited bool   // the rule has conditions on it that are made of networks only
	has     has    // the families of these
}

func (p *policy) ends(r *rule.Rule) [2]end {
	onInterface := len(r.DstIface)+len(r.DstIfgroup) > 0
	return [2]end{
		{"src_zone", len(r.SrcSubnet)+len(r.SrcZone) > 0, p.networks(r.SrcSubnet, r.SrcZone)},
		{"dst_zone", len(r.DstSubnet)+len(r.DstZone) > 0 && !onInterface, p.networks(r.DstSubnet, r.DstZone)},
	}
}

// networks are the families of subnets and of the networks of zones and of the zones below them.
func (p *policy) networks(subnets []netip.Prefix, zones []*zone.Zone) has {
	h := familiesOf(subnets)
	for _, z := range zones {
		h = h.with(p.below[z])
	}
	return h
}

// families are those of the connections that r can match.
func (p *policy) families(r *rule.Rule) (families []stream.Family) {
	for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
		possible := true
		for _, end := range p.ends(r) {
			possible = possible && (!end.limited || end.has.of(f))
		}
		if possible {
			families = append(families, f)
		}
	}
	return families
}
