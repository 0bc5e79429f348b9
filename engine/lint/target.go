package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/chain"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// forging finds clients whose address cannot be the source of a connection to any target: their families differ.
func (p *policy) forging(r *rule.Rule, s *service.Service) {
	directed, ok := s.Routing().(*route.Directed)
	if !ok || !directed.Forge.Addr || s.SNAT != nil || s.DNAT != nil {
		return
	}
	families := p.families(r)
	missing := slices.DeleteFunc(slices.Clone(families), func(f stream.Family) bool { return hasTarget(tried(s, directed), f) })
	if len(missing) == 0 {
		return
	}
	severity := source.Warning
	if len(missing) == len(families) {
		severity = source.Error
	}
	p.find(r.Pos, severity, "forged-family",
		fmt.Sprintf("service %q forges the client's address, but has no %s server for the %s clients of this rule", s.Name, missing[0], missing[0]),
		fmt.Sprintf("add an %s address to the router's dest_addr, or leave out forge_addr", missing[0]))
}

// spare notes servers that nothing ever connects to.
func (p *policy) spare(s *service.Service) {
	directed, ok := s.Routing().(*route.Directed)
	if !ok || len(tried(s, directed)) == len(directed.Dest) {
		return
	}
	p.find(s.Pos, source.Note, "spare-target",
		fmt.Sprintf("service %q has %d servers, but ConnectChainer goes to the first one only, %s", s.Name, len(directed.Dest), directed.Dest[0]),
		"write chainer=FailoverChainer() or chainer=RoundRobinChainer()")
}

// tried are the targets of d that the chainer of s may connect to.
func tried(s *service.Service, d *route.Directed) []stream.Addr {
	if _, once := s.Chainer.(*chain.Connect); (once || s.Chainer == nil) && len(d.Dest) > 1 {
		return d.Dest[:1]
	}
	return d.Dest
}

// hasTarget reports whether a source of family f can reach one of the targets.
func hasTarget(targets []stream.Addr, f stream.Family) bool {
	return slices.ContainsFunc(targets, func(a stream.Addr) bool { return a.Path != "" || stream.FamilyOf(a.Addr()) == f })
}

// loops finds services that connect to the listener that their own clients come in by.
func (p *policy) loops(r *rule.Rule, s *service.Service) {
	if s.DNAT != nil {
		return // what it says is known only when a client is there
	}
	listens, _ := dispatch.Listens([]*rule.Rule{r})
	for _, at := range listens {
		switch router := s.Routing().(type) {
		case *route.Directed:
			if slices.ContainsFunc(router.Dest, func(a stream.Addr) bool { return sameEnd(a, at) }) {
				p.find(r.Pos, source.Error, "listener-loop",
					fmt.Sprintf("service %q connects to %s, where this rule listens itself: it would be its own client", s.Name, at),
					"let the router's dest_addr name the server behind this host")
				return
			}
		case *route.Transparent:
			if router.ForcedPort == 0 || router.ForcedPort == at.Port() {
				p.find(r.Pos, source.Error, "listener-loop",
					fmt.Sprintf("service %q connects to the address that the client asked for, %s, where this rule listens itself", s.Name, at),
					"give the service router=DirectedRouter(dest_addr=...) with the server behind this host")
				return
			}
		}
	}
}

// sameEnd reports whether a connection to a arrives at listener at.
func sameEnd(a stream.Addr, at netip.AddrPort) bool {
	return a.Path == "" && a.Addr().Unmap() == at.Addr() && (a.Port() == at.Port() || a.Port() == 0)
}

// denies notes that a client is refused after it was connected, where a listener of this host takes the connection.
func (p *policy) denies(r *rule.Rule, s *service.Service) {
	if at, _ := dispatch.Listens([]*rule.Rule{r}); len(at) > 0 {
		p.find(r.Pos, source.Note, "deny-resets",
			fmt.Sprintf("service %q refuses connections to %s by a reset, after they were accepted", s.Name, at[0]),
			"to answer as the service says, load what zorpgo nft prints")
	}
}

// direct are the addresses and ports that r has listeners at, or names one by one, all addresses of a family (0.0.0.0,
// ::) included.
func direct(r *rule.Rule) (list []netip.AddrPort) {
	if r.Listener != nil {
		return r.Listener.At
	}
	for _, subnet := range r.DstSubnet {
		if !subnet.IsSingleIP() {
			continue
		}
		for _, ports := range r.DstPort {
			if ports.Low == ports.High {
				list = append(list, netip.AddrPortFrom(subnet.Addr().Unmap(), ports.Low))
			}
		}
	}
	return list
}

// listeners finds rules that cannot have listeners, and listeners that cannot be open at the same time: one address and
// all addresses, at the same port, or two listeners of which each has services of its own.
func (p *policy) listeners() {
	_, found := dispatch.Listens(p.rules)
	p.found = append(p.found, found...)
	for _, r := range p.rules {
		if why := dispatch.Intercepted(r); why != "" {
			p.find(r.Pos, source.Note, "intercepted", fmt.Sprintf("the connections of %s must be intercepted: %s", r.Called(), why),
				"say run --transparent, or load what zorpgo nft prints; else give dst_subnet one address of this host, and a dst_port")
		}
	}
	owner := map[netip.AddrPort]*rule.Rule{}
	for _, r := range p.rules {
		for _, at := range direct(r) {
			switch first := owner[at]; {
			case first == nil:
				owner[at] = r
			case !together(first, r):
				p.find(r.Pos, source.Error, "listener-collision",
					fmt.Sprintf("listener %s is taken already by the %s at %s", at, kind(first), first.Pos),
					"say in one place what is done with its connections")
			}
		}
	}
	for _, r := range p.rules {
		for _, at := range direct(r) {
			everywhere := netip.AddrPortFrom(unspecified(at.Addr()), at.Port())
			if o := owner[everywhere]; o != nil && at != everywhere {
				p.find(r.Pos, source.Error, "listener-collision",
					fmt.Sprintf("listener %s collides with %s of the %s at %s", at, everywhere, kind(o), o.Pos),
					"name the addresses of this host one by one instead of "+everywhere.Addr().String())
			}
		}
	}
}

// together reports whether connections to one address can be left to both rules: both are said by Rule, or by the same
// listener.
func together(a, b *rule.Rule) bool {
	return a.Listener == nil && b.Listener == nil || a.Listener != nil && b.Listener != nil && a.Listener.Pos == b.Listener.Pos
}

func kind(r *rule.Rule) string {
	if r.Listener != nil {
		return r.Listener.Word
	}
	return "rule"
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
