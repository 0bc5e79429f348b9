package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/nat"
	"zorpgo/engine/privilege"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// Need is a right that a policy needs from Linux.
type Need struct {
	Any     privilege.Set  // one of these
	Give    privilege.Set  // of them, the one to give
	Why     string         // as in "to listen on 172.16.40.1:25"
	Pos     source.Pos     // of what needs it
	At      netip.AddrPort // the listener that needs it; none: something else does
	Serving bool           // for every session; else only to open listeners
	Perhaps bool           // the policy decides in the session
}

// showing are the rights to use foreign addresses.
const showing = privilege.NetAdmin | privilege.NetRaw

// Needs lists what c needs on a host where ports from lowest on are free to all.
func Needs(c *Config, lowest uint16) (list []Need) {
	known := map[*service.Service]bool{}
	for _, r := range c.Rules.All() {
		v := c.Services[r.Service]
		if v == nil || v.Deny {
			continue
		}
		list = append(list, listenNeeds(r, lowest)...)
		if !known[v] {
			known[v] = true
			list = append(list, sourceNeeds(v, lowest)...)
		}
	}
	return append(list, forgeNeeds(c)...)
}

// listenNeeds are those of the listeners of r.
func listenNeeds(r *rule.Rule, lowest uint16) (list []Need) {
	if dispatch.Intercepted(r) != "" {
		return []Need{{Any: showing, Give: privilege.NetAdmin, Why: "to take intercepted connections", Pos: r.Pos}}
	}
	addresses, _ := dispatch.Listens([]*rule.Rule{r})
	for _, at := range addresses {
		if 0 < at.Port() && at.Port() < lowest {
			list = append(list, Need{Any: privilege.NetBindService, Give: privilege.NetBindService, Why: "to listen on " + at.String(), Pos: r.Pos, At: at})
		}
	}
	return list
}

// forgeNeeds are those of the services that show servers foreign addresses.
func forgeNeeds(c *Config) (list []Need) {
	known := map[*service.Service]bool{}
	for _, f := range findForgers(c, hostAddress) {
		for _, v := range f.services {
			if !known[v] {
				known[v] = true
				list = append(list, Need{Any: showing, Give: privilege.NetAdmin, Why: fmt.Sprintf("for service %q: %s", v.Name, wish(v)), Pos: v.Pos, Serving: true})
			}
		}
	}
	return list
}

// sourceNeeds are those of the ports that v wants towards servers, and of addresses that are not known before.
func sourceNeeds(v *service.Service, lowest uint16) (list []Need) {
	if !foreseeable(v) {
		list = append(list, Need{Any: showing, Give: privilege.NetAdmin, Why: fmt.Sprintf("for service %q: what snat_policy=%q says in a session", v.Name, v.SNAT.Name),
			Pos: v.Pos, Serving: true, Perhaps: true})
	}
	if port, sure := v.Routing().Forging().Port, false; lowPort(port, lowest, &sure) || lowTranslation(v.SNAT, lowest, &sure) {
		list = append(list, Need{Any: privilege.NetBindService, Give: privilege.NetBindService,
			Why: fmt.Sprintf("for service %q: ports below %d towards servers", v.Name, lowest), Pos: v.Pos, Serving: true, Perhaps: !sure})
	}
	return list
}

// foreseeable reports whether the addresses that servers will see are known before any session.
func foreseeable(v *service.Service) bool {
	_, _, known4 := v.Sources(stream.IPv4)
	_, _, known6 := v.Sources(stream.IPv6)
	return known4 && known6
}

// lowPort reports whether a forge_port may be one that is not free to all, and perhaps that it surely is.
func lowPort(p route.Port, lowest uint16, sure *bool) bool {
	switch p {
	case route.PortExact, route.PortGroup, route.PortRandom:
		return lowest > 1
	}
	low := 0 < p && int(p) < int(lowest)
	*sure = *sure || low
	return low
}

// lowTranslation is lowPort for the ports that a NAT policy gives.
func lowTranslation(p *nat.Policy, lowest uint16, sure *bool) bool {
	if p == nil {
		return false
	}
	switch n := p.NAT.(type) {
	case *nat.Static:
		return lowPort(route.Port(n.To.Port()), lowest, sure)
	case *nat.Random:
		return slices.ContainsFunc(n.To, func(to netip.AddrPort) bool { return lowPort(route.Port(to.Port()), lowest, sure) })
	}
	_, known := p.Outcome(stream.IPv4, nat.Source)
	return !known
}
