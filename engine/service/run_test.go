package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"zorpgo/engine/chain"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// class makes no protocol: the fake serve functions need none.
type class struct {
	busy string
	new  func() error
}

func (class) Name() string   { return "FakeProxy" }
func (c class) Busy() []byte { return []byte(c.busy) }
func (c class) New(*session.Session) (proxy.Protocol, error) {
	if c.new == nil {
		return nil, nil
	}
	return nil, c.new()
}

func newSession(log io.Writer) *session.Session {
	return &session.Session{
		Client:      netip.MustParseAddrPort("172.16.40.10:41000"),
		ClientLocal: netip.MustParseAddrPort("172.16.40.1:25"),
		Log:         slog.New(slog.NewTextHandler(log, nil)),
	}
}

func directed() *route.Directed {
	return &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort("172.16.20.254:25")}}}
}

// pair is both ends of a TCP connection.
func pair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := stream.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

func TestSessionIDs(t *testing.T) {
	v := &Service{Name: "in", Class: class{}}
	env := &Env{Instance: "mail", Serve: func(_ context.Context, _ proxy.Protocol, _ *session.Session, c net.Conn, _ func(context.Context) (net.Conn, error)) {
		c.Close()
	}}
	for _, want := range []string{"svc/mail/in:0", "svc/mail/in:1"} {
		near, _ := pair(t)
		s := newSession(io.Discard)
		v.Run(t.Context(), env, s, near)
		if s.ID != want || s.Service != "in" || s.Verdict != session.Accepted {
			t.Errorf("session %+v, want id %s", s, want)
		}
	}
	next := &Service{Name: "in", Class: class{}}
	next.Continue(v)
	if next.Sessions() != 2 || v.Running() != 0 {
		t.Errorf("%d sessions, %d running", next.Sessions(), v.Running())
	}
}

func TestConnectsWithPlan(t *testing.T) {
	server, _ := pair(t)
	zones, _ := zone.NewTable([]*zone.Zone{{Name: "int", Prefixes: []netip.Prefix{netip.MustParsePrefix("172.16.20.0/24")}}})
	for limit, verdict := range map[string]session.Verdict{"int": session.Accepted, "dmz": session.DeniedByPolicy} {
		v := &Service{Name: "in", Class: class{}, Router: directed(), LimitTargetZones: []string{limit}, Keepalive: KeepaliveBoth}
		env := &Env{
			Dial: func(context.Context, stream.Addr, route.Local) (net.Conn, error) { return server, nil },
			Serve: func(ctx context.Context, _ proxy.Protocol, _ *session.Session, c net.Conn, connect func(context.Context) (net.Conn, error)) {
				if conn, err := connect(ctx); (err == nil) != (verdict == session.Accepted) || (err == nil) != (conn == server) {
					t.Errorf("limit %s: connection %v, error %v", limit, conn, err)
				}
				c.Close()
			},
		}
		s := newSession(io.Discard)
		s.Zones = zones
		near, _ := pair(t)
		v.Run(t.Context(), env, s, near)
		if s.Verdict != verdict || s.Server.String() != "172.16.20.254:25" {
			t.Errorf("limit %s: %+v", limit, s)
		}
	}
}

func TestLimitIsNeverExceeded(t *testing.T) {
	const limit, clients = 3, 40
	v := &Service{Name: "in", MaxInstances: limit, Class: class{busy: "421 Too busy\r\n"}}
	var running, most, served atomic.Int64
	leave := make(chan struct{})
	env := &Env{Serve: func(_ context.Context, _ proxy.Protocol, _ *session.Session, c net.Conn, _ func(context.Context) (net.Conn, error)) {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		served.Add(1)
		<-leave
		running.Add(-1)
		c.Close()
	}}
	var all, turnedAway sync.WaitGroup
	turnedAway.Add(clients - limit)
	for range clients {
		near, far := pair(t)
		all.Go(func() {
			s := newSession(io.Discard)
			v.Run(t.Context(), env, s, near)
			if s.Verdict == session.DeniedByLimit {
				if text, _ := io.ReadAll(far); string(text) != "421 Too busy\r\n" {
					t.Errorf("the client read %q", text)
				}
				turnedAway.Done()
			}
		})
		far.CloseWrite()
	}
	turnedAway.Wait()
	close(leave)
	all.Wait()
	if most.Load() > limit || served.Load() != limit || v.Sessions() != clients || v.Running() != 0 {
		t.Errorf("%d at a time, %d served, %d in all, %d left", most.Load(), served.Load(), v.Sessions(), v.Running())
	}
}

// A client that has sent something must still be able to read why it is turned away.
func TestBusyTextSurvivesUnreadInput(t *testing.T) {
	v := &Service{Name: "in", MaxInstances: 1, Class: class{busy: "421 Too busy\r\n"}}
	v.enter(newSession(io.Discard))
	near, far := pair(t)
	if _, err := far.Write([]byte("EHLO early\r\n")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	s := newSession(io.Discard)
	go func() { defer close(done); v.Run(t.Context(), &Env{}, s, near) }()
	text, err := io.ReadAll(far)
	if string(text) != "421 Too busy\r\n" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
	far.Close()
	<-done
	if s.Count.ToClient != int64(len(text)) || !strings.Contains(s.Reason, `service "in" has max_instances=1`) {
		t.Errorf("session %+v", s)
	}
}

func TestClassFails(t *testing.T) {
	v := &Service{Name: "in", Class: class{new: func() error { return errors.New("config: mail.star:3:1: no such name") }}}
	near, far := pair(t)
	s := newSession(io.Discard)
	v.Run(t.Context(), &Env{}, s, near)
	if s.Verdict != session.AbortedByPolicyAction || s.Reason != "class FakeProxy cannot be set up: config: mail.star:3:1: no such name" {
		t.Errorf("%s: %s", s.Verdict, s.Reason)
	}
	if n, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestPanicEndsOneSession(t *testing.T) {
	server, serverFar := pair(t)
	v := &Service{Name: "in", Router: directed(), Chainer: &chain.Connect{}, Class: class{}}
	env := &Env{
		Dial: func(context.Context, stream.Addr, route.Local) (net.Conn, error) { return server, nil },
		Serve: func(ctx context.Context, _ proxy.Protocol, _ *session.Session, _ net.Conn, connect func(context.Context) (net.Conn, error)) {
			_, _ = connect(ctx)
			panic("a bug")
		},
	}
	near, far := pair(t)
	var log strings.Builder
	s := newSession(&log)
	v.Run(t.Context(), env, s, near)
	if s.Verdict != session.DeniedByUnknownFail || s.Reason != "panic: a bug" || v.Running() != 0 {
		t.Errorf("session %+v, %d running", s, v.Running())
	}
	if strings.Count(log.String(), "run_test.go") == 0 || !strings.Contains(log.String(), "session=svc//in:0") {
		t.Errorf("log lacks session or stack:\n%s", log.String())
	}
	for _, c := range []net.Conn{far, serverFar} {
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v, want the end", err)
		}
	}
}
