package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// directed is the router of a service that goes to addresses which the policy names; nil if others may be chosen.
func directed(s *service.Service) *route.Directed {
	if d, ok := s.Routing().(*route.Directed); ok && !s.Deny && !d.Overrideable && s.DNAT == nil {
		return d
	}
	return nil
}

// outside finds services whose servers all lie outside the zones that limit_target_zones_to names.
func (p *policy) outside(s *service.Service) {
	d := directed(s)
	if d == nil || len(s.LimitTargetZones) == 0 {
		return
	}
	for _, a := range d.Dest {
		if a.Path != "" {
			return
		}
		z := p.Zones.Lookup(a.Addr().Unmap())
		if slices.ContainsFunc(s.LimitTargetZones, z.Within) {
			return
		}
	}
	p.find(s.Pos, source.Warning, "target-outside-zones",
		fmt.Sprintf("service %q can never connect: none of its servers is in a zone of limit_target_zones_to", s.Name),
		"name there the zone of the server, or leave limit_target_zones_to out")
}

// unlike notes services in use that go to the same servers, one as the client and one as this host.
func (p *policy) unlike(used map[string]bool) {
	first := map[string]*service.Service{}
	for _, s := range sorted(p.Services) {
		d := directed(s)
		if d == nil || s.SNAT != nil || !used[s.Name] || p.wrong[s.Pos] {
			continue
		}
		to := fmt.Sprint(d.Dest)
		o := first[to]
		if o == nil {
			first[to] = s
			continue
		}
		if o.Routing().Forging().Addr == d.Forge.Addr {
			continue
		}
		if before(s.Pos, o.Pos) < 0 && s.Pos.File == o.Pos.File {
			s, o = o, s
		}
		p.find(s.Pos, source.Note, "forged-by-one",
			fmt.Sprintf("services %q and %q go to the same servers, and only one of them forges the client's address", o.Name, s.Name),
			"say forge_addr=TRUE in both routers or in neither, unless the servers are meant to see some clients only")
	}
}

// circles finds services that connect to a listener of another rule, and those whose connections come back that way.
func (p *policy) circles() {
	at := map[netip.AddrPort]*rule.Rule{}
	for _, r := range p.rules {
		listens, _ := dispatch.Listens([]*rule.Rule{r})
		for _, l := range listens {
			if at[l] == nil {
				at[l] = r
			}
		}
	}
	for _, r := range p.rules {
		if next := p.next(r, at); next != nil && next != r {
			p.follow(r, next, at)
		}
	}
}

// follow goes from r to the listener that its service connects to, and on from there.
func (p *policy) follow(r, next *rule.Rule, at map[netip.AddrPort]*rule.Rule) {
	for seen, o := map[*rule.Rule]bool{}, next; o != nil && !seen[o]; o = p.next(o, at) {
		if seen[o] = true; o == r {
			p.find(r.Pos, source.Error, "listener-loop",
				fmt.Sprintf("service %q connects to where the rule at %s listens, and from there connections come back to this rule", r.Service, next.Pos),
				"let the router's dest_addr name the server behind this host")
			return
		}
	}
	p.find(r.Pos, source.Note, "target-is-listener",
		fmt.Sprintf("service %q connects to where the rule at %s listens: that one sees this host as the client, unless the address is forged", r.Service, next.Pos),
		"let the router's dest_addr name the server behind this host, unless both proxies are meant to be passed")
}

// next is the rule whose listener the service of r connects to.
func (p *policy) next(r *rule.Rule, at map[netip.AddrPort]*rule.Rule) *rule.Rule {
	s := p.Services[r.Service]
	if s == nil || p.wrong[s.Pos] {
		return nil
	}
	d := directed(s)
	if d == nil {
		return nil
	}
	for _, a := range d.Dest {
		if a.Path == "" && at[listenerOf(a)] != nil {
			return at[listenerOf(a)]
		}
	}
	return nil
}

// listenerOf is the listener that a connection to a arrives at, if it is one of this host.
func listenerOf(a stream.Addr) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
