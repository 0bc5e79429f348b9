package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets requests pass that come by a unix socket, from this host, or with the token. A name in Host that is not
// this host's is a page in a browser which had its own name changed to point here (DNS rebinding).
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch from, err := netip.ParseAddrPort(r.RemoteAddr); {
		case err != nil || s.knows(r) || s.mayLook(r): // a unix socket has no such address
		case !from.Addr().Unmap().IsLoopback():
			s.stranger(w, r)
			return
		case !ownName(r.Host):
			http.Error(w, "this is no name of this host", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knows reports whether the request has the token.
func (s *Server) knows(r *http.Request) bool {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.isToken(got)
}

// isToken shows neither the bytes nor the length of the token in the time that it takes.
func (s *Server) isToken(got string) bool {
	want, have := sha256.Sum256([]byte(s.o.Token)), sha256.Sum256([]byte(got))
	return s.o.Token != "" && subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

func ownName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}
