// Package encryption is TLS on either side of a session: when it begins, with which certificate, and what is verified.
//
// A policy declares a Policy (Zorp's EncryptionPolicy) with what each side does; whoever drives a session calls Accept
// or Connect at the moment that the protocol says. There is no way back: a handshake that fails ends the connection.
package encryption

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"zorpgo/engine/source"
)

// HandshakeTimeout is how long a handshake may take, from its first byte to its last.
const HandshakeTimeout = 30 * time.Second

// Mode is when a side is encrypted.
type Mode uint8

// The modes.
const (
	Plain            Mode = iota // never
	Implicit                     // from the first byte (Zorp's FORCE_SSL)
	StartTLS                     // clients: offered (ACCEPT_STARTTLS); servers: begun if the server offers it (not Zorp's)
	StartTLSRequired             // clients: nothing but the way there before it (not Zorp's); servers: no session without it (not Zorp's)
	Forward                      // servers: begun when the client asks for it (FORWARD_STARTTLS)
)

// Policy is what the two sides of a session do. It is not changed once it is in use.
type Policy struct {
	Name   string
	Pos    source.Pos
	Client ClientSide
	Server ServerSide
}

// ClientSide is the encryption of connections from clients, whose TLS server this is.
type ClientSide struct {
	Mode   Mode
	Config *tls.Config
	Client Client // what Config is made of

	tickets *tickets
}

// ServerSide is the encryption of connections to servers, whose TLS client this is.
type ServerSide struct {
	Mode   Mode
	Config func(server netip.AddrPort) (*tls.Config, error) // what is verified may depend on the server
	Server Server                                           // what Config is made of
}

// Verifies reports whether who completes a handshake is the server that the policy means.
func (s *ServerSide) Verifies() bool {
	v := s.Server.Verifier
	return v != nil && v.Required && (len(v.Fingerprints) > 0 || v.Trusted && v.Name != "")
}

// Accept makes conn encrypted. The connection's state is verified as the policy wants it; on failure conn is of no use
// any more, and still the caller's to close. protocols are the names (ALPN) of what is spoken; a client that asks for
// others alone is refused by sides that NewClientSide made.
func (c *ClientSide) Accept(ctx context.Context, conn net.Conn, protocols ...string) (*tls.Conn, error) {
	w := newWire(conn)
	w.protocols = protocols
	encrypted, err := handshake(ctx, tls.Server(w, c.Config))
	if err != nil && w.refused != nil {
		return nil, w.refused
	}
	return encrypted, err
}

// Connect is Accept towards the server at to.
func (s *ServerSide) Connect(ctx context.Context, conn net.Conn, to netip.AddrPort) (*tls.Conn, error) {
	config, err := s.Config(to)
	if err != nil {
		return nil, err
	}
	return handshake(ctx, tls.Client(newWire(conn), config))
}

// handshake costs no goroutine, as one with a context would: the deadline ends it, and moves when ctx does.
func handshake(ctx context.Context, conn *tls.Conn) (*tls.Conn, error) {
	limit := time.Now().Add(HandshakeTimeout)
	if sooner, ok := ctx.Deadline(); ok && sooner.Before(limit) {
		limit = sooner
	}
	_ = conn.SetDeadline(limit) // what fails here fails in the handshake
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err := conn.Handshake()
	if !stop() {
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Time{})
}
