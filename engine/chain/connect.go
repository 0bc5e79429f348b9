package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"syscall"
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
	return stream.Dial(ctx, to, stream.Source{
		Addr:        from.Addr,
		Transparent: from.Forged,
		Loose:       from.Loose,
		Random:      from.Random,
	})
}

// Connect connects s to the first target of p.
func (c *Connect) Connect(ctx context.Context, dial Dial, s *session.Session, p route.Plan) (net.Conn, error) {
	to, limit, err := c.Aim(s, p)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	conn, err := dial(ctx, to, p.Local)
	if err != nil {
		return nil, c.Failed(s, p, err)
	}
	c.Arrived(s, local(conn))
	return conn, nil
}

// Aim implements Aimer.
func (c *Connect) Aim(s *session.Session, p route.Plan) (to stream.Addr, limit time.Duration, err error) {
	if len(p.Targets) == 0 {
		return to, 0, fail(s, session.DeniedByConnectionFail, errors.New("no destination: the router names no server"))
	}
	aim(s, p.Targets[0])
	if err := permit(s, p); err != nil {
		return to, 0, fail(s, session.DeniedByPolicy, err)
	}
	if s.Direct && s.Server.Path == "" && s.Server.AddrPort == s.ClientLocal {
		return to, 0, fail(s, session.DeniedByConnectionFail, fmt.Errorf(
			"the target %s is the listener that the client connected to: give the service a DirectedRouter", s.Server))
	}
	return s.Server, c.limit(), nil
}

// limit is how long connecting may take; 0 is for ever.
func (c *Connect) limit() time.Duration {
	if c.Timeout == 0 {
		return DefaultTimeout
	}
	return max(c.Timeout, 0)
}

// Arrived implements Aimer.
func (c *Connect) Arrived(s *session.Session, local netip.AddrPort) {
	s.ServerLocal = local
	s.Log.LogAttrs(context.Background(), slog.LevelDebug, "server connection established", slog.String("server", s.Server.String()),
		slog.String("server_local", s.ServerLocal.String()), slog.String("server_zone", s.ServerZone.String()))
}

// Failed implements Aimer.
func (c *Connect) Failed(s *session.Session, p route.Plan, err error) error {
	return fail(s, session.DeniedByConnectionFail, explain(err, s.Server, p.Local, c.limit()))
}

// aim makes to the server of s.
func aim(s *session.Session, to stream.Addr) {
	s.ServerLocal, s.ServerZone = netip.AddrPort{}, nil
	if to.Path == "" {
		port := to.Port()
		if port == 0 {
			port = s.ClientLocal.Port()
		}
		to.AddrPort = netip.AddrPortFrom(to.Addr().Unmap(), port)
		s.ServerZone = s.Zones.Lookup(to.Addr())
	}
	s.Server = to
}

// permit says why s may not go to its server. An address without a zone is in none of those that p allows.
func permit(s *session.Session, p route.Plan) error {
	if len(p.Zones) == 0 || slices.ContainsFunc(p.Zones, s.ServerZone.Within) {
		return nil
	}
	where := "in no zone"
	if s.ServerZone != nil {
		where = fmt.Sprintf("in zone %q", s.ServerZone.Name)
	}
	return fmt.Errorf("the server %s is %s, the service is limited to %q", s.Server, where, p.Zones)
}

// explain says of err what an administrator needs to know.
func explain(err error, to stream.Addr, from route.Local, limit time.Duration) error {
	var source *stream.SourceError
	var timeout interface{ Timeout() bool }
	var errno syscall.Errno
	switch {
	case errors.As(err, &source):
		return source
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: stopped while connecting: %w", to, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return silence(err, to, from, limit)
	case errors.As(err, &errno):
		return fmt.Errorf("%s: %w", to, errno)
	}
	return err
}

func silence(err error, to stream.Addr, from route.Local, limit time.Duration) error {
	hint := ""
	if from.Forged {
		hint = fmt.Sprintf(" (its replies to the forged address %s may not come back this way)", from.Addr.Addr())
	}
	if errors.Is(err, syscall.ETIMEDOUT) || limit == 0 {
		return fmt.Errorf("%s: no answer%s: %w", to, hint, err)
	}
	return fmt.Errorf("%s: no answer within %s%s: %w", to, limit, hint, context.DeadlineExceeded)
}

// fail records and logs why s has no server.
func fail(s *session.Session, v session.Verdict, err error) error {
	s.Deny(v, err.Error())
	s.Log.LogAttrs(context.Background(), slog.LevelWarn, "server connection failed",
		slog.String("server", s.Server.String()), slog.String("server_zone", s.ServerZone.String()),
		slog.String("verdict", v.String()), slog.String("reason", err.Error()))
	return err
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
