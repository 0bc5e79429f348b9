package engine

import (
	"net"
	"net/netip"
	"slices"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/tproxy"
)

// Ruleset is what the packet filter must do for c, with local saying which addresses are this host's; leave is what
// becomes of forwarded packets that no rule matches.
func Ruleset(c *Config, local func(netip.Addr) bool, leave bool) *tproxy.Ruleset {
	return &tproxy.Ruleset{
		Instance: c.Instance, Rules: c.Rules.All(), Zones: c.Zones, Services: c.Services, Port: InterceptPort, Leave: leave,
		Direct: func(r *rule.Rule) bool { return isDirect(r, local) },
	}
}

// isDirect reports whether r is met at addresses of this host only.
func isDirect(r *rule.Rule, local func(netip.Addr) bool) bool {
	if dispatch.Intercepted(r) != "" {
		return false
	}
	at, _ := dispatch.Listens([]*rule.Rule{r})
	return !slices.ContainsFunc(at, func(a netip.AddrPort) bool { return !local(a.Addr()) })
}

// HostAddrs tells the addresses that are this host's now.
func HostAddrs() (local func(netip.Addr) bool, err error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	own := map[netip.Addr]bool{}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				own[addr.Unmap()] = true
			}
		}
	}
	return func(a netip.Addr) bool { return a.IsUnspecified() || a.IsLoopback() || own[a.Unmap().WithZone("")] }, nil
}
