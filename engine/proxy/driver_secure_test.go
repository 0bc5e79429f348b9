package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
)

// policyFor is TLS of both sides, and what their peers need.
func policyFor(t testing.TB) (p *encryption.Policy, client, server *tls.Config) {
	t.Helper()
	a := certtest.New(t)
	own, theirs := a.Issue(t, "proxy.example"), a.Issue(t, "server.example")
	p = &encryption.Policy{
		Name:   "test",
		Client: encryption.ClientSide{Mode: encryption.StartTLS, Config: &tls.Config{Certificates: []tls.Certificate{own}, DynamicRecordSizingDisabled: true}},
		Server: encryption.ServerSide{Mode: encryption.StartTLS, Config: func(netip.AddrPort) (*tls.Config, error) {
			return &tls.Config{RootCAs: a.Pool, ServerName: "server.example", DynamicRecordSizingDisabled: true}, nil
		}},
	}
	return p, &tls.Config{RootCAs: a.Pool, ServerName: "proxy.example"}, &tls.Config{Certificates: []tls.Certificate{theirs}}
}

// encrypted puts TLS around both ends of a connection.
func encrypted(t testing.TB, outer, inner net.Conn) (_, _ net.Conn) {
	t.Helper()
	p, config, _ := policyFor(t)
	far := tls.Client(outer, config)
	done := make(chan error, 1)
	go func() { done <- far.Handshake() }() // ends with the handshake
	near, err := p.Client.Accept(context.Background(), inner)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return far, near
}
