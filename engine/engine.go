// Package engine runs a policy: it takes a Config of plain Go values, opens the listeners, and serves until told to stop.
//
// It knows no policy language: package builtins makes a Config from policy files, tests make one by hand.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"zorpgo/engine/chain"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/encryption"
	"zorpgo/engine/nat"
	"zorpgo/engine/proxy"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/tproxy"
	"zorpgo/engine/trace"
	"zorpgo/engine/zone"
)

// Config is one policy, complete and checked. It is not changed after it was made.
type Config struct {
	Instance string // the instance function that declared it
	Zones    *zone.Table
	Services map[string]*service.Service
	Rules    *rule.Set

	NATPolicies        []*nat.Policy        // those with a name, whether a service uses them or not
	EncryptionPolicies []*encryption.Policy // likewise
}

// Options are the outside of an Engine. The zero Options are this host's sockets and the default log.
type Options struct {
	Listen     func(ctx context.Context, at netip.AddrPort) (net.Listener, error)
	Dial       chain.Dial                                    // if given, forging is its own affair
	Present    func(net.Conn) (client, local netip.AddrPort) // the addresses that rules see; nil: the socket's own
	Introduced bool                                          // Present tells the clients of proxies in front, too: there are no PROXY headers
	Serve      service.Serve                                 // nil is proxy.Serve
	Inherited  []net.Listener                                // open already ($LISTEN_FDS): used for the address that they are bound to
	Log        *slog.Logger

	Intercept     func(ctx context.Context, at netip.AddrPort) (net.Listener, error) // for intercepted connections; Listen if that is given
	InterceptPort uint16                                                             // 0 is the constant InterceptPort

	MaxConnections int // of clients, at a time; 0 is no limit

	Loops int // keep sessions on so many event loops; 0, and where another option is given: on goroutines
}

// Engine runs one policy at a time. Its methods may be called from any goroutine.
type Engine struct {
	options    Options
	dispatcher *dispatch.Dispatcher
	trace      trace.Hub
	canForge   func(stream.Family) error
	wayBack    func(stream.Family) error
	ours       func(netip.Addr) bool // is it an address of this host

	mu        sync.Mutex // held while the policy changes
	config    *Config    // nil before Start
	changes   int        // of the policy: its generation
	started   time.Time
	stopped   bool
	listeners map[netip.AddrPort]*listener
}

// cutTime is how long sessions may take to end after they were cut.
const cutTime = 10 * time.Second

// New makes an Engine that does nothing yet.
func New(o Options) *Engine {
	e := &Engine{ours: hostAddress, listeners: map[netip.AddrPort]*listener{}}
	if o.Listen != nil || o.Dial != nil || o.Serve != nil || o.Present != nil {
		o.Loops = 0
	}
	if o.Listen == nil {
		o.Listen, o.Intercept = stream.Listen, stream.Intercept
	}
	if o.Intercept == nil {
		o.Intercept = o.Listen
	}
	o.InterceptPort = cmp.Or(o.InterceptPort, InterceptPort)
	if o.Dial == nil {
		o.Dial, e.canForge, e.wayBack = chain.DialStream, stream.CanForge, tproxy.WayBack
	}
	if o.Serve == nil {
		o.Serve = proxy.Serve
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Inherited = slices.Clone(o.Inherited)
	e.options = o
	e.dispatcher = dispatch.New(dispatch.Options{
		Dial: o.Dial, Serve: o.Serve, Present: o.Present, Introduced: o.Introduced, Log: o.Log, Trace: &e.trace, Loops: o.Loops,
		MaxConnections: o.MaxConnections,
	})
	return e
}

// Start opens all listeners of c, or none, and serves. What is wrong with the policy is source.Findings; of what this
// host refuses Refused tells.
func (e *Engine) Start(c *Config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.config != nil || e.stopped {
		return errors.New("the engine was started before")
	}
	if err := e.change(c); err != nil {
		return err
	}
	e.takeInherited(e.reject)
	e.started = time.Now()
	return nil
}

// Reload goes on with c: listeners that c has as well stay open, sessions end under the policy that they began with.
// On an error the old policy stays in force.
func (e *Engine) Reload(c *Config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.config == nil || e.stopped {
		return errors.New("the engine is not running")
	}
	return e.change(c)
}

// change makes c the policy in force, or nothing.
func (e *Engine) change(c *Config) error {
	plan, err := e.plan(c)
	if err != nil {
		return err
	}
	if err := e.checkForging(c); err != nil {
		return err
	}
	opened, err := e.open(c, plan)
	if err != nil {
		return err
	}
	e.keepCounting(c)
	e.keepTickets(c)
	e.config = c
	e.changes++
	e.dispatcher.Use(&dispatch.Policy{Instance: c.Instance, Zones: c.Zones, Services: c.Services, Rules: c.Rules, Intercepts: plan.intercepts})
	e.closeOthers(plan.all())
	for _, l := range opened {
		e.listeners[l.at] = l
		l.serve(e.dispatcher)
	}
	e.reportWayBack(c)
	return nil
}

// keepTickets lets clients go on with sessions that they began under encryption policies of the same name.
func (e *Engine) keepTickets(c *Config) {
	if e.config == nil {
		return
	}
	for _, old := range e.config.EncryptionPolicies {
		for _, p := range c.EncryptionPolicies {
			if p.Name == old.Name {
				p.Continue(old)
			}
		}
	}
}

// keepCounting lets services of the same name go on with their counts.
func (e *Engine) keepCounting(c *Config) {
	if e.config == nil {
		return
	}
	for name, v := range c.Services {
		if old := e.config.Services[name]; old != nil {
			v.Continue(old)
		}
	}
}

// Shutdown closes the listeners, waits for the sessions, and cuts those that are left when ctx ends: then it says so.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.stopped = true
	e.closeOthers(nil)
	e.takeInherited(func(l net.Listener) { l.Close() })
	e.mu.Unlock()
	e.dispatcher.Drain()
	defer e.dispatcher.Close()
	defer e.dispatcher.Cut()
	if e.dispatcher.Wait(ctx) == nil {
		return nil
	}
	left := e.dispatcher.Running()
	e.dispatcher.Cut()
	ctx, cancel := context.WithTimeout(context.Background(), cutTime)
	defer cancel()
	if e.dispatcher.Wait(ctx) != nil {
		return fmt.Errorf("%d of %d sessions did not end when they were cut", e.dispatcher.Running(), left)
	}
	return fmt.Errorf("%d sessions were cut", left)
}
