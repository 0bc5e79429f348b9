package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/journal"
)

const secret = "0123456789abcdef"

func newServer(t *testing.T, change func(*Options)) *Server {
	t.Helper()
	o := Options{
		Engine: engine.New(engine.Options{Log: slog.New(slog.DiscardHandler)}), Version: "v1", Files: []string{"mail.star"}, Token: secret,
		Log: slog.New(slog.DiscardHandler), Reload: func() Outcome { return Outcome{OK: true, Changes: []string{"rule added"}} },
	}
	if change != nil {
		change(&o)
	}
	return New(o)
}

// request has s answer a request from somewhere; "" is a unix socket.
func request(s *Server, method, path, from string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr, r.Host = from, "127.0.0.1:9025"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w
}

func TestWhoMayAsk(t *testing.T) {
	s := newServer(t, nil)
	s.Ready()
	const local, far = "127.0.0.1:4000", "192.0.2.1:4000"
	for _, c := range []struct {
		name, method, path, from string
		header                   []string
		want                     int
	}{
		{"the unix socket", "GET", "/status", "", nil, 200},
		{"the unix socket, whatever the name", "GET", "/status", "@", []string{"Host", "zorpgo"}, 200},
		{"this host", "GET", "/status", local, nil, 200},
		{"this host by IPv6", "GET", "/status", "[::1]:4000", []string{"Host", "[::1]:9025"}, 200},
		{"another host", "GET", "/status", far, nil, 401},
		{"another host with the token", "GET", "/status", far, []string{"Authorization", "Bearer " + secret}, 200},
		{"another host with a part of it", "GET", "/status", far, []string{"Authorization", "Bearer " + secret[:15]}, 401},
		{"another host with no token", "GET", "/status", far, []string{"Authorization", "Bearer "}, 401},
		{"a page that took a name of its own here", "GET", "/status", local, []string{"Host", "evil.example"}, 403},
		{"a page of another origin", "POST", "/reload", local, []string{"Origin", "http://evil.example"}, 403},
		{"a program of this host", "POST", "/reload", local, nil, 200},
		{"GET changes nothing", "GET", "/reload", "", nil, 405},
		{"GET ends nothing", "GET", "/sessions/svc/mail/in:0/kill", "", nil, 405},
		{"a session that is not there", "POST", "/sessions/svc%2Fmail%2Fin:0/kill", "", nil, 404},
		{"no session", "POST", "/sessions/kill", "", nil, 404},
		{"profiles, not asked for", "GET", "/debug/pprof/", "", nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := request(s, c.method, c.path, c.from, c.header...); got.Code != c.want {
				t.Errorf("%d %s, not %d", got.Code, got.Body, c.want)
			}
		})
	}
	if got := request(newServer(t, func(o *Options) { o.Pprof = true }), "GET", "/debug/pprof/", ""); got.Code != 200 {
		t.Errorf("profiles: %d", got.Code)
	}
	none := newServer(t, func(o *Options) { o.Token = "" })
	if got := request(none, "GET", "/status", far, "Authorization", "Bearer "); got.Code != 401 {
		t.Errorf("no token at all: %d", got.Code)
	}
}

func TestLifecycle(t *testing.T) {
	stuck := error(nil)
	s := newServer(t, func(o *Options) { o.Health = func(context.Context) error { return stuck } })
	check := func(when, path string, want int) {
		t.Helper()
		if got := request(s, "GET", path, ""); got.Code != want {
			t.Errorf("%s: %s says %d, not %d", when, path, got.Code, want)
		}
	}
	check("starting", "/readyz", 503)
	check("starting", "/healthz", 200)
	if got := request(s, "POST", "/reload", ""); got.Code != 409 {
		t.Errorf("a reload while starting: %d", got.Code)
	}
	s.Ready()
	check("serving", "/readyz", 200)
	stuck = errors.New("stuck")
	check("stuck", "/healthz", 503)
	s.Drain()
	check("draining", "/readyz", 503)
	if got := request(s, "POST", "/reload", ""); got.Code != 409 {
		t.Errorf("a reload while draining: %d", got.Code)
	}
	var v Status
	if err := json.Unmarshal(request(s, "GET", "/status", "").Body.Bytes(), &v); err != nil || v.State != "draining" || v.Version != "v1" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestReloadTells(t *testing.T) {
	good := false
	s := newServer(t, func(o *Options) {
		o.Reload = func() Outcome {
			return Outcome{OK: good, Exit: 1, Errors: []string{"no"}, Report: json.RawMessage(`{"errors":1}`)}
		}
	})
	s.Ready()
	for _, want := range []int{422, 200} {
		got := request(s, "POST", "/reload", "")
		var o Outcome
		if err := json.Unmarshal(got.Body.Bytes(), &o); err != nil || got.Code != want || o.OK != good || !strings.Contains(string(o.Report), `"errors": 1`) {
			t.Errorf("%d %s, %v", got.Code, got.Body, err)
		}
		if last := s.Status().LastReload; last == nil || last.OK != good || last.Time.IsZero() {
			t.Errorf("the status says %+v", last)
		}
		good = true
	}
}

func TestSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mail.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second listener: %v", err)
	}
	s := newServer(t, nil)
	s.Serve(l)
	t.Cleanup(s.Close)
	t.Setenv("RUNTIME_DIRECTORY", dir)
	if _, err := ListenDefault("mail"); !errors.Is(err, ErrInUse) {
		t.Errorf("the default socket: %v", err)
	}
	other, err := ListenDefault("")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Addr().String() != filepath.Join(dir, "default.sock") {
		t.Errorf("the socket of a policy without a name: %s", other.Addr())
	}
	c := http.Client{Transport: &http.Transport{DialContext: dialer(path), DisableKeepAlives: true}}
	answer, err := c.Get("http://zorpgo/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != "ok\n" {
		t.Errorf("healthz: %q", text)
	}
}

func dialer(path string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
}

// TestPageTellsOfRefusals: what the log tells of a refusal stands on the page.
func TestPageTellsOfRefusals(t *testing.T) {
	recent := &journal.Recent{}
	s := newServer(t, func(o *Options) { o.Recent = recent })
	log := slog.New(journal.New(slog.DiscardHandler, journal.Options{Recent: recent, Verbosity: journal.NewVerbosity(0, nil)}))
	log.WarnContext(journal.Refused, "connection reset", "tag", "core.policy", "verbosity", 2, "client", "192.0.2.77:4000", "reason", "no rule matches")
	if got := request(s, "GET", "/", ""); got.Code != 200 || !strings.Contains(got.Body.String(), "192.0.2.77:4000") {
		t.Errorf("%d %s, %v", got.Code, got.Body, recent.List())
	}
}
