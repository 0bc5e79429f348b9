package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// translation finds clients that cannot get anywhere because of what the NAT policies make of their address and of the
// targets. Nothing is said of what a policy decides in the session.
func (p *policy) translation(r *rule.Rule, s *service.Service) {
	if s.SNAT == nil && s.DNAT == nil {
		return
	}
	var stuck []stream.Family
	why := ""
	families := p.families(r)
	for _, f := range families {
		if problem := stuckBy(s, f); problem != "" {
			stuck, why = append(stuck, f), problem
		}
	}
	if len(stuck) == 0 {
		return
	}
	severity := source.Warning
	if len(stuck) == len(families) {
		severity = source.Error
	}
	p.find(r.Pos, severity, "nat-family", fmt.Sprintf("service %q cannot connect for the %s clients of this rule: %s", s.Name, stuck[0], why),
		"translate both sides into one address family, with NAT46 or NAT64, or neither")
}

// stuckBy says why no connection of a client of family f can be made; "" if one can, or that is not known.
func stuckBy(s *service.Service, f stream.Family) string {
	sources, anySource, known := s.Sources(f)
	if !known || anySource {
		return ""
	}
	if len(sources) == 0 {
		return fmt.Sprintf("snat_policy %q has no translation for them", s.SNAT.Name)
	}
	targets, known := destinations(s, f)
	switch {
	case !known || slices.ContainsFunc(sources, func(n netip.Prefix) bool { return slices.Contains(targets, stream.FamilyOf(n.Addr())) }):
		return ""
	case len(targets) == 0:
		return fmt.Sprintf("dnat_policy %q has no translation for its servers", s.DNAT.Name)
	}
	return fmt.Sprintf("the connection would come from an %s address and go to an %s address", stream.FamilyOf(sources[0].Addr()), targets[0])
}

// destinations are the families of the addresses that s goes to for a client of family f. Not known: there is a socket
// of this host among them, which any client can go to, or the session decides.
func destinations(s *service.Service, f stream.Family) (families []stream.Family, known bool) {
	var routed []stream.Family
	switch r := s.Routing().(type) {
	case *route.Directed:
		for _, to := range tried(s, r) {
			if to.Path != "" {
				return nil, false
			}
			routed = append(routed, stream.FamilyOf(to.Addr()))
		}
	case *route.Transparent:
		routed = []stream.Family{f}
	default:
		return nil, false
	}
	if s.DNAT == nil {
		return routed, true
	}
	for _, f := range routed {
		o, known := s.DNAT.Outcome(f, nat.Destination)
		if !known {
			return nil, false
		}
		for _, n := range o.Networks {
			families = append(families, stream.FamilyOf(n.Addr()))
		}
		if o.Silent {
			families = append(families, f)
		}
	}
	return families, true
}

// unusedTranslations notes NAT policies that no service names.
func (p *policy) unusedTranslations() {
	used := map[*nat.Policy]bool{}
	for _, s := range p.Services {
		used[s.SNAT], used[s.DNAT] = true, true
	}
	for _, n := range p.NATPolicies {
		if !used[n] && !p.wrong[n.Pos] {
			p.find(n.Pos, source.Note, "unused-nat-policy", fmt.Sprintf("NAT policy %q: no service uses it", n.Name),
				fmt.Sprintf("write snat_policy=%q or dnat_policy=%q in a Service, or remove it", n.Name, n.Name))
		}
	}
}
