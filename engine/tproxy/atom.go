package tproxy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zorpgo/engine/rule"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// atom is one way to match a rule, with the score that the rule has then. The packet filter takes the first of all
// atoms that match, so they stand in the order of their scores: what a rule scores for a packet is the best of its
// atoms that match.
type atom struct {
	rule   *rule.Rule
	score  rule.Score
	family stream.Family // 0: either
	match  []string
}

// compare puts the atom that wins first.
func (a *atom) compare(b *atom) int {
	return cmp.Or(b.score.Compare(&a.score), cmp.Compare(a.rule.ID, b.rule.ID), cmp.Compare(a.family, b.family))
}

// part is a way to match in one dimension.
type part struct {
	score int
	match string
}

var always = []part{{}}

// atoms splits r: one atom for each combination of ways to match in its dimensions.
func (s *zoneSets) atoms(r *rule.Rule) (list []atom) {
	families := []stream.Family{stream.IPv4, stream.IPv6}
	if len(r.SrcSubnet)+len(r.SrcZone)+len(r.DstSubnet)+len(r.DstZone)+len(r.DstIface)+len(r.DstIfgroup) == 0 {
		families = []stream.Family{0}
	}
	for _, family := range families {
		list = append(list, s.atomsOf(r, family)...)
	}
	return list
}

func (s *zoneSets) atomsOf(r *rule.Rule, family stream.Family) []atom {
	list := []atom{{rule: r, family: family}}
	for dimension, parts := range [len(rule.Score{})][]part{
		0: interfaceParts(r.SrcIface, r.SrcIfgroup, len(r.ReqID) > 0),
		1: protocolParts(r.Proto),
		2: icmpParts(r.ProtoType), 3: icmpParts(r.ProtoSubtype),
		4: portParts("sport", r.SrcPort), 5: portParts("dport", r.DstPort),
		6: s.sourceParts(r, family), 7: s.destinationParts(r, family),
	} {
		list = multiply(list, dimension, parts)
	}
	if r.Listener != nil {
		list = multiply(list, 7, placeParts(r.Listener.At, family))
	}
	return list
}

// placeParts are the addresses of a listener with services of its own, which count for nothing.
func placeParts(places []netip.AddrPort, family stream.Family) (list []part) {
	for _, at := range places {
		port := fmt.Sprintf("th dport %d", at.Port())
		switch {
		case family != 0 && stream.FamilyOf(at.Addr()) != family:
		case at.Addr().IsUnspecified():
			list = append(list, part{0, "fib daddr type local " + port})
		default:
			list = append(list, part{0, fmt.Sprintf("%s daddr %s %s", header(stream.FamilyOf(at.Addr())), at.Addr(), port)})
		}
	}
	return list
}

func multiply(list []atom, dimension int, parts []part) (out []atom) {
	for _, a := range list {
		for _, p := range parts {
			b := a
			b.score[dimension] += p.score
			b.match = slices.Clone(a.match)
			if p.match != "" {
				b.match = append(b.match, p.match)
			}
			out = append(out, b)
		}
	}
	return out
}

func interfaceParts(names []string, groups []int, reqid bool) (list []part) {
	byName, byGroup := "iifname "+nameSet(names), "iifgroup "+intSet(groups)
	switch {
	case len(names)+len(groups) == 0 && !reqid:
		return always
	case len(names) > 0 && len(groups) > 0:
		list = append(list, part{3, byName + " " + byGroup})
	}
	if len(names) > 0 {
		list = append(list, part{2, byName})
	}
	if len(groups) > 0 {
		list = append(list, part{1, byGroup})
	}
	return list
}

// protocolParts: only TCP and UDP packets are looked at.
func protocolParts(protos []int) (list []part) {
	if len(protos) == 0 {
		return always
	}
	for _, p := range []int{rule.ProtoTCP, rule.ProtoUDP} {
		if slices.Contains(protos, p) {
			list = append(list, part{1, "meta l4proto " + strconv.Itoa(p)})
		}
	}
	return list
}

func icmpParts(wanted []int) []part {
	if len(wanted) > 0 {
		return nil
	}
	return always
}

func portParts(field string, ranges []rule.PortRange) (list []part) {
	if len(ranges) == 0 {
		return always
	}
	var single, wide []rule.PortRange
	for _, p := range ranges {
		if p.Low == p.High {
			single = append(single, p)
		} else {
			wide = append(wide, p)
		}
	}
	if len(single) > 0 {
		list = append(list, part{2, "th " + field + " " + portSet(single)})
	}
	if len(wide) > 0 {
		list = append(list, part{1, "th " + field + " " + portSet(wide)})
	}
	return list
}

func (s *zoneSets) sourceParts(r *rule.Rule, family stream.Family) []part {
	if len(r.SrcSubnet)+len(r.SrcZone) == 0 {
		return always
	}
	return either(subnetParts("saddr", r.SrcSubnet, family, 32), s.zoneParts("saddr", r.SrcZone, family))
}

func (s *zoneSets) destinationParts(r *rule.Rule, family stream.Family) []part {
	if len(r.DstSubnet)+len(r.DstZone)+len(r.DstIface)+len(r.DstIfgroup) == 0 {
		return always
	}
	var ifaces []part
	if len(r.DstIface)+len(r.DstIfgroup) > 0 {
		for _, p := range interfaceParts(r.DstIface, r.DstIfgroup, false) {
			ifaces = append(ifaces, part{32 * p.score, p.match + " fib daddr . iif type local"})
		}
	}
	return either(subnetParts("daddr", r.DstSubnet, family, 128), ifaces, s.zoneParts("daddr", r.DstZone, family))
}

// either combines alternatives that add up where several of them hold.
func either(alternatives ...[]part) (list []part) {
	list = always
	for _, parts := range alternatives {
		var longer []part
		for _, a := range list {
			for _, p := range parts {
				longer = append(longer, part{a.score + p.score, strings.TrimSpace(a.match + " " + p.match)})
			}
		}
		list = slices.Concat(longer, list)
	}
	return slices.DeleteFunc(list, func(p part) bool { return p.score == 0 })
}

// subnetParts: longer prefixes count more.
func subnetParts(field string, subnets []netip.Prefix, family stream.Family, weight int) (list []part) {
	byLength := map[int][]string{}
	for _, p := range subnets {
		if p.Addr().Is4() == (family == stream.IPv4) && !slices.Contains(byLength[p.Bits()], p.Masked().String()) {
			byLength[p.Bits()] = append(byLength[p.Bits()], p.Masked().String())
		}
	}
	for bits := 128; bits >= 0; bits-- {
		if len(byLength[bits]) > 0 {
			list = append(list, part{weight * (bits + 1), subnetMatch(field, family, bits, byLength[bits])})
		}
	}
	return list
}

func subnetMatch(field string, family stream.Family, bits int, list []string) string {
	switch {
	case bits == 0 && family == stream.IPv4:
		return "meta nfproto ipv4"
	case bits == 0:
		return "meta nfproto ipv6"
	}
	return header(family) + " " + field + " " + set(list)
}

// zoneParts: deeper zones count more.
func (s *zoneSets) zoneParts(field string, zones []*zone.Zone, family stream.Family) (list []part) {
	for _, z := range zones {
		if name := s.name(z, family); name != "" {
			list = append(list, part{z.Depth(), fmt.Sprintf("%s %s @%s", header(family), field, name)})
		}
	}
	return list
}

func header(f stream.Family) string {
	if f == stream.IPv6 {
		return "ip6"
	}
	return "ip"
}

// set is nft's way to write one or several values.
func set(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "{ " + strings.Join(values, ", ") + " }"
}

func nameSet(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, quote(n))
	}
	return set(slices.Compact(slices.Sorted(slices.Values(list))))
}

func intSet(numbers []int) string {
	var list []string
	for _, n := range slices.Compact(slices.Sorted(slices.Values(numbers))) {
		list = append(list, strconv.Itoa(n))
	}
	return set(list)
}

// portSet joins ranges that overlap, which nft refuses.
func portSet(ranges []rule.PortRange) string {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b rule.PortRange) int {
		return cmp.Or(cmp.Compare(a.Low, b.Low), cmp.Compare(a.High, b.High))
	})
	joined := sorted[:1]
	for _, p := range sorted[1:] {
		if last := &joined[len(joined)-1]; int(p.Low) <= int(last.High)+1 {
			last.High = max(last.High, p.High)
			continue
		}
		joined = append(joined, p)
	}
	var list []string
	for _, p := range joined {
		if p.Low == p.High {
			list = append(list, strconv.Itoa(int(p.Low)))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", p.Low, p.High))
		}
	}
	return set(list)
}
