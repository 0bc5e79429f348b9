package chain

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// DefaultTimeoutState is how long a target that failed is passed over.
const DefaultTimeoutState = time.Minute

// StateBased tries targets as MultiTarget does and passes those over that failed a short while ago (Zorp's
// StateBasedChainer and RoundRobinChainer). If none is left, it forgets that they failed and goes round once more.
type StateBased struct {
	Timeout      time.Duration // for one target; 0 is DefaultTimeout, less is no limit
	TimeoutState time.Duration // how long a target that failed is passed over; 0 is DefaultTimeoutState
	Failover     bool          // every session begins with the first target (Zorp's FailoverChainer)
	Now          func() time.Time

	turns  atomic.Uint64
	memory memory
}

var _ Aimer = (*StateBased)(nil)

// Connect connects s to one of the targets of p.
func (c *StateBased) Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error) {
	return connect(ctx, dial, c.Search(s, p))
}

// Search implements Aimer.
func (c *StateBased) Search(s *session.Session, p route.Plan) Search {
	o := &stateful{chainer: c, session: s, plan: p, ring: ring{size: len(p.Targets)}}
	if !c.Failover {
		o.turns = &c.turns
	}
	return &search{session: s, plan: p, limit: limitOf(c.Timeout), order: o}
}

// Trial is a chainer that goes to the targets in this one's order and leaves it as it is.
func (c *StateBased) Trial() Chainer { return &MultiTarget{Timeout: c.Timeout} }

// Balances reports whether sessions take turns.
func (c *StateBased) Balances() bool { return !c.Failover }

func (c *StateBased) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c *StateBased) timeoutState() time.Duration {
	if c.TimeoutState <= 0 {
		return DefaultTimeoutState
	}
	return c.TimeoutState
}

// stateful is the order of a session of a StateBased: two rounds through the targets that are not down.
type stateful struct {
	ring
	chainer *StateBased
	session *session.Session
	plan    route.Plan
	again   bool // it is the second round
}

func (o *stateful) next() (int, bool) {
	for {
		target, ok := o.ring.next()
		switch {
		case !ok && o.again:
			return 0, false
		case !ok:
			o.again = true
			o.restart()
		case !o.again && o.chainer.memory.isDown(o.key(target), o.chainer.now()):
			o.session.Record(debugClass, "server is down, passed over",
				slog.String("target", o.plan.Targets[target].String()))
		default:
			return target, true
		}
	}
}

// restart gives every target of the session another chance. (Zorp forgets all targets, but those of other sessions are
// none of this one's business.)
func (o *stateful) restart() {
	for target := range o.plan.Targets {
		o.chainer.memory.excuse(o.key(target), o.chainer.now())
	}
	o.tried = 0
	o.session.Record(debugClass, "no server is up, trying all of them once more")
}

func (o *stateful) arrived(target int) {
	now := o.chainer.now()
	if since, was := o.chainer.memory.up(o.key(target)); was {
		o.session.Record(infoClass, "server is up again",
			slog.String("target", o.plan.Targets[target].String()), slog.Duration("down_for", now.Sub(since).Round(time.Millisecond)))
	}
}

func (o *stateful) failed(target int, why error) {
	now := o.chainer.now()
	if o.chainer.memory.down(o.key(target), outage{since: now, until: now.Add(o.chainer.timeoutState()), why: why}) {
		o.session.Record(errorClass, "server is down",
			slog.String("target", o.plan.Targets[target].String()), slog.Duration("passed_over_for", o.chainer.timeoutState()))
	}
}

// key is what a target is remembered by, before it is translated.
func (o *stateful) key(target int) key { return keyOf(o.plan.Targets[target]) }

func keyOf(to stream.Addr) key { return key{addr: to.Addr().Unmap(), path: to.Path} }

// Outage is the time from the first failure of a target on; the zero Outage: it is up, for all that is known.
type Outage struct {
	Since time.Time
	Until time.Time // until then it is passed over, after that it may be tried
	Why   error     // of the last failure that counted
}

// Outages are the targets that are down, by what Remembered says of them.
func (c *StateBased) Outages() map[string]Outage { return c.memory.outages() }

// Remembered is what the outage of a target is remembered by: one port of a host stands for all.
func Remembered(to stream.Addr) string { return keyOf(to).String() }
