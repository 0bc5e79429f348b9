package chain

import (
	"context"
	"net"
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
	_ Aimer = (*Connect)(nil)
	_ Dial  = DialStream
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
		Marked:      from.Forged && from.Addr.Port() != 0,
		Loose:       from.Loose,
		Random:      from.Random,
	}
}

// Connect connects s to the first target of p.
func (c *Connect) Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error) {
	return connect(ctx, dial, c.Search(s, p))
}

// Search implements Aimer.
func (c *Connect) Search(s *session.Session, p route.Plan) Search {
	a := &search{session: s, plan: p, limit: limitOf(c.Timeout)}
	a.order = &a.first
	return a
}

// once is the first target.
type once struct{ done bool }

func (o *once) next() (int, bool) {
	first := !o.done
	o.done = true
	return 0, first
}

func (*once) arrived(int)       {}
func (*once) failed(int, error) {}

// limitOf is the limit that a chainer's Timeout means; 0 is for ever.
func limitOf(timeout time.Duration) time.Duration {
	if timeout == 0 {
		return DefaultTimeout
	}
	return max(timeout, 0)
}
