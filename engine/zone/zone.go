// Package zone finds the zone of an address: the one that owns the longest prefix holding it.
//
// A zone is a name for some networks, with an optional administrative parent (Zorp's Zone). A policy declares zones;
// listeners and routers ask a Table for the zones of both ends of a connection, and rules, services and relay checks
// ask a Zone whether it is Within another.
package zone

import (
	"iter"
	"net/netip"

	"zorpgo/engine/source"
)

// MaxDepth is the number of levels that a hierarchy of zones may have; a rule's score has room for no more.
const MaxDepth = 31

// Zone is a named set of networks. The parent says nothing of addresses: a zone may lie outside its parent's networks,
// and one inside them is no child unless it says so. It is not changed once it is in a Table.
type Zone struct {
	Name     string
	Prefixes []netip.Prefix // of both families, perhaps with host bits; none for a mere parent
	Parent   *Zone
	Pos      source.Pos
}

// Depth is the level of z in its hierarchy: 1 for a zone without parent. (Zorp's getDepth counts that as 0.)
func (z *Zone) Depth() int {
	depth := 0
	for ; z != nil; z = z.Parent {
		depth++
	}
	return depth
}

// Within reports whether z or one of its administrative ancestors is called name. No zone (nil) is within none.
func (z *Zone) Within(name string) bool {
	for ; z != nil; z = z.Parent {
		if z.Name == name {
			return true
		}
	}
	return false
}

// Ancestors yields the parent of z, the parent's parent and so on, without z itself.
func (z *Zone) Ancestors() iter.Seq[*Zone] {
	return func(yield func(*Zone) bool) {
		if z == nil {
			return
		}
		for a := z.Parent; a != nil && yield(a); a = a.Parent {
		}
	}
}

// String is the name, or "" for no zone.
func (z *Zone) String() string {
	if z == nil {
		return ""
	}
	return z.Name
}
