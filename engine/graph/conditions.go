package graph

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zorpgo/engine/rule"
	"zorpgo/engine/zone"
)

// mostEntries is how many alternatives of a condition a box names.
const mostEntries = 3

// toPort begins the condition on the port that clients connect to.
const toPort = "to port "

// conditions are what rules ask of a connection beside the zone that it comes from; they differ in addresses and zones
// only.
func conditions(group []*rule.Rule) (lines []string) {
	var from, to []string
	for _, r := range group {
		from, to = union(from, sources(r)), union(to, destinations(r))
	}
	if len(from) > 0 {
		lines = append(lines, brief("from ", from))
	}
	if !listens(group[0]) {
		lines = append(lines, destination(to, list(group[0].DstPort, rule.PortRange.String))...)
	}
	for _, line := range shared(group[0]) {
		if !strings.HasPrefix(line, toPort) {
			lines = append(lines, line)
		}
	}
	return lines
}

// listens reports whether r is for connections to certain listeners: their addresses say all.
func listens(r *rule.Rule) bool { return r.Listener != nil && len(r.Listener.At) > 0 }

// destination is where clients connect to, on one line if there is room.
func destination(to, ports []string) []string {
	switch {
	case len(to) == 0 && len(ports) == 0:
		return nil
	case len(to) == 0:
		return []string{brief(toPort, ports)}
	case len(ports) == 0:
		return []string{brief("to ", to)}
	}
	both := "to " + some(to, mostEntries)
	if strings.Contains(both[3:], " ") {
		both += ","
	}
	both += " port " + some(ports, mostEntries)
	if textWidth(both, bodySize) <= maxWidth-2*padding {
		return []string{both}
	}
	return []string{brief("to ", to), brief("port ", ports)}
}

// brief is begin and as many entries as there is room for.
func brief(begin string, entries []string) string {
	text := begin + some(entries, mostEntries)
	for most := mostEntries - 1; most > 0 && textWidth(text, bodySize) > maxWidth-2*padding; most-- {
		text = begin + some(entries, most)
	}
	return text
}

// sources are the networks that r wants clients in.
func sources(r *rule.Rule) (texts []string) {
	texts = list(r.SrcSubnet, network)
	if r.Listener != nil && r.Listener.AnySrc && len(r.SrcZone) == 0 {
		texts = append(texts, "any zone")
	}
	return texts
}

// destinations are what r wants clients to connect to, ports aside.
func destinations(r *rule.Rule) []string {
	texts := slices.Concat(list(r.DstSubnet, network), prefixed("zone ", list(r.DstZone, (*zone.Zone).String)),
		prefixed("interface ", r.DstIface), prefixed("interface group ", list(r.DstIfgroup, strconv.Itoa)))
	if r.Listener != nil && r.Listener.AnyDst {
		texts = append(texts, "any zone")
	}
	return texts
}

// shared are the conditions of r but for those on addresses and zones.
func shared(r *rule.Rule) (lines []string) {
	say := func(begin string, entries []string) {
		if len(entries) > 0 {
			lines = append(lines, brief(begin, entries))
		}
	}
	say("in by ", slices.Concat(r.SrcIface, prefixed("group ", list(r.SrcIfgroup, strconv.Itoa)), prefixed("IPsec policy ", list(r.ReqID, strconv.Itoa))))
	if !slices.Equal(r.Proto, []int{rule.ProtoTCP}) {
		say("protocol ", list(r.Proto, protocol))
	}
	say("ICMP type ", list(r.ProtoType, strconv.Itoa))
	say("ICMP code ", list(r.ProtoSubtype, strconv.Itoa))
	say("from port ", list(r.SrcPort, rule.PortRange.String))
	say(toPort, list(r.DstPort, rule.PortRange.String))
	say("behind the proxies of ", list(r.ProxiesFrom, (*zone.Zone).String))
	if l := r.Listener; l != nil {
		say("listens at ", list(l.At, netip.AddrPort.String))
		if l.OwnZone {
			lines = append(lines, "not the zones below")
		}
	}
	return lines
}

// whole are the conditions of r of which its box does not name all entries.
func whole(r *rule.Rule) (lines []string) {
	for _, c := range []struct {
		keyword string
		entries []string
	}{{"src_subnet", sources(r)}, {"destination", destinations(r)}, {"src_port", list(r.SrcPort, rule.PortRange.String)},
		{"dst_port", list(r.DstPort, rule.PortRange.String)}, {"src_iface", r.SrcIface}} {
		if len(c.entries) > mostEntries+1 {
			lines = append(lines, c.keyword+": "+strings.Join(c.entries, ", "))
		}
	}
	return lines
}

// sentence is all of a rule that shares its box.
func sentence(r *rule.Rule) string {
	parts := prefixed("from zone ", list(r.SrcZone, (*zone.Zone).String))
	return fmt.Sprintf("%s at %s: %s", called(r), place(r.Pos), strings.Join(append(parts, conditions([]*rule.Rule{r})...), ", "))
}

func protocol(number int) string {
	switch number {
	case rule.ProtoTCP:
		return "TCP"
	case rule.ProtoUDP:
		return "UDP"
	case rule.ProtoICMP:
		return "ICMP"
	case rule.ProtoICMPv6:
		return "ICMPv6"
	}
	return strconv.Itoa(number)
}

func list[T any](values []T, write func(T) string) (texts []string) {
	for _, v := range values {
		texts = append(texts, write(v))
	}
	return texts
}

func prefixed(begin string, values []string) []string {
	return list(values, func(v string) string { return begin + v })
}

func union(all, more []string) []string {
	for _, text := range more {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
