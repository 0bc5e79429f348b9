// Package chain makes the server side connection of a session, to one of the targets that its router named.
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

// Chainer connects a session to its server (Zorp's chainers). On success it has filled the session's server side
// fields; on failure it has recorded the verdict.
type Chainer interface {
	Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error)
}

// Dial opens one connection; the engine's own is stream.Dial, a rehearsal gives another.
type Dial func(ctx context.Context, to stream.Addr, from route.Local) (net.Conn, error)

// Aimer is a Chainer that makes one connection to one target and no more: a driver that must not wait can make it in its
// place.
type Aimer interface {
	Chainer
	// Aim fills the server side of s and says where to connect to, and how long that may take (0: for ever). An error is
	// recorded in s already.
	Aim(s *session.Session, p route.Plan) (to stream.Addr, limit time.Duration, err error)
	// Arrived records that s is connected, from address local.
	Arrived(s *session.Session, local netip.AddrPort)
	// Failed records why it is not, and says so.
	Failed(s *session.Session, p route.Plan, err error) error
}
