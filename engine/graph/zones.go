package graph

import (
	"fmt"
	"net/netip"
	"strings"

	"zorpgo/engine/zone"
)

const (
	mostNetworks = 3 // that a zone's box shows
	mostUnused   = 6 // zones that no rule names with boxes of their own
)

// addZones draws the zones as they are nested. Those that no rule names come last, in one box if they are many.
func (b *builder) addZones() {
	named := b.namedZones()
	var rest []*zone.Zone
	for _, z := range b.config.Zones.All() {
		if named[z] {
			b.addZone(z)
		} else {
			rest = append(rest, z)
			b.unused = append(b.unused, "zone "+z.Name)
		}
	}
	if len(rest) > mostUnused {
		b.addUnused(rest)
		return
	}
	for _, z := range rest {
		b.addZone(z).Faint = true
	}
}

func (b *builder) addZone(z *zone.Zone) *Node {
	n := b.add(&Node{Kind: Zone, Name: z.Name, Pos: z.Pos, Parent: b.zones[z.Parent]}, z.Name)
	b.zones[z] = n
	for i, p := range z.Prefixes {
		if i == mostNetworks && len(z.Prefixes) > mostNetworks+1 {
			n.Lines = append(n.Lines, fmt.Sprintf("and %d more", len(z.Prefixes)-i))
			break
		}
		n.Lines = append(n.Lines, network(p))
	}
	if len(z.Prefixes) > mostNetworks+1 {
		n.Details = append(n.Details, joined("networks: ", z.Prefixes, network))
	}
	if to := b.destined(z); len(to) > 0 {
		n.Lines = append(n.Lines, "destination of "+some(to, 3))
	}
	return n
}

// addUnused draws zones that no rule names as one box.
func (b *builder) addUnused(list []*zone.Zone) {
	n := b.add(&Node{Kind: Zone, Name: fmt.Sprintf("%d more zones", len(list)), Faint: true, Lines: []string{"no rule names them"}}, "-unused")
	for _, z := range list {
		n.Also = append(n.Also, Zone.String()+"-"+fragment(z.Name))
		n.Details = append(n.Details, fmt.Sprintf("%s (%s): %s", z.Name, z.Pos, joined("", z.Prefixes, network)))
	}
}

// namedZones are the zones that rules name, those in them, and those that they are in.
func (b *builder) namedZones() map[*zone.Zone]bool {
	direct, all := map[*zone.Zone]bool{}, map[*zone.Zone]bool{}
	for _, r := range b.config.Rules.All() {
		for _, list := range [][]*zone.Zone{r.SrcZone, r.DstZone, r.ProxiesFrom} {
			for _, z := range list {
				direct[z] = true
			}
		}
	}
	for _, v := range b.config.Services {
		for _, name := range v.LimitTargetZones {
			direct[b.config.Zones.ByName(name)] = true
		}
	}
	for _, z := range b.config.Zones.All() {
		all[z] = all[z] || direct[z]
		for above := range z.Ancestors() {
			all[z] = all[z] || direct[above]
			all[above] = all[above] || direct[z]
		}
	}
	return all
}

// destined are the rules for connections to z.
func (b *builder) destined(z *zone.Zone) (list []string) {
	for _, r := range b.config.Rules.All() {
		for _, to := range r.DstZone {
			if to == z {
				list = append(list, called(r))
			}
		}
	}
	return list
}

// network is p, or the address if it has no other.
func network(p netip.Prefix) string {
	switch {
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

func joined[T any](begin string, list []T, write func(T) string) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = write(e)
	}
	return begin + strings.Join(texts, ", ")
}
