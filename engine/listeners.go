package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// Listening is one listener and the rules that a connection to it can meet.
type Listening struct {
	At    netip.AddrPort // as the rules have it
	Bound net.Addr       // of the socket; another one only if Options.Listen wants it so
	Rules []*rule.Rule   // by id

	Intercepted bool // its connections are to other addresses
}

// Listening lists the listeners that are open, by address.
func (e *Engine) Listening() []Listening {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []Listening
	for _, at := range slices.SortedFunc(maps.Keys(e.listeners), netip.AddrPort.Compare) {
		l, behind := e.listeners[at], at
		if !l.direct {
			behind = netip.AddrPort{}
		}
		list = append(list, Listening{At: at, Bound: l.addr, Intercepted: !l.direct, Rules: e.dispatcher.Behind(behind)})
	}
	return list
}

// listener is an open listener.
type listener struct {
	net.Listener // until serve
	addr         net.Addr
	at           netip.AddrPort
	direct       bool   // at an address of this host
	stop         func() // closes it and waits until nothing more is accepted
}

// serve has d accept: on loops if it can, else on a goroutine.
func (l *listener) serve(d *dispatch.Dispatcher) {
	if own := d.Accept(l.Listener, l.direct); own != nil {
		l.stop = own.Close
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends when the listener is closed
		defer close(done)
		d.Serve(ctx, l, l.direct)
	}()
	l.stop = func() {
		cancel()
		l.Close()
		<-done
	}
}

// plan is where c listens, or what is wrong with it.
func (e *Engine) plan(c *Config) (*layout, error) {
	rules := c.Rules.All()
	addresses, found := dispatch.Listens(rules)
	for _, r := range rules {
		if c.Services[r.Service] == nil {
			found = append(found, unknownService(c, r))
		}
	}
	if len(rules) == 0 && len(found) == 0 {
		found = append(found, source.Finding{Severity: source.Error, ID: "no-rule",
			Message: fmt.Sprintf("instance %q has no rule, so there is nothing to listen for", c.Instance),
			Hint:    "write a Rule with one address of this host as dst_subnet, and a dst_port"})
	}
	if found.HasErrors() {
		return nil, found
	}
	l := &layout{direct: addresses}
	return l, e.planInterception(c, l)
}

func unknownService(c *Config, r *rule.Rule) source.Finding {
	f := source.Finding{Pos: r.Pos, Severity: source.Error, ID: "unknown-service",
		Message: fmt.Sprintf("%s names service %q, which is not defined", r.Called(), r.Service)}
	if near := source.Nearest(r.Service, slices.Sorted(maps.Keys(c.Services))); near != "" {
		f.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return f
}

// open opens the listeners that are not open yet: all or none.
func (e *Engine) open(c *Config, plan *layout) ([]*listener, error) {
	var opened []*listener
	var failed []error
	add := func(at netip.AddrPort, direct bool, l net.Listener, err error) {
		if err != nil {
			failed = append(failed, &ListenError{At: at, Rule: firstRule(c, at), Err: err})
			return
		}
		opened = append(opened, &listener{Listener: l, addr: l.Addr(), at: at, direct: direct})
	}
	for _, at := range plan.direct {
		if e.listeners[at] != nil {
			continue
		}
		l, err := e.listen(at, e.options.Listen)
		if !errors.Is(err, syscall.EADDRNOTAVAIL) || !e.elsewhere(plan, at) {
			add(at, true, l, err)
		}
	}
	for _, at := range plan.intercepts {
		if e.listeners[at] == nil {
			l, err := e.listen(at, e.options.Intercept)
			add(at, false, l, err)
		}
	}
	if len(failed) > 0 {
		for _, l := range opened {
			l.Close()
		}
		return nil, errors.Join(failed...)
	}
	return opened, nil
}

// listen takes an inherited listener if there is one for at. One for intercepted connections must be transparent already
// (Transparent= of a unit of systemd).
func (e *Engine) listen(at netip.AddrPort, open func(context.Context, netip.AddrPort) (net.Listener, error)) (net.Listener, error) {
	for i, l := range e.options.Inherited {
		if l != nil && l.Addr().String() == at.String() {
			e.options.Inherited[i] = nil
			return stream.Inherit(l), nil
		}
	}
	return open(context.Background(), at)
}

func firstRule(c *Config, at netip.AddrPort) *rule.Rule {
	for _, r := range c.Rules.All() {
		if list, _ := dispatch.Listens([]*rule.Rule{r}); slices.Contains(list, at) {
			return r
		}
	}
	return nil
}

// closeOthers closes the listeners at other addresses than those.
func (e *Engine) closeOthers(addresses []netip.AddrPort) {
	for at, l := range e.listeners {
		if !slices.Contains(addresses, at) {
			l.stop()
			delete(e.listeners, at)
		}
	}
}

// takeInherited does away with the inherited listeners that are left.
func (e *Engine) takeInherited(with func(net.Listener)) {
	for _, l := range e.options.Inherited {
		if l != nil {
			with(l)
		}
	}
	e.options.Inherited = nil
}

// reject closes a listener from which nobody would accept: clients that wait for ever are worse off than refused ones.
func (e *Engine) reject(l net.Listener) {
	e.options.Log.Error("inherited socket closed: nothing in the policy listens at its address", "address", l.Addr().String())
	l.Close()
}
