package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// post sends a form from another host.
func post(s *Server, path, form string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.RemoteAddr, r.Host = "192.0.2.1:4000", "mail.example:9025"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w
}

func TestSignIn(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	s := newServer(t, func(o *Options) { o.Now = func() time.Time { return now } })
	s.Ready()
	const far = "192.0.2.1:4000"
	form := request(s, "GET", "/", far)
	if body := form.Body.String(); form.Code != 401 || !strings.Contains(body, `action="/login"`) || strings.Contains(body, "v1") || strings.Contains(body, "mail.star") {
		t.Errorf("a stranger gets %d %s", form.Code, body)
	}
	for _, wrong := range []string{"", "token=", "token=" + secret[:15], "token=" + strings.Repeat("x", 2*loginBytes)} {
		if got := post(s, "/login", wrong); got.Code != 401 || got.Header().Get("Set-Cookie") != "" || !strings.Contains(got.Body.String(), "That is not the token") {
			t.Errorf("%.20q: %d, %v", wrong, got.Code, got.Header())
		}
	}
	if got := post(s, "/login", "token="+secret, "Sec-Fetch-Site", "cross-site"); got.Code != 403 {
		t.Errorf("from a page of another site: %d", got.Code)
	}
	in := post(s, "/login", "token="+secret)
	if in.Code != http.StatusSeeOther || len(in.Result().Cookies()) != 1 {
		t.Fatalf("%d, %v", in.Code, in.Header())
	}
	c := in.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 12*3600 || strings.Contains(c.Value, secret) || len(c.Value) < 20 {
		t.Errorf("cookie %v", c)
	}
	known := cookie + "=" + c.Value
	for _, q := range []struct {
		method, path string
		want         int
	}{{"GET", "/", 200}, {"GET", "/status", 200}, {"HEAD", "/", 200}, {"POST", "/reload", 401}, {"POST", "/sessions/x/kill", 401}} {
		if got := request(s, q.method, q.path, far, "Cookie", known); got.Code != q.want {
			t.Errorf("signed in: %s %s: %d, not %d", q.method, q.path, got.Code, q.want)
		}
	}
	if got := request(s, "GET", "/", far, "Cookie", known); !strings.Contains(got.Body.String(), "Sign out") {
		t.Error("who is signed in cannot sign out")
	}
	if got := request(s, "GET", "/", far, "Cookie", known+"x"); got.Code != 401 {
		t.Errorf("another cookie: %d", got.Code)
	}
	now = now.Add(loginTime)
	if got := request(s, "GET", "/status", far, "Cookie", known); got.Code != 401 {
		t.Errorf("after %s: %d", loginTime, got.Code)
	}
}

func TestSignOut(t *testing.T) {
	s := newServer(t, nil)
	known := cookie + "=" + post(s, "/login", "token="+secret).Result().Cookies()[0].Value
	if got := post(s, "/logout", "", "Cookie", known, "Sec-Fetch-Site", "cross-site"); got.Code != 403 {
		t.Errorf("from a page of another site: %d", got.Code)
	}
	if got := post(s, "/logout", "", "Cookie", known); got.Code != http.StatusSeeOther {
		t.Errorf("%d", got.Code)
	}
	if got := request(s, "GET", "/", "192.0.2.1:4000", "Cookie", known); got.Code != 401 {
		t.Errorf("after signing out: %d", got.Code)
	}
}

func TestLoginsAreBounded(t *testing.T) {
	l, now := &logins{}, time.Now()
	first := l.add(now)
	for i := range 3 * maxLogins {
		last := l.add(now.Add(time.Duration(i+1) * time.Second))
		if !l.has(last, now) {
			t.Fatal("the newest login is unknown")
		}
	}
	if len(l.known) != maxLogins || l.has(first, now) {
		t.Errorf("%d logins; the oldest one is known: %t", len(l.known), l.has(first, now))
	}
}

func TestNoTokenNoForm(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Token = "" })
	if got := request(s, "GET", "/", "192.0.2.1:4000"); got.Code != 401 || strings.Contains(got.Body.String(), "<form") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := post(s, "/login", "token="); got.Code != 401 || got.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

func TestPageIsServed(t *testing.T) {
	s := newServer(t, nil)
	s.Ready()
	got := request(s, "GET", "/", "127.0.0.1:4000")
	if got.Code != 200 || !strings.Contains(got.Body.String(), "Nothing is wrong.") || strings.Contains(got.Body.String(), "Sign out") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := request(s, "GET", "/nothing", "127.0.0.1:4000"); got.Code != 404 {
		t.Errorf("%d", got.Code)
	}
}
