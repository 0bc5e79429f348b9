package admin

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/trace"
)

func TestTraceRefused(t *testing.T) {
	s := newServer(t, nil)
	for range trace.MaxTracers {
		tracer, err := s.o.Engine.Trace().Follow(trace.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer tracer.Close()
	}
	for _, c := range []struct {
		name, query, from string
		header            []string
		want              int
		text              string
	}{
		{"one too many", "", "", nil, 503, "others are tracing already"},
		{"no client", "client=mars", "", nil, 400, `"mars" is no address`},
		{"no server", "server=venus", "", nil, 400, `"venus" is no server`},
		{"no number", "max-sessions=many", "", nil, 400, "a number from 1 to 10000"},
		{"too much", "max-bytes=1000000000", "", nil, 400, "a number from 1 to"},
		{"too long", "duration=1000h", "", nil, 400, "168h at most"},
		{"any user of this host", "", "127.0.0.1:4000", nil, 401, "a trace is for the control socket"},
		{"this host with the token", "", "127.0.0.1:4000", []string{"Authorization", "Bearer " + secret}, 503, "others"},
	} {
		if got := request(s, "GET", "/trace?"+c.query, c.from, c.header...); got.Code != c.want || !strings.Contains(got.Body.String(), c.text) {
			t.Errorf("%s: %d %s", c.name, got.Code, got.Body)
		}
	}
}

// serveTrace is a server that gives its clients less time than a trace takes, and a client of it.
func serveTrace(t *testing.T) (*Server, *http.Client) {
	t.Helper()
	s := newServer(t, nil)
	s.http.ReadTimeout, s.http.WriteTimeout = 20*time.Millisecond, 20*time.Millisecond
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(l)
	t.Cleanup(s.Close)
	return s, &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}}}
}

// TestTraceTakesItsTime: the limits of other requests do not cut it, its own does.
func TestTraceTakesItsTime(t *testing.T) {
	s, c := serveTrace(t)
	answer, err := c.Get("http://zorpgo/trace?duration=300ms")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.HasSuffix(string(text), "--- the trace ends: its time is over\n") {
		t.Errorf("%q, %v", text, err)
	}
	gone(t, s)
}

// gone waits until nobody follows.
func gone(t *testing.T, s *Server) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.o.Engine.Trace().Tracers() > 0; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("a tracer stays")
		}
	}
}

// TestTraceLeft: nothing is left of a trace whose client goes away.
func TestTraceLeft(t *testing.T) {
	s, c := serveTrace(t)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://zorpgo/trace", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	tap := trace.NewTap(s.o.Engine.Trace())
	tap.Tune(func() trace.Subject { return trace.Subject{ID: "svc/i/a:0", Started: time.Now()} })
	tap.Said("svc/i/a:0", trace.Client, trace.Server, "NOOP")
	in := bufio.NewScanner(answer.Body)
	for in.Scan() && !strings.HasSuffix(in.Text(), " svc/i/a:0 C>S NOOP") {
	}
	if in.Err() != nil {
		t.Error(in.Err())
	}
	leave()
	gone(t, s)
}

// TestTraceDrained: it ends when zorpgo stops.
func TestTraceDrained(t *testing.T) {
	s, c := serveTrace(t)
	answer, err := c.Get("http://zorpgo/trace?json=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	s.Drain()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), `"event":"closed","text":"the trace ends: zorpgo is stopping"`) {
		t.Errorf("%q, %v", text, err)
	}
}
