package engine

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"zorpgo/engine/limit"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// TestClientLimit: a network has so many sessions, others theirs; what is refused is said, logged and counted.
func TestClientLimit(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		e, at, c, b := echoing(t, loops, 0)
		v := c.Services["in"]
		limited := *config(at + " in")
		limited.Services["in"].Router, limited.Services["in"].Limits = v.Router, limit.Limits{SessionsPerClient: 2}
		if err := e.Reload(&limited); err != nil {
			t.Fatal(err)
		}
		v = limited.Services["in"]
		first, second := connect(t, "127.0.0.2", at), connect(t, "127.0.0.2", at)
		says(t, first, "one")
		says(t, second, "two")
		if got := readLine(connect(t, "127.0.0.2", at)); got != "busy" {
			t.Errorf("the third session of a client: %q", got)
		}
		says(t, connect(t, "127.0.0.3", at), "another client")
		const reason = `reason="service \"in\" has max_sessions_per_client=2 sessions of 127.0.0.2/32 already"`
		if !eventually(func() bool { return strings.Contains(b.String(), "verdict=DENIED_BY_LIMIT "+reason) }) {
			t.Errorf("the log lacks the refusal:\n%s", b)
		}
		if v.Refused(limit.SessionsPerClient) != 1 || v.Networks() != 2 {
			t.Errorf("%d refused, %d networks", v.Refused(limit.SessionsPerClient), v.Networks())
		}
		survivesReload(t, e, at, &limited)
		first.Close()
		if !eventually(func() bool { return v.Running() == 2 }) {
			t.Fatalf("%d sessions", v.Running())
		}
		says(t, connect(t, "127.0.0.2", at), "again")
	})
}

// survivesReload: the sessions that there are count under the next policy, too.
func survivesReload(t *testing.T, e *Engine, at string, c *Config) {
	t.Helper()
	next := config(at + " in")
	next.Services["in"].Router, next.Services["in"].Limits = c.Services["in"].Router, c.Services["in"].Limits
	if err := e.Reload(next); err != nil {
		t.Fatal(err)
	}
	if got := readLine(connect(t, "127.0.0.2", at)); got != "busy" {
		t.Errorf("the third session of a client after a reload: %q", got)
	}
}

// TestRate: sessions that are over count for their minute.
func TestRate(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		e, b := hosted(t, loops)
		at := free(t, "127.0.0.1")
		c := config(at + " in")
		c.Services["in"].Router = &route.Directed{Dest: echo(t)}
		c.Services["in"].Limits = limit.Limits{RatePerClient: 2, Rate: 3}
		if err := e.Start(c); err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{"127.0.0.2", "127.0.0.2", "127.0.0.3"} {
			conn := connect(t, from, at)
			says(t, conn, "hello")
			conn.Close()
		}
		for from, want := range map[string]string{"127.0.0.2": "max_rate_per_client=2 sessions of 127.0.0.2/32", "127.0.0.4": "max_rate=3 sessions in a minute"} {
			if got := readLine(connect(t, from, at)); got != "busy" {
				t.Errorf("a session too soon: %q", got)
			}
			if !eventually(func() bool { return strings.Contains(b.String(), want) }) {
				t.Errorf("the log lacks %s:\n%s", want, b)
			}
		}
	})
}

// TestAnnouncedClientsAreLimited: behind a balancer each announced client has the limit, not the balancer.
func TestAnnouncedClientsAreLimited(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		_, at, _ := behind(t, loops, limit.Limits{SessionsPerClient: 1})
		for _, c := range []struct{ client, want string }{
			{"192.0.2.1", "220 ready\r"}, {"192.0.2.1", "421 4.7.0 Too many sessions, please try again later\r"}, {"192.0.2.2", "220 ready\r"},
		} {
			conn := connect(t, trusted, at)
			if _, err := io.WriteString(conn, "PROXY TCP4 "+c.client+" 192.0.2.2 40000 25\r\n"); err != nil {
				t.Fatal(err)
			}
			if got := readLine(conn); got != c.want {
				t.Errorf("%s is greeted with %q, want %q", c.client, got, c.want)
			}
		}
	})
}

// TestMaxConnections: the process has so many connections; who is one too many is told, whichever service it meets, and
// a PROXY header is not waited for.
func TestMaxConnections(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		noLeaks(t)
		b := &log{}
		e := New(Options{Log: slog.New(slog.NewTextHandler(b, nil)), Loops: loops, MaxConnections: 2})
		t.Cleanup(func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = e.Shutdown(ctx)
		})
		to := []stream.Addr(echo(t))
		one, two := free(t, "127.0.0.1"), free(t, "127.0.0.1")
		c := config(one+" in", two+" out")
		c.Services["in"].Router, c.Services["out"].Router = &route.Directed{Dest: to}, &route.Directed{Dest: to}
		if err := e.Start(c); err != nil {
			t.Fatal(err)
		}
		first := dial(t, one)
		says(t, first, "one")
		says(t, dial(t, two), "two")
		for _, at := range []string{one, two} {
			if got := readLine(dial(t, at)); got != "busy" {
				t.Errorf("a third connection: %q", got)
			}
		}
		if !eventually(func() bool {
			return strings.Count(b.String(), `verdict=DENIED_BY_LIMIT reason="this process has max-connections=2 connections already"`) == 2
		}) {
			t.Errorf("the log lacks the refusals:\n%s", b)
		}
		if n := c.Services["in"].Refused(limit.Connections); n != 1 {
			t.Errorf("%d refused", n)
		}
		first.Close()
		if !eventually(func() bool { return e.Status().Sessions == 1 }) {
			t.Fatalf("%d connections are left", e.Status().Sessions)
		}
		says(t, dial(t, one), "three")
	})
}

// TestManyTurnedAway (DOS-03): while a crowd that does not read and does not leave is turned away, sessions go on, and
// nothing of the crowd stays.
func TestManyTurnedAway(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		_, at, c, _ := echoing(t, loops, 1)
		stays := dial(t, at)
		says(t, stays, "one")
		var crowd []net.Conn
		for range 300 {
			crowd = append(crowd, dial(t, at))
		}
		if !eventually(func() bool { return c.Services["in"].Refused(limit.Sessions) == 300 }) {
			t.Errorf("%d refused", c.Services["in"].Refused(limit.Sessions))
		}
		says(t, stays, "two")
		for _, conn := range crowd {
			if got := readLine(conn); got != "busy" {
				t.Fatalf("one of the crowd: %q", got)
			}
		}
	})
}
