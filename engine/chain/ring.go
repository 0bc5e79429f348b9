package chain

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"zorpgo/engine/route"
	"zorpgo/engine/session"
)

// MultiTarget tries each target once until one connects (Zorp's MultiTargetChainer). The sessions take turns in where
// they begin.
type MultiTarget struct {
	Timeout time.Duration // for one target; 0 is DefaultTimeout, less is no limit

	turns atomic.Uint64
}

var _ Aimer = (*MultiTarget)(nil)

// Connect connects s to one of the targets of p.
func (c *MultiTarget) Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error) {
	return connect(ctx, dial, c.Search(s, p))
}

// Search implements Aimer.
func (c *MultiTarget) Search(s *session.Session, p route.Plan) Search {
	return &search{session: s, plan: p, limit: limitOf(c.Timeout), order: &ring{size: len(p.Targets), turns: &c.turns}}
}

// Trial is a chainer that goes to the targets in this one's order and leaves it as it is.
func (c *MultiTarget) Trial() Chainer { return &MultiTarget{Timeout: c.Timeout} }

// Balances reports whether sessions take turns.
func (c *MultiTarget) Balances() bool { return true }

// ring is one round through the targets.
type ring struct {
	size  int
	turns *atomic.Uint64 // counts the targets that were tried, of all sessions; nil: each session begins with the first
	start int
	tried int
}

func (r *ring) next() (int, bool) {
	if r.tried == r.size {
		return 0, false
	}
	if r.turns != nil {
		turn := r.turns.Add(1) - 1
		if r.tried == 0 {
			r.start = int(turn % uint64(r.size))
		}
	}
	target := (r.start + r.tried) % r.size
	r.tried++
	return target, true
}

func (*ring) arrived(int)       {}
func (*ring) failed(int, error) {}
