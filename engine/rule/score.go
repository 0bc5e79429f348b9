package rule

import (
	"net/netip"
	"slices"

	"zorpgo/engine/zone"
)

// Score says how specific a matching rule is for a flow, one number per dimension: incoming interface, protocol,
// ICMP type, ICMP code, source port, destination port, source, destination.
type Score [8]int

// Compare is positive if s is the more specific score, negative if o is, 0 if they are equal.
// The first dimension that differs decides.
func (s *Score) Compare(o *Score) int {
	for d := range s {
		if s[d] != o[d] {
			return s[d] - o[d]
		}
	}
	return 0
}

// noMatch is a score below every match, which is 0 where a rule has no condition.
const noMatch = -1

// Score is how specific r is for f, and false if r does not match f.
func (r *Rule) Score(f *Flow) (s Score, ok bool) {
	for d := len(s) - 1; d >= 0; d-- { // the last ones fail most often
		if s[d] = r.dimension(d, f); s[d] == noMatch {
			return Score{}, false
		}
	}
	return s, true
}

func (r *Rule) dimension(d int, f *Flow) int {
	switch d {
	case iface:
		return r.ifaceScore(f)
	case proto:
		return listScore(r.Proto, f.Proto, true)
	case protoType:
		return listScore(r.ProtoType, f.ICMPType, f.isICMP())
	case protoSubtype:
		return listScore(r.ProtoSubtype, f.ICMPCode, f.isICMP())
	case srcPort:
		return portScore(r.SrcPort, f.SrcPort)
	case dstPort:
		return portScore(r.DstPort, f.DstPort)
	case src:
		return r.srcScore(f)
	default:
		return r.dstScore(f)
	}
}

func (f *Flow) isICMP() bool { return f.Proto == ProtoICMP || f.Proto == ProtoICMPv6 }

func (r *Rule) ifaceScore(f *Flow) int {
	if !r.has(iface) {
		return 0
	}
	if f.Iface == "" {
		return noMatch
	}
	sum := ifaceNameScore(r.SrcIface, r.SrcIfgroup, f)
	if slices.ContainsFunc(r.ReqID, func(id int) bool { return slices.Contains(f.ReqID, id) }) {
		sum += 4
	}
	return present(sum)
}

func ifaceNameScore(names []string, groups []int, f *Flow) int {
	sum := 0
	if slices.Contains(names, f.Iface) {
		sum = 2
	}
	if slices.Contains(groups, f.Ifgroup) {
		sum++
	}
	return sum
}

func listScore(list []int, value int, has bool) int {
	switch {
	case len(list) == 0:
		return 0
	case has && slices.Contains(list, value):
		return 1
	}
	return noMatch
}

// portScore departs from Zorp where entries overlap: the most specific one counts, not the one with the lowest bound.
func portScore(list []PortRange, port uint16) int {
	if len(list) == 0 {
		return 0
	}
	best := noMatch
	for _, p := range list {
		if p.contains(port) {
			if p.single() {
				return 2
			}
			best = 1
		}
	}
	return best
}

func (r *Rule) srcScore(f *Flow) int {
	switch {
	case r.barred(src, f):
		return noMatch
	case !r.has(src):
		return 0
	}
	return present(32*subnetScore(r.SrcSubnet, f.Src) + zoneScore(r.SrcZone, f.SrcZone, r.ownZone()))
}

func (r *Rule) dstScore(f *Flow) int {
	switch {
	case r.barred(dst, f):
		return noMatch
	case !r.has(dst):
		return 0
	}
	sum := 128*subnetScore(r.DstSubnet, f.Dst) + zoneScore(r.DstZone, f.DstZone, r.ownZone())
	if len(r.DstIface)+len(r.DstIfgroup) > 0 && f.Iface != "" && slices.Contains(f.IfaceAddrs, f.Dst.WithZone("")) {
		sum += 32 * ifaceNameScore(r.DstIface, r.DstIfgroup, f)
	}
	return present(sum)
}

// subnetScore is the length of the longest prefix that holds a, plus 1, or 0.
func subnetScore(subnets []netip.Prefix, a netip.Addr) int {
	if len(subnets) == 0 {
		return 0
	}
	best := 0
	a = a.WithZone("") // a prefix holds no address that names an interface
	for _, p := range subnets {
		if p.Bits() >= best && p.Contains(a) {
			best = p.Bits() + 1
		}
	}
	return best
}

// zoneScore is the depth of the deepest of zones that is z or, unless only z itself counts, an ancestor of z; or 0.
func zoneScore(zones []*zone.Zone, z *zone.Zone, itself bool) int {
	switch {
	case len(zones) == 0:
		return 0
	case itself && !slices.Contains(zones, z):
		return 0
	}
	for ; z != nil; z = z.Parent {
		if slices.Contains(zones, z) {
			return z.Depth()
		}
	}
	return 0
}

// present is the score of a dimension with at least one condition: a sum of 0 means that none of them holds.
func present(sum int) int {
	if sum == 0 {
		return noMatch
	}
	return sum
}
