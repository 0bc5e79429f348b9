package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"zorpgo/engine/zone"
)

// Reason says how a rule stands to a flow in one dimension: what it wants there and what the flow has.
type Reason struct {
	Dimension string      // in words: "destination port"
	Wants     []Condition // alternatives; none if the rule has no condition here
	Score     int         // 0 if the rule has no condition, or none of them holds
	Has       string      // of the flow, in words: "port 25"
}

// Holds reports whether the rule matches in this dimension.
func (r *Reason) Holds() bool { return len(r.Wants) == 0 || r.Score > 0 }

// Condition is one keyword of a rule with its entries.
type Condition struct {
	Keyword string
	Entries []string // "172.16.40.1", "1024-65535", "dmz"
	Held    string   // the entry that counts for the flow; "" if none holds
	Score   int      // its part of the dimension's score
}

// Reasons explains a Score, dimension by dimension.
func (r *Rule) Reasons(f *Flow) (list [len(Score{})]Reason) {
	for d := range list {
		list[d] = Reason{Dimension: dimensionNames[d], Wants: r.wants(d, f), Score: max(r.dimension(d, f), 0), Has: f.has(d)}
	}
	return list
}

var dimensionNames = [len(Score{})]string{"incoming interface", "protocol", "ICMP type", "ICMP code", "source port",
	"destination port", "source", "destination"}

// wants are the conditions of r in dimension d; each entry is scored as if it were the only one.
func (r *Rule) wants(d int, f *Flow) []Condition {
	switch d {
	case iface:
		return given(r.interfaceConditions(f)...)
	case proto:
		return given(condition("proto", r.Proto, strconv.Itoa, func(n int) int { return listScore([]int{n}, f.Proto, true) }))
	case protoType:
		return given(condition("proto_type", r.ProtoType, strconv.Itoa,
			func(n int) int { return listScore([]int{n}, f.ICMPType, f.isICMP()) }))
	case protoSubtype:
		return given(condition("proto_subtype", r.ProtoSubtype, strconv.Itoa,
			func(n int) int { return listScore([]int{n}, f.ICMPCode, f.isICMP()) }))
	case srcPort:
		return given(ports("src_port", r.SrcPort, f.SrcPort))
	case dstPort:
		return given(ports("dst_port", r.DstPort, f.DstPort))
	case src:
		if r.barred(src, f) && (len(r.SrcZone) == 0 || len(r.SrcSubnet) > 0) {
			return []Condition{{Keyword: "src_zone", Entries: []string{"any"}}}
		}
		return given(subnets("src_subnet", r.SrcSubnet, f.Src, 32), r.zones("src_zone", r.SrcZone, f.SrcZone))
	}
	return given(r.destinationConditions(f)...)
}

func (r *Rule) interfaceConditions(f *Flow) []Condition {
	if f.Iface == "" {
		f = &Flow{Ifgroup: -1} // nothing holds
	}
	return []Condition{
		condition("reqid", r.ReqID, strconv.Itoa, func(n int) int {
			if slices.Contains(f.ReqID, n) {
				return 4
			}
			return 0
		}),
		condition("src_iface", r.SrcIface, word, func(name string) int { return ifaceNameScore([]string{name}, nil, f) }),
		condition("src_ifgroup", r.SrcIfgroup, strconv.Itoa, func(n int) int { return ifaceNameScore(nil, []int{n}, f) }),
	}
}

func (r *Rule) destinationConditions(f *Flow) []Condition {
	weight := 0
	if f.Iface != "" && slices.Contains(f.IfaceAddrs, f.Dst.WithZone("")) {
		weight = 32
	}
	switch {
	case r.barred(dst, f) && f.DstZone == nil && r.Listener.AnyDst:
		return []Condition{{Keyword: "dst_zone", Entries: []string{"any"}}}
	case r.barred(dst, f):
		return []Condition{condition("bindto", r.Listener.At, netip.AddrPort.String, func(netip.AddrPort) int { return 0 })}
	}
	return []Condition{
		subnets("dst_subnet", r.DstSubnet, f.Dst, 128),
		condition("dst_iface", r.DstIface, word, func(name string) int { return weight * ifaceNameScore([]string{name}, nil, f) }),
		condition("dst_ifgroup", r.DstIfgroup, strconv.Itoa, func(n int) int { return weight * ifaceNameScore(nil, []int{n}, f) }),
		r.zones("dst_zone", r.DstZone, f.DstZone),
	}
}

func ports(keyword string, list []PortRange, port uint16) Condition {
	return condition(keyword, list, PortRange.String, func(p PortRange) int { return portScore([]PortRange{p}, port) })
}

func subnets(keyword string, list []netip.Prefix, a netip.Addr, weight int) Condition {
	return condition(keyword, list, network, func(p netip.Prefix) int { return weight * subnetScore([]netip.Prefix{p}, a) })
}

func (r *Rule) zones(keyword string, list []*zone.Zone, z *zone.Zone) Condition {
	return condition(keyword, list, (*zone.Zone).String, func(one *zone.Zone) int { return zoneScore([]*zone.Zone{one}, z, r.ownZone()) })
}

// condition is the keyword with list as its entries; the best of them counts.
func condition[T any](keyword string, list []T, write func(T) string, score func(T) int) Condition {
	c := Condition{Keyword: keyword}
	for _, entry := range list {
		c.Entries = append(c.Entries, write(entry))
		if s := score(entry); s > c.Score {
			c.Score, c.Held = s, write(entry)
		}
	}
	return c
}

// given are the conditions that have entries.
func given(all ...Condition) []Condition {
	return slices.DeleteFunc(all, func(c Condition) bool { return len(c.Entries) == 0 })
}

// has says what f has in dimension d.
func (f *Flow) has(d int) string {
	switch d {
	case iface:
		return f.hasInterface()
	case proto:
		return protocol(f.Proto)
	case protoType, protoSubtype:
		if !f.isICMP() {
			return protocol(f.Proto) + ", which has none"
		}
		return fmt.Sprintf("ICMP type %d, code %d", f.ICMPType, f.ICMPCode)
	case srcPort:
		return fmt.Sprint("port ", f.SrcPort)
	case dstPort:
		return fmt.Sprint("port ", f.DstPort)
	case src:
		return f.Src.String() + " in " + path(f.SrcZone)
	}
	return f.Dst.String() + " in " + path(f.DstZone)
}

func (f *Flow) hasInterface() string {
	switch {
	case f.Iface == "":
		return "no known interface"
	case f.Ifgroup < 0:
		return fmt.Sprintf("interface %s of an unknown group", f.Iface)
	}
	return fmt.Sprintf("interface %s of group %d", f.Iface, f.Ifgroup)
}

func protocol(number int) string {
	switch number {
	case ProtoTCP:
		return "TCP"
	case ProtoUDP:
		return "UDP"
	case ProtoICMP, ProtoICMPv6:
		return "ICMP"
	}
	return fmt.Sprint("protocol ", number)
}

// path is z with its parents, in words.
func path(z *zone.Zone) string {
	if z == nil {
		return "no zone"
	}
	text := "zone " + z.Name
	for above := range z.Ancestors() {
		text += ", below " + above.Name
	}
	return text
}

// String is "25" or "1024-65535".
func (p PortRange) String() string {
	if p.single() {
		return strconv.Itoa(int(p.Low))
	}
	return fmt.Sprintf("%d-%d", p.Low, p.High)
}

func network(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func word(text string) string { return text }
