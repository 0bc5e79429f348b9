package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// layer is when a side of a session turns to TLS.
type layer int

const (
	clear layer = iota
	startTLS
	implicit
	layers
)

// security is how both sides of a proxy speak.
type security struct {
	client, server layer
	resumed        bool // sessions of TLS go on from earlier ones; else every handshake is a full one
}

// inClear reports whether nothing is encrypted.
func (s security) inClear() bool { return s.client == clear && s.server == clear }

// identity is the certificate that the origin and all proxies show.
type identity struct {
	pair            tls.Certificate
	cert, key, both string // files
}

const originName = "origin.bench.example"

func newIdentity(dir string) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	text := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: originName}, DNSNames: []string{originName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, text, text, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	i := &identity{
		pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), both: filepath.Join(dir, "both.pem"),
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for name, content := range map[string][]byte{i.cert: chain, i.key: secret, i.both: append(chain, secret...)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// common is TLS as all sides speak it here: what servers of OpenSSL 3.0 and of Go agree on, so that nobody has more
// arithmetic to do than another, and records of full size.
func common() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}, DynamicRecordSizingDisabled: true,
	}
}

// server is the origin's side.
func (i *identity) server(resumed bool) *tls.Config {
	c := common()
	c.Certificates = []tls.Certificate{i.pair}
	c.SessionTicketsDisabled = !resumed
	return c
}

// clients are the clients' side; those that share it resume each other's sessions.
func clients(resumed bool) *tls.Config {
	c := common()
	c.InsecureSkipVerify = true // the load generator is not what is measured
	if c.SessionTicketsDisabled = !resumed; resumed {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	return c
}
