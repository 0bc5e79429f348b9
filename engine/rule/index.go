package rule

import (
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"zorpgo/engine/zone"
)

// index finds the rules that may match an address or its zone: a few buckets instead of all rules. A rule is filed
// under each of its subnets and zones, since they are alternatives, of the source or of the destination, whichever is
// shared with fewer rules. The index only leaves out rules that cannot match; the score decides among the rest.
type index struct {
	subnets bart.Table[*node]
	zones   map[*zone.Zone]*bucket
}

// node is a subnet's bucket, linked to that of the next wider subnet.
type node struct {
	bucket
	wider *node
}

// bucket sorts rules by destination port as far as they name single ports.
type bucket struct {
	single map[uint16][]*Rule
	other  []*Rule
}

// key is a subnet (masked) or a zone.
type key struct {
	subnet netip.Prefix
	zone   *zone.Zone
}

// srcKeys is what r can be filed under by its source; nothing if r has no condition on it.
func (r *Rule) srcKeys() []key { return keys(r.SrcSubnet, r.SrcZone) }

// dstKeys is the like for the destination; a condition on its interface is one more alternative and has no key.
func (r *Rule) dstKeys() []key {
	if len(r.DstIface)+len(r.DstIfgroup) > 0 {
		return nil
	}
	return keys(r.DstSubnet, r.DstZone)
}

func keys(subnets []netip.Prefix, zones []*zone.Zone) []key {
	var list []key
	for _, p := range subnets {
		list = append(list, key{subnet: p.Masked()})
	}
	for _, z := range zones {
		list = append(list, key{zone: z})
	}
	return list
}

// crowd counts how many rules share a key.
type crowd map[key]int

func (c crowd) count(keys []key) {
	for _, k := range keys {
		c[k]++
	}
}

// worst is the count of the most shared of keys, 0 if there are none.
func (c crowd) worst(keys []key) int {
	n := 0
	for _, k := range keys {
		n = max(n, c[k])
	}
	return n
}

func (x *index) add(r *Rule, keys []key) {
	for _, k := range keys {
		x.bucket(k).add(r)
	}
}

// bucket is the bucket of k, made if it is new.
func (x *index) bucket(k key) *bucket {
	if k.zone == nil {
		n, ok := x.subnets.Get(k.subnet)
		if !ok {
			n = &node{}
			x.subnets.Insert(k.subnet, n)
		}
		return &n.bucket
	}
	if x.zones == nil {
		x.zones = map[*zone.Zone]*bucket{}
	}
	if x.zones[k.zone] == nil {
		x.zones[k.zone] = &bucket{}
	}
	return x.zones[k.zone]
}

// link connects each subnet to the next wider one.
func (x *index) link() {
	for p, n := range x.subnets.All() {
		if p.Bits() > 0 {
			n.wider, _ = x.subnets.LookupPrefix(netip.PrefixFrom(p.Addr(), p.Bits()-1))
		}
	}
}

// subnet is the longest subnet that holds a; wider ones follow from it.
func (x *index) subnet(a netip.Addr) *node {
	n, _ := x.subnets.Lookup(a)
	return n
}

func (b *bucket) add(r *Rule) {
	ranged := slices.ContainsFunc(r.DstPort, func(p PortRange) bool { return !p.single() })
	if len(r.DstPort) == 0 || ranged {
		b.other = append(b.other, r)
		return
	}
	if b.single == nil {
		b.single = map[uint16][]*Rule{}
	}
	for _, p := range r.DstPort {
		b.single[p.Low] = append(b.single[p.Low], r)
	}
}
