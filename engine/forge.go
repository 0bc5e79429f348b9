package engine

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/tproxy"
)

// forgers are the services that show servers foreign addresses, of one family: their clients', or those of snat_policy.
type forgers struct {
	family   stream.Family
	services []*service.Service // in the order of the rules
	outside  *service.Service   // the first that does not stay on the loopback interface
}

// findForgers looks at the families of the listeners: what a client has, its forged address has, unless it is translated.
func findForgers(c *Config, ours func(netip.Addr) bool) []*forgers {
	list := []*forgers{{family: stream.IPv4}, {family: stream.IPv6}}
	for _, r := range c.Rules.All() {
		v := c.Services[r.Service]
		if v.Deny {
			continue
		}
		addresses, _ := dispatch.Listens([]*rule.Rule{r})
		if dispatch.Intercepted(r) != "" {
			for _, f := range dispatch.Families(r) {
				addresses = append(addresses, somewhere(f))
			}
		}
		for _, at := range addresses {
			sources, _, _ := v.Sources(stream.FamilyOf(at.Addr()))
			for _, network := range sources {
				if network.IsSingleIP() && ours(network.Addr()) {
					continue
				}
				list[0].add(v, at, network)
				list[1].add(v, at, network)
			}
		}
	}
	return slices.DeleteFunc(list, func(f *forgers) bool { return len(f.services) == 0 })
}

// hostAddress reports whether a is an address of this host.
func hostAddress(a netip.Addr) bool {
	addresses, _ := net.InterfaceAddrs()
	return a.Is4() && a.IsLoopback() || slices.ContainsFunc(addresses, func(own net.Addr) bool {
		p, err := netip.ParsePrefix(own.String())
		return err == nil && p.Addr().Unmap() == a
	})
}

// somewhere stands for the addresses of intercepted connections.
func somewhere(f stream.Family) netip.AddrPort {
	if f == stream.IPv6 {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
}

func (f *forgers) add(v *service.Service, at netip.AddrPort, source netip.Prefix) {
	if stream.FamilyOf(source.Addr()) != f.family {
		return
	}
	if !slices.Contains(f.services, v) {
		f.services = append(f.services, v)
	}
	if f.outside == nil && leavesHost(v, at) {
		f.outside = v
	}
}

// leavesHost reports whether v may use other addresses than loopback ones.
func leavesHost(v *service.Service, at netip.AddrPort) bool {
	known, ok := v.Routing().(interface{ Destinations() []stream.Addr })
	if !ok || !at.Addr().IsLoopback() || v.DNAT != nil {
		return true
	}
	for _, to := range known.Destinations() {
		if to.Path == "" && !to.Addr().Unmap().IsLoopback() {
			return true
		}
	}
	return false
}

// checkForging says which services of c this process has no right to run.
func (e *Engine) checkForging(c *Config) error {
	if e.canForge == nil {
		return nil
	}
	var failed []error
	for _, f := range findForgers(c, e.ours) {
		if err := e.canForge(f.family); err != nil {
			failed = append(failed, &ForgeError{Services: f.services, Family: f.family, Err: err})
		}
	}
	return errors.Join(failed...)
}

// reportWayBack logs, once per family, what keeps the answers to forged addresses from coming back.
func (e *Engine) reportWayBack(c *Config) {
	if e.wayBack == nil {
		return
	}
	for _, f := range findForgers(c, e.ours) {
		if f.outside == nil {
			continue
		}
		if err := e.wayBack(f.family); err != nil {
			e.logWayBack(f.outside, err)
		}
	}
}

func (e *Engine) logWayBack(v *service.Service, err error) {
	attrs := []any{slog.String("service", v.Name), slog.String("service_pos", v.Pos.String()), slog.Any("error", err)}
	var missing *tproxy.Missing
	if errors.As(err, &missing) {
		attrs = append(attrs, slog.String("type_as_root", missing.Paste()))
	}
	e.options.Log.Error("forged connections may time out", attrs...)
}
