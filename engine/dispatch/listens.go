package dispatch

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// MaxPorts is how many ports one rule may have listeners on.
const MaxPorts = 256

// Listens names the addresses of this host that must be listened on for rules, each once, in order. Rules that cannot
// have listeners are findings; those whose connections are intercepted are not in the list.
func Listens(rules []*rule.Rule) ([]netip.AddrPort, source.Findings) {
	var list []netip.AddrPort
	var found source.Findings
	for _, r := range rules {
		if fs := refuse(r); len(fs) > 0 {
			found = append(found, fs...)
			continue
		}
		list = append(list, addresses(r)...)
	}
	slices.SortFunc(list, netip.AddrPort.Compare)
	return slices.Compact(list), append(found, fronts(rules)...)
}

// addresses are the listeners of r alone, which is not refused.
func addresses(r *rule.Rule) []netip.AddrPort {
	if r.Listener != nil {
		return r.Listener.At
	}
	if Intercepted(r) != "" {
		return nil
	}
	var list []netip.AddrPort
	for _, subnet := range r.DstSubnet {
		for _, ports := range r.DstPort {
			for port := int(ports.Low); port <= int(ports.High); port++ {
				list = append(list, netip.AddrPortFrom(subnet.Addr().Unmap(), uint16(port)))
			}
		}
	}
	return list
}

// refuse says what of r is not built.
func refuse(r *rule.Rule) source.Findings {
	var found source.Findings
	finding := func(id, message, hint string) {
		found = append(found, source.Finding{
			Pos: r.Pos, Severity: source.Error, ID: id, Hint: hint,
			Message: fmt.Sprintf("%s (service %q): %s", r.Called(), r.Service, message),
		})
	}
	if p := otherProtocols(r); p != "" {
		finding("protocol-not-built", p+" is not built yet, only TCP is", "write proto=6 or leave it out")
	}
	if len(r.ReqID) > 0 {
		finding("reqid-not-built", "reqid is not built yet", "leave it out; src_zone or src_iface can tell clients apart")
	}
	if len(r.ProxiesFrom) > 0 && Intercepted(r) != "" {
		finding("proxy-header-intercepted", "proxy_protocol_from is not built for connections that are intercepted: "+Intercepted(r),
			"give dst_subnet one address of this host, to which the proxy in front connects, and a dst_port")
	}
	switch n := portCount(r); {
	case r.Listener != nil:
	case Intercepted(r) != "":
	case n > MaxPorts:
		finding("too-many-ports", fmt.Sprintf("dst_port means %d listeners, the limit is %d", n, MaxPorts),
			"list the ports that servers really use")
	case slices.ContainsFunc(r.DstPort, func(p rule.PortRange) bool { return p.Low == 0 }):
		finding("port-zero", "dst_port 0 cannot be listened on", "name ports from 1 to 65535")
	}
	return found
}

// otherProtocols names what r wants beside TCP.
func otherProtocols(r *rule.Rule) string {
	var names []string
	for _, p := range r.Proto {
		switch p {
		case rule.ProtoTCP:
		case rule.ProtoUDP:
			names = append(names, "UDP (proto 17)")
		default:
			names = append(names, fmt.Sprintf("proto %d", p))
		}
	}
	if len(r.ProtoType)+len(r.ProtoSubtype) > 0 {
		names = append(names, "ICMP (proto_type, proto_subtype)")
	}
	return strings.Join(names, ", ")
}

// Intercepted says why r cannot be served by listeners at addresses of this host, so that its connections must be
// intercepted; "" if it can.
func Intercepted(r *rule.Rule) string {
	if r.Listener != nil {
		return ""
	}
	var why []string
	for _, c := range []struct {
		keyword string
		entries int
	}{{"dst_zone", len(r.DstZone)}, {"dst_iface", len(r.DstIface)}, {"dst_ifgroup", len(r.DstIfgroup)}} {
		if c.entries > 0 {
			why = append(why, c.keyword+" names no address")
		}
	}
	for _, p := range r.DstSubnet {
		if !p.IsSingleIP() || p.Addr().IsUnspecified() {
			why = append(why, fmt.Sprintf("dst_subnet %s is wider than one address", p))
		}
	}
	if len(r.DstSubnet) == 0 && len(why) == 0 {
		why = append(why, "it has no dst_subnet")
	}
	if len(r.DstPort) == 0 {
		why = append(why, "it has no dst_port")
	}
	return strings.Join(why, ", ")
}

func portCount(r *rule.Rule) int {
	n := 0
	for _, p := range r.DstPort {
		n += int(p.High) - int(p.Low) + 1
	}
	return n
}

// Families are those of r's connections, as far as its subnets and zones tell.
func Families(r *rule.Rule) (list []stream.Family) {
	for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
		if reaches(f, r.SrcSubnet, r.SrcZone) && (len(r.DstIface)+len(r.DstIfgroup) > 0 || reaches(f, r.DstSubnet, r.DstZone)) {
			list = append(list, f)
		}
	}
	return list
}

// reaches reports whether an address of f can meet a condition on subnets or zones. Of a zone's children nothing is
// known here, so a zone without networks reaches both.
func reaches(f stream.Family, subnets []netip.Prefix, zones []*zone.Zone) bool {
	for _, z := range zones {
		if len(z.Prefixes) == 0 {
			return true
		}
		subnets = append(slices.Clip(subnets), z.Prefixes...)
	}
	return len(subnets) == 0 || slices.ContainsFunc(subnets, func(p netip.Prefix) bool { return stream.FamilyOf(p.Addr()) == f })
}

// behind sorts rules by the listener that they are met at; the zero address stands for interception.
func behind(rules []*rule.Rule) map[netip.AddrPort][]*rule.Rule {
	m := map[netip.AddrPort][]*rule.Rule{}
	for _, r := range slices.SortedFunc(slices.Values(rules), func(a, b *rule.Rule) int { return cmp.Compare(a.ID, b.ID) }) {
		if len(refuse(r)) > 0 {
			continue
		}
		list := slices.Clone(addresses(r))
		if Intercepted(r) != "" {
			list = []netip.AddrPort{{}}
		}
		slices.SortFunc(list, netip.AddrPort.Compare)
		for _, at := range slices.Compact(list) {
			m[at] = append(m[at], r)
		}
	}
	return m
}
