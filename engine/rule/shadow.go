package rule

import (
	"net/netip"
	"slices"

	"zorpgo/engine/zone"
)

// Shadows reports whether o can never win because of r: r matches every connection that o matches and is preferred
// each time. False means "not certain": conditions are compared one by one, not counted out together.
func (r *Rule) Shadows(o *Rule) bool {
	if r == o || r.Listener != nil { // what listeners add is not compared
		return false
	}
	decided := false // a dimension before this one prefers r for certain
	for d := range (Score{}) {
		c := r.against(o, d)
		if c == unsure || c == matches && !decided {
			return false
		}
		decided = decided || c == above
	}
	return decided || r.ID < o.ID
}

// comparison is what is certain of r in one dimension, for each connection that o matches.
type comparison int

const (
	unsure  comparison = iota
	matches            // r matches as well
	atLeast            // and its score is at least that of o
	above              // and its score is greater
)

func (r *Rule) against(o *Rule, d int) comparison {
	mine, others := r.has(d), o.has(d)
	switch {
	case !mine && others:
		return matches
	case !mine:
		return atLeast
	case d == src:
		return r.source().against(o.source())
	case d == dst:
		return r.destination().against(o.destination())
	case !others:
		return unsure
	}
	return r.listAgainst(o, d)
}

// listAgainst compares a dimension without addresses, in which both rules have conditions.
func (r *Rule) listAgainst(o *Rule, d int) comparison {
	switch d {
	case iface:
		return equalIf(superset(r.ReqID, o.ReqID) && superset(r.SrcIface, o.SrcIface) && superset(r.SrcIfgroup, o.SrcIfgroup))
	case proto:
		return equalIf(superset(r.Proto, o.Proto))
	case protoType:
		return equalIf(superset(r.ProtoType, o.ProtoType))
	case protoSubtype:
		return equalIf(superset(r.ProtoSubtype, o.ProtoSubtype))
	case srcPort:
		return portsAgainst(r.SrcPort, o.SrcPort)
	}
	return portsAgainst(r.DstPort, o.DstPort)
}

func equalIf(certain bool) comparison {
	if certain {
		return atLeast
	}
	return unsure
}

func portsAgainst(list, others []PortRange) comparison {
	c := atLeast
	for _, o := range others {
		covers := func(p PortRange) bool { return p.Low <= o.Low && o.High <= p.High }
		switch {
		case !slices.ContainsFunc(list, covers):
			return unsure
		case o.single() && !slices.Contains(list, o):
			c = matches
		}
	}
	return c
}

// end is the alternatives of one dimension of addresses.
type end struct {
	subnets []netip.Prefix
	zones   []*zone.Zone
	ifaces  []string
	groups  []int
}

func (r *Rule) source() end      { return end{r.SrcSubnet, r.SrcZone, nil, nil} }
func (r *Rule) destination() end { return end{r.DstSubnet, r.DstZone, r.DstIface, r.DstIfgroup} }

func (e end) against(o end) comparison {
	everywhere := e.coversSubnet(netip.PrefixFrom(netip.IPv4Unspecified(), 0)) &&
		e.coversSubnet(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
	interfaces := superset(e.ifaces, o.ifaces) && superset(e.groups, o.groups)
	switch {
	case everywhere && len(o.subnets) == 0:
		return above // any subnet scores higher than zones and interfaces together
	case o.empty():
		return unsure
	case interfaces && all(o.subnets, e.hasSubnet) && superset(e.zones, o.zones):
		return atLeast
	case everywhere, interfaces && all(o.subnets, e.coversSubnet) && all(o.zones, e.coversZone):
		return matches
	}
	return unsure
}

func (e end) empty() bool { return len(e.subnets)+len(e.zones)+len(e.ifaces)+len(e.groups) == 0 }

func (e end) hasSubnet(p netip.Prefix) bool {
	return slices.ContainsFunc(e.subnets, func(m netip.Prefix) bool { return m.Masked() == p.Masked() })
}

func (e end) coversSubnet(p netip.Prefix) bool {
	return slices.ContainsFunc(e.subnets, func(m netip.Prefix) bool { return m.Bits() <= p.Bits() && m.Contains(p.Addr()) })
}

func (e end) coversZone(z *zone.Zone) bool {
	for ; z != nil; z = z.Parent {
		if slices.Contains(e.zones, z) {
			return true
		}
	}
	return false
}

func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !holds(v) })
}

// superset reports whether list has all of others.
func superset[T comparable](list, others []T) bool {
	return all(others, func(o T) bool { return slices.Contains(list, o) })
}
