// Package rule decides which rule of a policy a connection meets: of all rules that match, the most specific one.
//
// A policy declares rules in any order; a Set holds them. Listeners ask it once per connection, and whatever explains
// or checks a policy asks the rules one by one. The way of scoring is Zorp's, with three differences: of overlapping
// port entries in one rule the most specific counts, not the one with the lowest bound; protocol, ICMP type and ICMP
// code are always compared in this order; equal scores go to the lower id without an error in the log.
package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// IP protocol numbers that mean something to a rule: only these have ports, or a type and a code.
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
)

// Rule gives the connections that meet its conditions to a service (Zorp's Rule). An empty condition is none. The
// entries of one condition are alternatives; conditions must all hold, but for three groups of alternatives: those
// on the incoming interface (ReqID, SrcIface, SrcIfgroup), on the source (SrcSubnet, SrcZone) and on the destination
// (DstSubnet, DstZone, DstIface, DstIfgroup). A rule is not changed once it is in a Set.
type Rule struct {
	ID      int // unique, from 1
	Service string
	Pos     source.Pos

	ReqID      []int // of IPsec policies
	SrcIface   []string
	SrcIfgroup []int

	Proto        []int
	ProtoType    []int // of ICMP
	ProtoSubtype []int // the ICMP code

	SrcPort []PortRange
	DstPort []PortRange

	SrcSubnet []netip.Prefix
	SrcZone   []*zone.Zone

	DstSubnet  []netip.Prefix
	DstZone    []*zone.Zone
	DstIface   []string // the destination is an address of this interface, which is the incoming one
	DstIfgroup []int

	// ProxiesFrom are the zones of the proxies in front: connections to the rule's listeners come from there, and begin
	// with a PROXY header. Source addresses and zones are then those of the client that it names. Empty: clients come by
	// themselves.
	ProxiesFrom []*zone.Zone

	Listener *Listener // nil: said by a Rule
}

// Listener is what a rule has more that was said by a listener with services of its own (Zorp's Dispatcher).
type Listener struct {
	Word string           // what the policy wrote: "Dispatcher", "ZoneListener"
	Pos  source.Pos       // there; rules of one listener have it in common
	At   []netip.AddrPort // the rule is for connections to these; an unspecified address is all of this host's

	OwnZone        bool // SrcZone and DstZone are these zones alone, without those below them
	AnySrc, AnyDst bool // the address must be in some zone, whichever
}

// takes reports whether a connection to at comes in by l.
func (l *Listener) takes(at netip.AddrPort) bool {
	return slices.ContainsFunc(l.At, func(own netip.AddrPort) bool {
		everywhere := own.Addr().IsUnspecified() && own.Addr().Is4() == at.Addr().Is4()
		return own.Port() == at.Port() && (everywhere || own.Addr() == at.Addr())
	})
}

// Called is how messages speak of r: "rule 3", "Dispatcher".
func (r *Rule) Called() string {
	if r.Listener != nil {
		return r.Listener.Word
	}
	return fmt.Sprintf("rule %d", r.ID)
}

// barred reports whether f does not come in by the rule's listener, or is in no zone at an end where it must be in one.
func (r *Rule) barred(d int, f *Flow) bool {
	if r.Listener == nil {
		return false
	}
	return d == src && r.Listener.AnySrc && f.SrcZone == nil ||
		d == dst && (r.Listener.AnyDst && f.DstZone == nil || !r.Listener.takes(netip.AddrPortFrom(f.Dst, f.DstPort)))
}

// ownZone reports whether the rule's zones are meant without those below them.
func (r *Rule) ownZone() bool { return r.Listener != nil && r.Listener.OwnZone }

// PortRange is the ports from Low to High, both included. Equal bounds are a single port, which is more specific.
type PortRange struct{ Low, High uint16 }

func (p PortRange) contains(port uint16) bool { return p.Low <= port && port <= p.High }
func (p PortRange) single() bool              { return p.Low == p.High }

// Flow is what a rule can see of a connection, as its first packet shows it: before any address translation.
type Flow struct {
	Iface      string       // the incoming interface; "" is none, then conditions on it do not hold
	Ifgroup    int          // its group
	IfaceAddrs []netip.Addr // its own addresses, for DstIface and DstIfgroup; without %interface
	ReqID      []int        // of the IPsec policies that the connection came through

	Proto              int
	SrcPort, DstPort   uint16 // 0 for protocols without ports
	ICMPType, ICMPCode int    // looked at for ICMP and ICMPv6 only

	Src, Dst         netip.Addr // IPv4 as IPv4, not mapped into IPv6
	SrcZone, DstZone *zone.Zone // nil: no zone holds the address
}

// The dimensions of a Score, in the order of their weight.
const (
	iface = iota
	proto
	protoType
	protoSubtype
	srcPort
	dstPort
	src
	dst
)

// Mismatch names the keywords of the first dimension in which r does not match f ("src_zone"; "src_subnet, src_zone"
// if either of them would do), and is "" if r matches.
func (r *Rule) Mismatch(f *Flow) string {
	for d := range (Score{}) {
		if r.dimension(d, f) == noMatch {
			var names []string
			for _, c := range r.wants(d, f) {
				names = append(names, c.Keyword)
			}
			return strings.Join(names, ", ")
		}
	}
	return ""
}

// has reports whether r has a condition in dimension d.
func (r *Rule) has(d int) bool {
	switch d {
	case iface:
		return len(r.ReqID)+len(r.SrcIface)+len(r.SrcIfgroup) > 0
	case proto:
		return len(r.Proto) > 0
	case protoType:
		return len(r.ProtoType) > 0
	case protoSubtype:
		return len(r.ProtoSubtype) > 0
	case srcPort:
		return len(r.SrcPort) > 0
	case dstPort:
		return len(r.DstPort) > 0
	case src:
		return len(r.SrcSubnet)+len(r.SrcZone) > 0
	}
	return len(r.DstSubnet)+len(r.DstZone)+len(r.DstIface)+len(r.DstIfgroup) > 0
}
