package service

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// starter is a protocol that has the first word, and nothing else.
type starter struct {
	proxy.Protocol
	connect bool
	err     error
	closed  int
}

func (s *starter) Start() (bool, error)                         { return s.connect, s.err }
func (s *starter) Close()                                       { s.closed++ }
func (s *starter) Name() string                                 { return "FakeProxy" }
func (s *starter) Busy() []byte                                 { return nil }
func (s *starter) New(*session.Session) (proxy.Protocol, error) { return s, nil }

// A protocol that wants no server side is served without one; nobody is asked for targets.
func TestNoServerWanted(t *testing.T) {
	served := false
	env := &Env{Serve: func(ctx context.Context, _ proxy.Protocol, _ *session.Session, c net.Conn, connect func(context.Context) (net.Conn, error)) {
		conn, err := connect(ctx)
		served = conn == nil && errors.Is(err, proxy.ErrNoServer)
		c.Close()
	}}
	near, _ := pair(t)
	s := newSession(io.Discard)
	(&Service{Name: "in", Class: &starter{}, Router: directed()}).Run(t.Context(), env, s, near)
	if !served || s.Server.IsValid() {
		t.Errorf("served without a server: %v, %+v", served, s)
	}
}

func TestStartFails(t *testing.T) {
	p := &starter{err: errors.New("p.star:3:9: no")}
	near, far := pair(t)
	s := newSession(io.Discard)
	(&Service{Name: "in", Class: p, Router: directed()}).Run(t.Context(), &Env{}, s, near)
	if s.Verdict != session.AbortedByPolicyAction || s.Reason != "p.star:3:9: no" || p.closed != 1 {
		t.Errorf("%s: %s, closed %d times", s.Verdict, s.Reason, p.closed)
	}
	if n, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
