package proxy

import (
	"fmt"
	"log/slog"
	"time"

	"zorpgo/engine/journal"
	"zorpgo/engine/session"
)

// Hooks are the functions of a policy around a session; each may be nil. They get a V, what a protocol shows of itself.
type Hooks[V any] struct {
	StartUp  func(V) error         // before anything else; its error ends the session
	Connect  func(V) (bool, error) // whether there is to be a server side (Zorp's connectServer); an error is no
	ShutDown func(V) error         // at the end, always
}

// Begin is Starter's Start: it runs StartUp and asks Connect. A Connect that fails leaves the session without a server.
func (h *Hooks[V]) Begin(s *session.Session, tag string, look func() V) (connect bool, err error) {
	if h.StartUp != nil {
		began := time.Now()
		err := h.StartUp(look())
		s.Meter.Function("startUp", time.Since(began))
		if err != nil {
			return false, err
		}
	}
	if h.Connect == nil {
		return true, nil
	}
	began := time.Now()
	connect, err = h.Connect(look())
	s.Meter.Function("connectServer", time.Since(began))
	switch {
	case err != nil:
		s.Abort(journal.Class{Tag: tag, Verbosity: 1}, session.AbortedByPolicyAction, fmt.Sprintf("connectServer failed: %v", err))
	case !connect:
		s.Deny(session.DeniedByPolicy, "connectServer returned no server")
	}
	return connect && err == nil, nil
}

// End gives the policy its last word.
func (h *Hooks[V]) End(s *session.Session, tag string, look func() V) {
	if h.ShutDown == nil {
		return
	}
	began := time.Now()
	err := h.ShutDown(look())
	s.Meter.Function("shutDown", time.Since(began))
	if err != nil {
		s.Record(journal.Class{Tag: tag, Verbosity: 1}, "shutDown failed", slog.Any("error", err))
	}
}
