package rule

import (
	"net/netip"

	"zorpgo/engine/zone"
)

// Shadowing is the first rule of the set, by id, that shadows r; nil if none does for certain.
//
// A rule that shadows r covers the first entry of each of r's conditions, and is filed under what covers it.
func (s *Set) Shadowing(r *Rule) *Rule {
	var first *Rule
	consider := func(k *bucket) {
		for _, o := range k.covering(r) {
			if (first == nil || o.ID < first.ID) && o.Shadows(r) {
				first = o
			}
		}
	}
	consider(&s.rest)
	s.src.covering(r.SrcSubnet, r.SrcZone, consider)
	s.dst.covering(r.DstSubnet, r.DstZone, consider)
	return first
}

// covering yields the buckets of what covers the first of subnets and the first of zones, and of all addresses.
func (x *index) covering(subnets []netip.Prefix, zones []*zone.Zone, yield func(*bucket)) {
	if n, ok := x.subnets.Get(netip.PrefixFrom(netip.IPv4Unspecified(), 0)); ok {
		yield(&n.bucket)
	}
	if len(subnets) > 0 {
		n, _ := x.subnets.LookupPrefix(subnets[0].Masked())
		for ; n != nil; n = n.wider {
			yield(&n.bucket)
		}
	}
	if len(zones) > 0 {
		for z := zones[0]; z != nil; z = z.Parent {
			if k := x.zones[z]; k != nil {
				yield(k)
			}
		}
	}
}

// covering are the rules that may cover the first port of r.
func (b *bucket) covering(r *Rule) []*Rule {
	if len(r.DstPort) == 0 || !r.DstPort[0].single() || len(b.single) == 0 {
		return b.other
	}
	single := b.single[r.DstPort[0].Low]
	return append(single[:len(single):len(single)], b.other...)
}
