package chain

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// search is the Search of every chainer; they differ in the order of the targets.
type search struct {
	session *session.Session
	plan    route.Plan
	limit   time.Duration // for one try; 0 is for ever
	order   order
	first   once // the order of ConnectChainer

	started, began time.Time // the first try; the one at hand
	target         int       // of plan.Targets
	from           route.Local
	failed         failures
}

// order says which of a session's targets comes next, and is told what became of it.
type order interface {
	next() (target int, ok bool)
	arrived(target int)
	failed(target int, why error) // by its own fault
}

// Next implements Search. A target that needs no try to fail is passed over.
func (a *search) Next() (Aim, error) {
	if failed := a.plan.Failed; failed != nil {
		return Aim{}, a.fail(&failure{verdict: session.DeniedByUnknownFail, err: failed})
	}
	if len(a.plan.Targets) == 0 {
		return Aim{}, a.fail(nowhere)
	}
	for {
		target, ok := 0, false
		if !a.failed.final() {
			target, ok = a.order.next()
		}
		if !ok {
			return Aim{}, a.fail(a.failed.sum())
		}
		a.logFailure()
		a.target = target
		failed := a.aim(a.plan.Targets[target])
		if failed == nil {
			a.began = time.Now()
			if a.started.IsZero() {
				a.started = a.began
			}
			return Aim{To: a.session.Server, From: a.from, Limit: a.limit, First: announcement(a.plan.Announce, a.session), TLS: encryptionOf(a.session)}, nil
		}
		a.note(failed)
	}
}

// Arrived implements Search.
func (a *search) Arrived(local netip.AddrPort) {
	s := a.session
	s.Meter.Connected(time.Since(a.began))
	s.Connecting = time.Since(a.started)
	s.Reached(local)
	if s.Logs(debugClass) {
		s.Record(debugClass, "server connection established", slog.String("server", s.Server.String()),
			slog.String("server_local", s.ServerLocal.String()), slog.String("server_zone", s.ServerZone.String()))
	}
	a.order.arrived(a.target)
}

// Failed implements Search.
func (a *search) Failed(err error, stop bool) {
	var source *stream.SourceError
	if !stop {
		a.session.Meter.Failed(cause(err))
	}
	a.note(&failure{
		verdict: session.DeniedByConnectionFail, err: explain(err, a.session.Server, a.from, a.limit),
		final: stop, own: stop || errors.As(err, &source),
	})
}

func (a *search) note(f *failure) {
	a.session.Unreached(f.err)
	a.failed = append(a.failed, f)
	if !f.own && !f.final {
		a.order.failed(a.target, f.err)
	}
}

// aim makes target, translated, the server of the session, and decides from where to connect to it.
func (a *search) aim(target stream.Addr) (failed *failure) {
	s := a.session
	to, from, err := a.translate(target)
	if err != nil {
		verdict := session.DeniedByUnknownFail
		if errors.Is(err, nat.ErrRefused) {
			verdict = session.DeniedByPolicy
		}
		return &failure{verdict: verdict, err: err, final: true}
	}
	a.from = from
	s.Mu.Lock()
	s.Server, s.ServerLocal, s.ServerZone = to, netip.AddrPort{}, nil
	if to.Path == "" {
		s.ServerZone = s.Zones.Lookup(to.Addr())
	}
	s.Mu.Unlock()
	if err := permit(s, a.plan); err != nil {
		return &failure{verdict: session.DeniedByPolicy, err: err, final: true}
	}
	if s.Direct && to.Path == "" && to.AddrPort == s.ClientLocal {
		return &failure{verdict: session.DeniedByConnectionFail, own: true, err: fmt.Errorf(
			"the target %s is the listener that the client connected to: give the service a DirectedRouter", to)}
	}
	return nil
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
