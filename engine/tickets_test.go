package engine

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
)

// Clients resume after a reload what they began before it, under the policy of the same name.
func TestTicketsOutliveReload(t *testing.T) {
	load := func(name string) *Config {
		pair := certtest.Pair("mail")
		chain, key := certtest.PEMOf(t, pair)
		c, err := encryption.NewCertificate(&encryption.Files{}, encryption.Source{Text: string(chain)}, encryption.Key{Source: encryption.Source{Text: string(key)}})
		if err != nil {
			t.Fatal(err)
		}
		side := encryption.NewClientSide(encryption.StartTLS, encryption.Client{Certificates: &encryption.Choice{Default: c},
			Options: encryption.Options{Lifetime: time.Minute}}, &encryption.Files{})
		policy := config("172.16.40.1:25 in")
		policy.EncryptionPolicies = []*encryption.Policy{{Name: name, Client: side}}
		return policy
	}
	e := newStand(t)
	first, second, other := load("tls"), load("tls"), load("other")
	client := &tls.Config{RootCAs: certtest.Roots(), ServerName: "mail.example.com", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	if err := e.Start(first); err != nil {
		t.Fatal(err)
	}
	resumes(t, first, client, false)
	for _, c := range []struct {
		config *Config
		want   bool
	}{{second, true}, {other, false}} {
		if err := e.Reload(c.config); err != nil {
			t.Fatal(err)
		}
		resumes(t, c.config, client, c.want)
	}
}

// resumes has a client handshake with the only encryption policy of c.
func resumes(t *testing.T, c *Config, config *tls.Config, want bool) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { // ends when far is closed
		if conn, err := c.EncryptionPolicies[0].Client.Accept(context.Background(), far); err == nil {
			_, _ = conn.Write([]byte("x"))
		}
	}()
	conn := tls.Client(near, config)
	if _, err := conn.Read(make([]byte, 1)); err != nil || conn.ConnectionState().DidResume != want {
		t.Errorf("resumed: %t, %v", conn.ConnectionState().DidResume, err)
	}
}
