// Package chain makes the server side connection of a session, to one of the targets that its router named.
//
// A service has a Chainer, which all its sessions share: what a chainer remembers of its targets, one session learns
// from another.
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

// Aimer is a Chainer that decides without waiting: a driver that must not wait can make the connections in its place.
type Aimer interface {
	Chainer
	// Search begins the way of s to a server.
	Search(s *session.Session, p route.Plan) Search
}

// Search is the way of one session to a server: Next says where to connect to, then Arrived or Failed what became of
// it, and after Failed Next is asked again.
type Search interface {
	// Next fills the server side of the session. An error, recorded in the session already, says that nothing is left.
	Next() (Aim, error)
	// Arrived records that the session is connected, from address local.
	Arrived(local netip.AddrPort)
	// Failed notes why there is no connection; stop: no other may be tried.
	Failed(err error, stop bool)
}

// Aim is one connection to be made.
type Aim struct {
	To    stream.Addr
	From  route.Local
	Limit time.Duration // how long it may take; 0 is for ever
	First []byte        // what the server is sent before anything else
	TLS   *Encryption   // begins after that; nil: it does not
}

// connect is a search by a driver that waits.
func connect(ctx context.Context, dial Dial, search Search) (net.Conn, error) {
	for {
		aim, err := search.Next()
		if err != nil {
			return nil, err
		}
		conn, err := dialWithin(ctx, dial, aim)
		if err == nil {
			err = sendFirst(conn, aim.First)
		}
		if err == nil {
			conn, err = encrypt(ctx, conn, aim)
		}
		if err == nil {
			search.Arrived(local(conn))
			return conn, nil
		}
		search.Failed(err, ctx.Err() != nil)
	}
}

// sendFirst writes what goes before everything else; a fresh connection takes it at once.
func sendFirst(conn net.Conn, first []byte) error {
	if len(first) == 0 {
		return nil
	}
	if _, err := conn.Write(first); err != nil {
		conn.Close()
		return err
	}
	return nil
}

func dialWithin(ctx context.Context, dial Dial, aim Aim) (net.Conn, error) {
	if aim.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, aim.Limit)
		defer cancel()
	}
	return dial(ctx, aim.To, aim.From)
}

// local is the address of conn's own end, if it is one of IP.
func local(conn net.Conn) netip.AddrPort {
	tcp, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
