package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// attempt is what a session's tries to connect have in common.
type attempt struct {
	dial    Dial
	session *session.Session
	plan    route.Plan
	limit   time.Duration // for one try; 0 is for ever
}

// reach connects the session to one target.
func (a *attempt) reach(ctx context.Context, target stream.Addr) (net.Conn, *failure) {
	from, failed := a.aim(target)
	if failed != nil {
		return nil, failed
	}
	trying := ctx
	if a.limit > 0 {
		var cancel context.CancelFunc
		trying, cancel = context.WithTimeout(ctx, a.limit)
		defer cancel()
	}
	conn, err := a.dial(trying, a.session.Server, from)
	if err != nil {
		var source *stream.SourceError
		return nil, &failure{
			verdict: session.DeniedByConnectionFail, err: explain(err, a.session.Server, from, a.limit),
			final: ctx.Err() != nil, own: errors.As(err, &source),
		}
	}
	a.arrived(local(conn))
	return conn, nil
}

// aim makes target, translated, the server of the session, and says from where to connect to it.
func (a *attempt) aim(target stream.Addr) (from route.Local, failed *failure) {
	s := a.session
	to, from, err := a.translate(target)
	if err != nil {
		verdict := session.DeniedByUnknownFail
		if errors.Is(err, nat.ErrRefused) {
			verdict = session.DeniedByPolicy
		}
		return from, &failure{verdict: verdict, err: err, final: true}
	}
	s.Server, s.ServerLocal, s.ServerZone = to, netip.AddrPort{}, nil
	if to.Path == "" {
		s.ServerZone = s.Zones.Lookup(to.Addr())
	}
	if err := permit(s, a.plan); err != nil {
		return from, &failure{verdict: session.DeniedByPolicy, err: err, final: true}
	}
	if s.Direct && to.Path == "" && to.AddrPort == s.ClientLocal {
		return from, &failure{verdict: session.DeniedByConnectionFail, own: true, err: fmt.Errorf(
			"the target %s is the listener that the client connected to: give the service a DirectedRouter", to)}
	}
	return from, nil
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

// arrived records that the session is connected, from address local.
func (a *attempt) arrived(local netip.AddrPort) {
	s := a.session
	s.ServerLocal = local
	s.Log.LogAttrs(context.Background(), slog.LevelDebug, "server connection established", slog.String("server", s.Server.String()),
		slog.String("server_local", s.ServerLocal.String()), slog.String("server_zone", s.ServerZone.String()))
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
