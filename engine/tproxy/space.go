package tproxy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// span is the addresses from first to last.
type span struct{ first, last netip.Addr }

// String is nft's way to write it.
func (s span) String() string {
	if s.first == s.last {
		return s.first.String()
	}
	if p := netip.PrefixFrom(s.first, s.prefixLen()); p.Masked().Addr() == s.first && lastOf(p) == s.last {
		return p.String()
	}
	return s.first.String() + "-" + s.last.String()
}

// prefixLen is how many leading bits first and last share.
func (s span) prefixLen() int {
	a, b := s.first.AsSlice(), s.last.AsSlice()
	for i := range a {
		for bit := range 8 {
			if (a[i]^b[i])<<bit&0x80 != 0 {
				return i*8 + bit
			}
		}
	}
	return len(a) * 8
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// space is the addresses of one family, divided among the zones: spans in order, none of which overlaps another.
type space []owned

type owned struct {
	span
	zone *zone.Zone
}

// divide gives each address to the zone that owns the longest network around it.
func divide(zones *zone.Table, family stream.Family) space {
	var networks []netip.Prefix
	for _, z := range zones.All() {
		for _, p := range z.Prefixes {
			if stream.FamilyOf(p.Addr()) == family && p.Addr().Is4() == (family == stream.IPv4) {
				networks = append(networks, p.Masked())
			}
		}
	}
	slices.SortFunc(networks, func(a, b netip.Prefix) int { // wider ones before those in them
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	d := divider{zones: zones}
	for _, p := range slices.Compact(networks) {
		d.enter(p)
	}
	d.leave(netip.Addr{})
	return d.out
}

// divider walks through the networks by their first address.
type divider struct {
	zones *zone.Table
	open  []netip.Prefix // around the place that was reached, each in the one before
	next  netip.Addr     // the first address that has no owner yet
	out   space
}

func (d *divider) enter(p netip.Prefix) {
	d.leave(p.Addr())
	d.upTo(p.Addr().Prev())
	d.open = append(d.open, p)
	d.next = p.Addr()
}

// leave closes the networks that end before to; all if to is invalid.
func (d *divider) leave(to netip.Addr) {
	for len(d.open) > 0 && (!to.IsValid() || lastOf(d.open[len(d.open)-1]).Less(to)) {
		last := lastOf(d.open[len(d.open)-1])
		d.upTo(last)
		d.open = d.open[:len(d.open)-1]
		d.next = last.Next()
	}
}

// upTo gives the addresses from next to last to the innermost open network.
func (d *divider) upTo(last netip.Addr) {
	if len(d.open) == 0 || !d.next.IsValid() || !last.IsValid() || last.Less(d.next) {
		return
	}
	d.out = append(d.out, owned{span{d.next, last}, d.zones.Lookup(d.next)})
	d.next = last.Next()
}

// of lists the addresses whose zone is z or below it.
func (s space) of(z *zone.Zone) (list []span) {
	for _, o := range s {
		if !o.zone.Within(z.Name) {
			continue
		}
		if n := len(list); n > 0 && list[n-1].last.Next() == o.first {
			list[n-1].last = o.last
			continue
		}
		list = append(list, o.span)
	}
	return list
}

// zoneSets names the sets of the zones that rules ask for.
type zoneSets struct {
	spaces map[stream.Family]space
	names  map[zoneKey]string
	text   strings.Builder
}

type zoneKey struct {
	zone   *zone.Zone
	family stream.Family
}

func newZoneSets(zones *zone.Table) *zoneSets {
	return &zoneSets{names: map[zoneKey]string{}, spaces: map[stream.Family]space{
		stream.IPv4: divide(zones, stream.IPv4), stream.IPv6: divide(zones, stream.IPv6),
	}}
}

// name is the set of z's addresses in a family, declared once; "" if it has none.
func (s *zoneSets) name(z *zone.Zone, family stream.Family) string {
	key := zoneKey{z, family}
	if name, ok := s.names[key]; ok {
		return name
	}
	list := s.spaces[family].of(z)
	if len(list) == 0 {
		s.names[key] = ""
		return ""
	}
	kind, suffix := "ipv4_addr", "v4"
	if family == stream.IPv6 {
		kind, suffix = "ipv6_addr", "v6"
	}
	name := fmt.Sprintf("zone%d%s", len(s.names)+1, suffix)
	s.names[key] = name
	fmt.Fprintf(&s.text, "\tset %s {\n\t\ttype %s; flags interval; comment %s\n\t\telements = { %s }\n\t}\n",
		name, kind, quote("zone "+z.Name), joinSpans(list))
	return name
}

func joinSpans(list []span) string {
	var b strings.Builder
	for i, s := range list {
		switch {
		case i == 0:
		case i%4 == 0:
			b.WriteString(",\n\t\t\t")
		default:
			b.WriteString(", ")
		}
		b.WriteString(s.String())
	}
	return b.String()
}

// quote makes a string of nft, which knows no escapes, of a name that a policy chose.
func quote(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '"' || r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, text)
	for len(clean) > maxComment {
		clean = clean[1:] // the end says more: a line, a column, a service
	}
	return `"` + strings.ToValidUTF8(clean, "?") + `"`
}

// maxComment is what nft takes.
const maxComment = 127
