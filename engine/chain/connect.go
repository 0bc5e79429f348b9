package chain

import (
	"context"
	"net"
	"net/netip"
	"time"

	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// DefaultTimeout is how long a server may take to accept a connection.
const DefaultTimeout = 30 * time.Second

// Connect goes to the first target, once (Zorp's ConnectChainer).
type Connect struct {
	Timeout time.Duration // 0 is DefaultTimeout, less is no limit
}

var (
	_ Chainer = (*Connect)(nil)
	_ Aimer   = (*Connect)(nil)
	_ Dial    = DialStream
)

// DialStream is the Dial that opens sockets.
func DialStream(ctx context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
	return stream.Dial(ctx, to, Source(from))
}

// Source is a wanted local address as sockets have it.
func Source(from route.Local) stream.Source {
	return stream.Source{
		Addr:        from.Addr,
		Transparent: from.Forged || from.Translated,
		Own:         from.Translated,
		Loose:       from.Loose,
		Random:      from.Random,
	}
}

// Connect connects s to the first target of p.
func (c *Connect) Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error) {
	a := &attempt{dial: dial, session: s, plan: p, limit: c.limit()}
	if len(p.Targets) == 0 {
		return nil, a.fail(nowhere)
	}
	conn, failed := a.reach(ctx, p.Targets[0])
	if failed != nil {
		return nil, a.fail(failed)
	}
	return conn, nil
}

// Aim implements Aimer.
func (c *Connect) Aim(s *session.Session, p route.Plan) (to stream.Addr, limit time.Duration, err error) {
	a := &attempt{session: s, plan: p, limit: c.limit()}
	if len(p.Targets) == 0 {
		return to, 0, a.fail(nowhere)
	}
	if _, failed := a.aim(p.Targets[0]); failed != nil {
		return to, 0, a.fail(failed)
	}
	return s.Server, a.limit, nil
}

// Arrived implements Aimer.
func (c *Connect) Arrived(s *session.Session, local netip.AddrPort) {
	(&attempt{session: s}).arrived(local)
}

// Failed implements Aimer.
func (c *Connect) Failed(s *session.Session, p route.Plan, err error) error {
	a := &attempt{session: s, plan: p, limit: c.limit()}
	return a.fail(&failure{verdict: session.DeniedByConnectionFail, err: explain(err, s.Server, p.Local, a.limit)})
}

// limit is how long connecting may take; 0 is for ever.
func (c *Connect) limit() time.Duration { return limitOf(c.Timeout) }

// limitOf is the limit that a chainer's Timeout means.
func limitOf(timeout time.Duration) time.Duration {
	if timeout == 0 {
		return DefaultTimeout
	}
	return max(timeout, 0)
}
