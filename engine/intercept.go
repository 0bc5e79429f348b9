package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/stream"
	"zorpgo/engine/tproxy"
)

// InterceptPort is the port of the listeners of intercepted connections, on 127.0.0.1 and ::1, if Options name none.
const InterceptPort = 50080

// Interceptor is where intercepted connections of a family are led to.
func Interceptor(f stream.Family, port uint16) netip.AddrPort {
	if f == stream.IPv6 {
		return netip.AddrPortFrom(netip.IPv6Loopback(), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// layout is the listeners that a policy needs.
type layout struct {
	direct     []netip.AddrPort // at addresses of this host
	intercepts []netip.AddrPort // of intercepted connections
}

func (l *layout) all() []netip.AddrPort { return slices.Concat(l.direct, l.intercepts) }

// intercept adds the listener of intercepted connections of a family.
func (l *layout) intercept(at netip.AddrPort) {
	if !slices.Contains(l.intercepts, at) {
		l.intercepts = append(l.intercepts, at)
	}
}

// planInterception adds the listeners of the rules whose connections must be intercepted. A family that cannot be is
// left out if each rule has another.
func (e *Engine) planInterception(c *Config, l *layout) error {
	var failed []error
	broken := map[stream.Family]error{}
	for _, r := range c.Rules.All() {
		why := dispatch.Intercepted(r)
		if why == "" || c.Services[r.Service].Deny {
			continue
		}
		served, last := false, error(nil)
		for _, f := range dispatch.Families(r) {
			if err := e.intercepts(f, broken); err != nil {
				last = err
				continue
			}
			served = true
			l.intercept(Interceptor(f, e.options.InterceptPort))
		}
		if !served && last != nil {
			failed = append(failed, &InterceptError{Rule: r, Why: why, Err: last})
		}
	}
	for f, err := range broken {
		if err != nil && len(failed) == 0 {
			e.options.Log.Warn("connections are not intercepted", "family", f, "error", err)
		}
	}
	return errors.Join(failed...)
}

// intercepts says what keeps connections of a family from being intercepted; known remembers it.
func (e *Engine) intercepts(f stream.Family, known map[stream.Family]error) error {
	if e.wayBack == nil {
		return nil
	}
	err, asked := known[f]
	if !asked {
		if err = e.canForge(f); err == nil {
			err = e.wayBack(f)
		}
		known[f] = err
	}
	return err
}

// elsewhere has the connections to an address that is not this host's intercepted, if they can be.
func (e *Engine) elsewhere(l *layout, at netip.AddrPort) bool {
	f := stream.FamilyOf(at.Addr())
	if e.wayBack == nil || e.intercepts(f, map[stream.Family]error{}) != nil {
		return false
	}
	e.options.Log.Warn("no address of this host: its connections are expected to be intercepted", "address", at)
	l.intercept(Interceptor(f, e.options.InterceptPort))
	return true
}

// InterceptError says that a rule's connections must be intercepted, and are not.
type InterceptError struct {
	Rule *rule.Rule
	Why  string // of the rule
	Err  error
}

// Error says what to do about it.
func (e *InterceptError) Error() string {
	return fmt.Sprintf("%s: the connections of %s must be intercepted (%s), and are not: %s",
		e.Rule.Pos, e.Rule.Called(), e.Why, e.advice())
}

func (e *InterceptError) advice() string {
	var missing *tproxy.Missing
	switch {
	case errors.Is(e.Err, os.ErrPermission):
		return "that needs CAP_NET_ADMIN; " + capabilities("cap_net_admin,cap_net_bind_service", "CAP_NET_ADMIN CAP_NET_BIND_SERVICE")
	case errors.As(e.Err, &missing):
		return fmt.Sprintf("no routing rule delivers intercepted %s packets here; say run --transparent, "+
			"or load what zorpgo nft prints with zorpgo nft --apply", missing.Family)
	}
	return e.Err.Error()
}

// Unwrap is what is missing.
func (e *InterceptError) Unwrap() error { return e.Err }
