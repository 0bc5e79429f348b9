package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"time"

	"zorpgo/engine/meter"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// failure is why a try did not connect.
type failure struct {
	verdict session.Verdict
	err     error
	final   bool // no other target may be tried
	own     bool // it says nothing about the target
}

// nowhere is the failure of a session without targets.
var nowhere = &failure{verdict: session.DeniedByConnectionFail, err: errors.New("no destination: the router names no server")}

// failures are those of one search.
type failures []*failure

func (l failures) final() bool { return len(l) > 0 && l[len(l)-1].final }

// sum is what is told of a search that failed: each reason once. The last verdict counts: policy's ends a search.
func (l failures) sum() *failure {
	var errs several
	for _, f := range l {
		if !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == f.err.Error() }) {
			errs = append(errs, f.err)
		}
	}
	last := l[len(l)-1]
	if len(errs) == 1 {
		return last
	}
	return &failure{verdict: last.verdict, err: errs}
}

// several are reasons on one line.
type several []error

// Error lists them.
func (l several) Error() string {
	var texts []string
	for _, err := range l {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap is all of them.
func (l several) Unwrap() []error { return l }

// fail records and logs why the session has no server.
func (a *search) fail(f *failure) error {
	s := a.session
	s.Deny(f.verdict, f.err.Error())
	s.Refuse(errorClass, "server connection failed",
		slog.String("server", s.Server.String()), slog.String("server_zone", s.ServerZone.String()),
		slog.String("verdict", f.verdict.String()), slog.String("reason", f.err.Error()))
	return f.err
}

// logFailure logs a failure that another try follows.
func (a *search) logFailure() {
	if n := len(a.failed); n > 0 {
		a.session.Record(errorClass, "server connection failed, trying on",
			slog.String("server", a.session.Server.String()), slog.String("reason", a.failed[n-1].err.Error()))
	}
}

// cause is err in one word.
func cause(err error) meter.Cause {
	var source *stream.SourceError
	var handshake *handshakeError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &source):
		return meter.Own
	case errors.As(err, &handshake):
		return meter.NoTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return meter.Timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return meter.Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return meter.Unreachable
	}
	return meter.Other
}

// explain says of err what an administrator needs to know.
func explain(err error, to stream.Addr, from route.Local, limit time.Duration) error {
	var source *stream.SourceError
	var handshake *handshakeError
	var timeout interface{ Timeout() bool }
	var errno syscall.Errno
	switch {
	case errors.As(err, &source):
		return source
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: stopped while connecting: %w", to, context.Canceled)
	case errors.As(err, &handshake):
		return handshake
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return silence(err, to, from, limit)
	case errors.As(err, &errno):
		return fmt.Errorf("%s: %w", to, errno)
	}
	return err
}

func silence(err error, to stream.Addr, from route.Local, limit time.Duration) error {
	hint := ""
	switch {
	case from.Translated:
		hint = fmt.Sprintf(" (its replies to the translated address %s may not come back this way)", from.Addr.Addr())
	case from.Forged:
		hint = fmt.Sprintf(" (its replies to the forged address %s may not come back this way)", from.Addr.Addr())
	}
	if errors.Is(err, syscall.ETIMEDOUT) || limit == 0 {
		return fmt.Errorf("%s: no answer%s: %w", to, hint, err)
	}
	return fmt.Errorf("%s: no answer within %s%s: %w", to, limit, hint, context.DeadlineExceeded)
}
