// Package dispatch takes connections from listeners to services: it accepts, asks the rules, and has the service that
// won handle the connection.
//
// An engine opens the listeners that Listens names and gives each to a Dispatcher's Serve. The policy in use is
// replaced with Use; a session keeps the one that it began under.
package dispatch

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zorpgo/engine/chain"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/trace"
	"zorpgo/engine/zone"
)

// Policy is what decides on a connection. It is not changed once it is in use.
type Policy struct {
	Instance string
	Zones    *zone.Table
	Services map[string]*service.Service
	Rules    *rule.Set

	Intercepts []netip.AddrPort // listeners of intercepted connections: whose destination is one of them is not intercepted
}

// Options are the outside of a Dispatcher; all but Present are needed.
type Options struct {
	Dial    chain.Dial
	Serve   service.Serve
	Present func(net.Conn) (client, local netip.AddrPort) // the addresses that rules see; nil: the socket's own
	Log     *slog.Logger
	Trace   *trace.Hub // of those who look on at sessions; nil: nobody can

	Introduced  bool          // Present tells the clients of proxies in front, too: there are no PROXY headers
	HeaderLimit time.Duration // for a PROXY header; 0 is HeaderLimit

	MaxConnections int // at a time; 0 is no limit

	Loops int // how many loops keep sessions; 0: every session has goroutines of its own
}

// Dispatcher gives connections to services.
type Dispatcher struct {
	options  Options
	policy   atomic.Pointer[active]
	ctx      context.Context // of the sessions
	cut      context.CancelFunc
	sessions sync.WaitGroup
	running  atomic.Int64
	live     live
	resets   [resetCauses]atomic.Int64
	failures atomic.Int64 // of accepting
	draining atomic.Bool
	workers  []*worker
	reserve  *reserve       // of the workers
	spinning sync.WaitGroup // the workers
}

// active is a policy with what is worked out once.
type active struct {
	*Policy
	env    service.Env
	behind map[netip.AddrPort][]*rule.Rule
	hits   hits
	ifaces bool // some rule asks for the interface
	fronts bool // some listener is behind proxies that announce their clients
}

// New makes a Dispatcher without a policy: until Use is called it resets every connection.
func New(o Options) *Dispatcher {
	if o.Present == nil {
		o.Present = own
	}
	if o.HeaderLimit == 0 {
		o.HeaderLimit = HeaderLimit
	}
	d := &Dispatcher{options: o}
	d.ctx, d.cut = context.WithCancel(context.Background())
	d.Use(&Policy{})
	d.loops(o.Loops)
	return d
}

// Use makes p the policy of the connections that are accepted from now on.
func (d *Dispatcher) Use(p *Policy) {
	rules := p.Rules.All()
	var old hits
	if last := d.policy.Load(); last != nil {
		old = last.hits
	}
	d.policy.Store(&active{
		Policy: p,
		env:    service.Env{Instance: p.Instance, Dial: d.options.Dial, Serve: d.options.Serve, Begun: d.begun},
		behind: behind(rules),
		hits:   old.of(rules),
		ifaces: slices.ContainsFunc(rules, func(r *rule.Rule) bool {
			return len(r.SrcIface)+len(r.SrcIfgroup)+len(r.DstIface)+len(r.DstIfgroup) > 0
		}),
		fronts: !d.options.Introduced && slices.ContainsFunc(rules, func(r *rule.Rule) bool { return len(r.ProxiesFrom) > 0 }),
	})
}

// Behind lists the rules that can be met at a listener, by id; at the zero address those of interception.
func (d *Dispatcher) Behind(at netip.AddrPort) []*rule.Rule { return d.policy.Load().behind[at] }

// Serve handles what l accepts, each connection in a goroutine of its own, until l is closed. It stops waiting for
// better times when ctx ends. The connections of a listener that is not direct are intercepted ones.
func (d *Dispatcher) Serve(ctx context.Context, l net.Listener, direct bool) {
	var patience backOff
	for {
		conn, err := l.Accept()
		if err != nil {
			if !patience.wait(ctx, d.options.Log, err) {
				return
			}
			d.failures.Add(1)
			continue
		}
		patience = 0
		d.sessions.Add(1)
		d.running.Add(1)
		go d.handle(conn, netip.AddrPort{}, direct)
	}
}

// Running is how many connections are being handled.
func (d *Dispatcher) Running() int64 { return d.running.Load() }

// Wait waits until no connection is being handled, or ctx ends. Every Serve must have returned.
func (d *Dispatcher) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { // ends with the last session
		defer close(done)
		d.sessions.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Cut ends all sessions, for good.
func (d *Dispatcher) Cut() {
	d.cut()
	d.cutLoops()
}

// own is the addresses of conn itself. A dual-stack socket shows IPv4 addresses mapped into IPv6.
func own(conn net.Conn) (client, local netip.AddrPort) {
	return addrPort(conn.RemoteAddr()), addrPort(conn.LocalAddr())
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmap(tcp.AddrPort())
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
