package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"zorpgo/engine/admin/page"
)

// cookie is what a browser that sent the token is known by.
const cookie = "zorpgo_admin"

// How many browsers may be signed in, for how long, and how much they may send to become so.
const (
	maxLogins  = 64
	loginTime  = 12 * time.Hour
	loginBytes = 4 << 10
)

// logins are the browsers that sent the token: what their cookies hash to, and until when they are good.
type logins struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time
}

// add makes the value of a new cookie. The login that ends first makes room.
func (l *logins) add(now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[[sha256.Size]byte]time.Time{}
	}
	l.sweep(now)
	value := rand.Text()
	l.known[sha256.Sum256([]byte(value))] = now.Add(loginTime)
	return value
}

func (l *logins) sweep(now time.Time) {
	var first [sha256.Size]byte
	for key, until := range l.known {
		if !now.Before(until) {
			delete(l.known, key)
		} else if end, ok := l.known[first]; !ok || until.Before(end) {
			first = key
		}
	}
	if len(l.known) >= maxLogins {
		delete(l.known, first)
	}
}

func (l *logins) has(value string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.known[sha256.Sum256([]byte(value))])
}

func (l *logins) remove(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, sha256.Sum256([]byte(value)))
}

// signedIn reports whether the request comes from a browser that sent the token.
func (s *Server) signedIn(r *http.Request) bool {
	c, err := r.Cookie(cookie)
	return err == nil && s.logins.has(c.Value, s.o.Now())
}

// mayLook reports whether the request is one that signing in is good for: it changes nothing but the login.
func (s *Server) mayLook(r *http.Request) bool {
	looks := r.Method == http.MethodGet || r.Method == http.MethodHead || r.URL.Path == "/logout"
	return looks && s.signedIn(r)
}

// stranger answers who is not known: in a browser, with a form for the token.
func (s *Server) stranger(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.o.Token != "" && r.Method == http.MethodGet && r.URL.Path == "/":
		_ = page.Login(w, false)
	case s.o.Token != "" && r.Method == http.MethodPost && r.URL.Path == "/login":
		s.crossOrigin.Handler(http.HandlerFunc(s.login)).ServeHTTP(w, r)
	default:
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a token is needed: see --admin-token-file", http.StatusUnauthorized)
	}
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, loginBytes)
	if !s.isToken(r.PostFormValue("token")) {
		s.o.Log.Warn("sign-in to the admin page refused", "client", r.RemoteAddr)
		_ = page.Login(w, true)
		return
	}
	s.o.Log.Info("signed in to the admin page", "client", r.RemoteAddr)
	s.setCookie(w, r, s.logins.add(s.o.Now()), int(loginTime/time.Second))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		s.logins.remove(c.Value)
	}
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
}
