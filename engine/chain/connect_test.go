package chain

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

func at(s string) stream.Addr { return stream.Addr{AddrPort: netip.MustParseAddrPort(s)} }

func newSession(t *testing.T, log *strings.Builder) *session.Session {
	t.Helper()
	parent := &zone.Zone{Name: "inside", Prefixes: []netip.Prefix{netip.MustParsePrefix("172.16.0.0/16")}}
	child := &zone.Zone{Name: "servers", Parent: parent, Prefixes: []netip.Prefix{netip.MustParsePrefix("172.16.20.0/24")}}
	zones, found := zone.NewTable([]*zone.Zone{parent, child})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return &session.Session{
		Client:      netip.MustParseAddrPort("172.16.40.10:41000"),
		ClientLocal: netip.MustParseAddrPort("172.16.40.1:25"),
		Direct:      true,
		Zones:       zones,
		Log:         slog.New(slog.NewTextHandler(log, nil)),
	}
}

// dialer notes where it is sent, and fails with err or gives one end of a pipe.
type dialer struct {
	to   stream.Addr
	from route.Local
	err  error
}

func (d *dialer) dial(_ context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
	d.to, d.from = to, from
	if d.err != nil {
		return nil, d.err
	}
	a, b := net.Pipe()
	b.Close()
	return a, nil
}

func TestConnect(t *testing.T) {
	var log strings.Builder
	forged := route.Local{Addr: netip.MustParseAddrPort("172.16.40.10:0"), Forged: true}
	for _, c := range []struct {
		name    string
		targets []stream.Addr
		want    string
	}{
		{"first target only", []stream.Addr{at("172.16.20.254:2525"), at("172.16.20.253:25")}, "172.16.20.254:2525"},
		{"port 0 is the client's", []stream.Addr{at("172.16.20.254:0")}, "172.16.20.254:25"},
		{"unix", []stream.Addr{{Path: "/run/mail"}}, "/run/mail"},
	} {
		s, d := newSession(t, &log), &dialer{}
		conn, err := (&Connect{}).Connect(t.Context(), d.dial, s, route.Plan{Targets: c.targets, Local: forged})
		if err != nil {
			t.Fatal(c.name, err)
		}
		conn.Close()
		if d.to.String() != c.want || s.Server != d.to || d.from != forged || s.Verdict != session.Accepted {
			t.Errorf("%s: dialled %s from %+v, session %+v", c.name, d.to, d.from, s)
		}
		if s.Server.Path == "" && s.ServerZone.String() != "servers" {
			t.Errorf("%s: server zone %q", c.name, s.ServerZone)
		}
	}
	if log.Len() > 0 {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestConnectFails(t *testing.T) {
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	forged := route.Local{Addr: netip.MustParseAddrPort("172.16.40.10:0"), Forged: true}
	servers := []stream.Addr{at("172.16.20.254:25")}
	for _, c := range []struct {
		name    string
		plan    route.Plan
		err     error
		verdict session.Verdict
		want    string
	}{
		{"no target", route.Plan{}, nil, session.DeniedByConnectionFail, "no destination: the router names no server"},
		{"refused", route.Plan{Targets: servers}, op(syscall.ECONNREFUSED), session.DeniedByConnectionFail,
			"172.16.20.254:25: connection refused"},
		{"forge", route.Plan{Targets: servers, Local: forged},
			&stream.SourceError{Source: stream.Source{Addr: forged.Addr, Transparent: true}, Err: syscall.EPERM},
			session.DeniedByConnectionFail, "cannot forge address 172.16.40.10: operation not permitted"},
		{"silent", route.Plan{Targets: servers}, op(os.ErrDeadlineExceeded), session.DeniedByConnectionFail,
			"172.16.20.254:25: no answer within 30s: context deadline exceeded"},
		{"silent, forged", route.Plan{Targets: servers, Local: forged}, op(os.ErrDeadlineExceeded), session.DeniedByConnectionFail,
			"172.16.20.254:25: no answer within 30s (its replies to the forged address 172.16.40.10 may not come back this way): context deadline exceeded"},
		{"itself", route.Plan{Targets: []stream.Addr{at("172.16.40.1:0")}}, nil, session.DeniedByConnectionFail,
			"the target 172.16.40.1:25 is the listener that the client connected to: give the service a DirectedRouter"},
		{"other zone", route.Plan{Targets: []stream.Addr{at("172.16.9.9:25")}, Zones: []string{"servers"}}, nil, session.DeniedByPolicy,
			`the server 172.16.9.9:25 is in zone "inside", the service is limited to ["servers"]`},
		{"no zone", route.Plan{Targets: []stream.Addr{at("192.0.2.1:25")}, Zones: []string{"servers", "inside"}}, nil, session.DeniedByPolicy,
			`the server 192.0.2.1:25 is in no zone, the service is limited to ["servers" "inside"]`},
	} {
		var log strings.Builder
		s, d := newSession(t, &log), &dialer{err: c.err}
		if c.err == nil {
			d.err = errors.New("was dialled")
		}
		conn, err := (&Connect{}).Connect(t.Context(), d.dial, s, c.plan)
		if err == nil || conn != nil || err.Error() != c.want || s.Reason != c.want || s.Verdict != c.verdict {
			t.Errorf("%s: error %v\nsession: %s, %s", c.name, err, s.Verdict, s.Reason)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%s: %d log lines:\n%s", c.name, n, log.String())
		}
		if c.err != nil && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.EPERM) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v does not wrap its cause", c.name, err)
		}
	}
}

func TestZoneLimitTakesParents(t *testing.T) {
	var log strings.Builder
	s, d := newSession(t, &log), &dialer{}
	conn, err := (&Connect{}).Connect(t.Context(), d.dial, s,
		route.Plan{Targets: []stream.Addr{at("172.16.20.254:25")}, Zones: []string{"elsewhere", "inside"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestTimeout(t *testing.T) {
	var log strings.Builder
	for limit, bounded := range map[time.Duration]bool{0: true, time.Millisecond: true, -1: false} {
		s := newSession(t, &log)
		_, _ = (&Connect{Timeout: limit}).Connect(t.Context(), func(ctx context.Context, _ stream.Addr, _ route.Local) (net.Conn, error) {
			if _, got := ctx.Deadline(); got != bounded {
				t.Errorf("timeout %s: deadline %t", limit, got)
			}
			return nil, context.DeadlineExceeded
		}, s, route.Plan{Targets: []stream.Addr{at("172.16.20.254:25")}})
	}
}

func TestDialStream(t *testing.T) {
	var log strings.Builder
	l, err := stream.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newSession(t, &log)
	conn, err := (&Connect{}).Connect(t.Context(), DialStream, s, route.Plan{
		Targets: []stream.Addr{{AddrPort: l.Addr().(*net.TCPAddr).AddrPort()}},
		Local:   route.Local{Addr: netip.MustParseAddrPort("127.0.0.5:0")},
	})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if s.ServerLocal.Addr().String() != "127.0.0.5" || s.ServerLocal.Port() == 0 {
		t.Errorf("server_local %s", s.ServerLocal)
	}
}
