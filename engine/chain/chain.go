// Package chain makes the server side connection of a session, to one of the targets that its router named.
package chain

import (
	"context"
	"net"

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
