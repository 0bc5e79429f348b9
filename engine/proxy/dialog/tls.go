package dialog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Sessional is a Protocol that shows its session, for the player to note in it which sides are under TLS.
type Sessional interface {
	Session() *session.Session
}

// ErrHandshake is what a protocol hears after "c tls failed".
var ErrHandshake = errors.New("handshake failed")

// secure is the side that the protocol wants TLS on.
type secure struct {
	wanted bool
	side   proxy.Side
}

// Secure notes that TLS is to begin.
func (e *exchange) Secure(side proxy.Side) { e.secure = secure{true, side} }

// tls lets it begin, or fail.
func (e *exchange) tls(side proxy.Side, how string) error {
	if !e.secure.wanted || e.secure.side != side {
		return fmt.Errorf("the protocol did not begin TLS with the %s", side)
	}
	if how == "failed" {
		e.secured(ErrHandshake)
		return nil
	}
	e.note(side, how == "")
	e.secured(nil)
	return nil
}

func (e *exchange) secured(err error) {
	side := e.secure.side
	e.secure = secure{}
	if err != nil {
		e.hung[side] = true
	}
	e.protocol.(proxy.Securer).Secured(e, side, err)
}

// injected fails a handshake that something in clear came before.
func (e *exchange) injected() bool {
	if !e.secure.wanted || len(e.in[e.secure.side]) == 0 {
		return false
	}
	e.out[e.secure.side] = nil // not written
	e.secured(proxy.ErrInjected)
	return true
}

// note fills in the session what a handshake would.
func (e *exchange) note(side proxy.Side, verified bool) {
	s := e.session()
	if s == nil {
		return
	}
	state := &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, CipherSuite: tls.TLS_AES_128_GCM_SHA256}
	if side == proxy.Server && verified {
		state.VerifiedChains = [][]*x509.Certificate{{}}
	}
	s.Secured(side.String(), state)
}

func (e *exchange) session() *session.Session {
	if p, ok := e.protocol.(Sessional); ok {
		return p.Session()
	}
	return nil
}

// begin has the sides under TLS that are so from their first byte.
func (e *exchange) begin() {
	s := e.session()
	if s == nil || s.Encryption == nil {
		return
	}
	if s.Encryption.Client.Mode == encryption.Implicit {
		e.note(proxy.Client, false)
	}
	if s.Encryption.Server.Mode == encryption.Implicit {
		e.note(proxy.Server, true)
	}
}
