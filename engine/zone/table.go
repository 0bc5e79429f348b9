package zone

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"zorpgo/engine/source"
)

// Table holds the zones of a policy. It is not changed once made, so any number of goroutines may ask it.
// A nil Table has no zones.
type Table struct {
	zones    []*Zone
	byName   map[string]*Zone
	networks bart.Table[*Zone]
}

// NewTable makes a table of zones, which stand in the order of declaration: a parent before its children.
// The table is usable even if there are findings; then it lacks what they name.
func NewTable(zones []*Zone) (*Table, source.Findings) {
	t := &Table{byName: make(map[string]*Zone, len(zones))}
	var found source.Findings
	for _, z := range zones {
		found = append(found, t.add(z)...)
	}
	return t, found
}

// Lookup is the zone that owns the longest prefix holding a, or nil if no prefix holds it.
// An IPv4-mapped IPv6 address is looked up among the IPv6 networks, and an interface (%eth0) in it is ignored.
func (t *Table) Lookup(a netip.Addr) *Zone {
	if t == nil {
		return nil
	}
	z, _ := t.networks.Lookup(a)
	return z
}

// ByName is the zone called name, or nil.
func (t *Table) ByName(name string) *Zone {
	if t == nil {
		return nil
	}
	return t.byName[name]
}

// All lists the zones in the order of declaration.
func (t *Table) All() []*Zone {
	if t == nil {
		return nil
	}
	return slices.Clone(t.zones)
}

func (t *Table) add(z *Zone) source.Findings {
	if first := t.byName[z.Name]; first != nil {
		return source.Findings{z.finding("zone-name-twice",
			fmt.Sprintf("zone %q is defined already at %s", z.Name, first.Pos),
			"give one of the two another name, or list the networks of both in one zone")}
	}
	found := t.checkParent(z)
	t.byName[z.Name] = z
	t.zones = append(t.zones, z)
	for _, p := range z.Prefixes {
		found = append(found, t.addNetwork(z, p.Masked())...)
	}
	return found
}

// checkParent also keeps hierarchies finite: if parents come first, there are no cycles.
func (t *Table) checkParent(z *Zone) source.Findings {
	if z.Parent == nil {
		return nil
	}
	if t.byName[z.Parent.Name] != z.Parent {
		return source.Findings{z.finding("zone-parent-unknown",
			fmt.Sprintf("zone %q: its parent %q is not defined before it", z.Name, z.Parent.Name),
			fmt.Sprintf("define zone %q above zone %q", z.Parent.Name, z.Name))}
	}
	if z.Depth() == MaxDepth+1 {
		return source.Findings{z.finding("zone-too-deep",
			fmt.Sprintf("zone %q is %d levels deep, the limit is %d", z.Name, MaxDepth+1, MaxDepth),
			"give it a parent that is nearer to the root")}
	}
	return nil
}

func (t *Table) addNetwork(z *Zone, p netip.Prefix) source.Findings {
	owner, taken := t.networks.Get(p)
	switch {
	case !taken:
		t.networks.Insert(p, z)
		return nil
	case owner == z:
		return source.Findings{z.finding("zone-network-twice",
			fmt.Sprintf("zone %q lists network %s twice", z.Name, p),
			"remove one of the two; bits to the right of the prefix length do not count")}
	default:
		return source.Findings{z.finding("zone-network-twice",
			fmt.Sprintf("network %s of zone %q belongs already to zone %q at %s", p, z.Name, owner.Name, owner.Pos),
			"leave it in one of the two; a network inside the other is no conflict, the longest prefix wins")}
	}
}

func (z *Zone) finding(id, message, hint string) source.Finding {
	return source.Finding{Pos: z.Pos, Severity: source.Error, ID: id, Message: message, Hint: hint}
}
