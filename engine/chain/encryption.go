package chain

import (
	"context"
	"fmt"
	"net"

	"zorpgo/engine/encryption"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Encryption is TLS from the first byte with the server of a session. A server that fails at it is one that failed.
type Encryption struct {
	session *session.Session
	side    *encryption.ServerSide
}

// encryptionOf is that of s; nil: it has none, or begins later.
func encryptionOf(s *session.Session) *Encryption {
	if s.Encryption == nil || s.PlayedTLS || s.Encryption.Server.Mode != encryption.Implicit {
		return nil
	}
	return &Encryption{s, &s.Encryption.Server}
}

// handshakeError is why a server has no TLS.
type handshakeError struct {
	to  stream.Addr
	err error
}

func (e *handshakeError) Error() string {
	return fmt.Sprintf("%s: no TLS: %s", e.to, encryption.Reason(e.err))
}

func (e *handshakeError) Unwrap() error { return e.err }

// Unencrypted is the failure of a server that has no TLS.
func (a *Aim) Unencrypted(err error) error { return &handshakeError{a.To, err} }

// encrypt does the handshake with a server if there is to be one. On failure conn is closed.
func encrypt(ctx context.Context, conn net.Conn, aim Aim) (net.Conn, error) {
	if aim.TLS == nil {
		return conn, nil
	}
	secured, err := aim.TLS.side.Connect(ctx, conn, aim.To.AddrPort)
	if err != nil {
		conn.Close()
		return nil, aim.Unencrypted(err)
	}
	aim.TLS.session.Mu.Lock()
	defer aim.TLS.session.Mu.Unlock()
	aim.TLS.session.Encrypted("server", secured)
	return secured, nil
}
