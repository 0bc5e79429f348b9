package core

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/builtins/word"
	"zorpgo/engine/zone"
)

// UnusedZones notes zones whose name stands nowhere else in the policy, in no other instance either. A zone above
// another one says something of that one, one below another belongs to it, one inside another's network takes its
// addresses out of that, and one that holds all addresses is there for the logs.
func UnusedZones(d *word.Draft) {
	if len(d.Rules) == 0 {
		return
	}
	networks, above := map[netip.Prefix]bool{}, map[*zone.Zone]bool{}
	for _, z := range d.Zones {
		above[z.Parent] = true
		for _, n := range z.Prefixes {
			networks[n.Masked()] = true
		}
	}
	for _, z := range d.Zones {
		if d.Places.Texts(z.Name) != 1 || z.Parent != nil || above[z] || slices.ContainsFunc(z.Prefixes, func(n netip.Prefix) bool { return inside(n, networks) }) {
			continue
		}
		d.Note(z.Pos, "unused-zone", fmt.Sprintf("zone %q: nothing in the policy names it", z.Name),
			fmt.Sprintf("write src_zone=%q in a Rule, or remove the zone", z.Name))
	}
}

// inside reports whether one of networks is wider than n, or n holds all addresses.
func inside(n netip.Prefix, networks map[netip.Prefix]bool) bool {
	for bits := n.Bits() - 1; bits >= 0; bits-- {
		if networks[netip.PrefixFrom(n.Addr(), bits).Masked()] {
			return true
		}
	}
	return n.Bits() == 0
}
