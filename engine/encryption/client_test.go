package encryption

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"regexp"
	"sync"
	"testing"
	"time"

	"zorpgo/engine/encryption/certtest"
)

// trusting is a client that verifies mail.example.com.
func trusting(a *certtest.Authority) *tls.Config {
	return &tls.Config{RootCAs: a.Pool, ServerName: "mail.example.com"}
}

// rsaKey is that of mail.example.com.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func mailSide(s *stand, files *Files, a *certtest.Authority, o Options) ClientSide {
	c := s.certificate(files, "mail", a.Make(certtest.Wanted{Names: []string{"mail.example.com"}, Key: rsaKey()}))
	return NewClientSide(StartTLS, Client{Certificates: &Choice{Default: c}, Options: o}, files)
}

// TLS-08: what is older than TLS 1.2 is refused unless a policy says otherwise, and TLS 1.2 can be, too.
func TestVersions(t *testing.T) {
	a := certtest.Root(t, "root")
	for _, c := range []struct {
		name    string
		options Options
		client  uint16
		want    string
	}{
		{"TLS 1.0", Options{}, tls.VersionTLS10, "unsupported versions"},
		{"TLS 1.1", Options{}, tls.VersionTLS11, "unsupported versions"},
		{"TLS 1.2", Options{}, tls.VersionTLS12, ""},
		{"TLS 1.3", Options{}, tls.VersionTLS13, ""},
		{"TLS 1.2 where 1.3 is wanted", Options{MinVersion: tls.VersionTLS13}, tls.VersionTLS12, "unsupported versions"},
		{"TLS 1.0 where it is allowed", Options{MinVersion: tls.VersionTLS10}, tls.VersionTLS10, ""},
		{"TLS 1.0 where 1.1 is allowed", Options{MinVersion: tls.VersionTLS11}, tls.VersionTLS10, "unsupported versions"},
		{"TLS 1.3 where it is not allowed", Options{MaxVersion: tls.VersionTLS12}, tls.VersionTLS13, "unsupported versions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, files := newStand(t)
			side, client := mailSide(s, files, a, c.options), trusting(a)
			client.MinVersion, client.MaxVersion = c.client, c.client
			state, _, err := meet(t, &side, client)
			says(t, err, c.want)
			if err == nil && state.Version != c.client {
				t.Errorf("version %x", state.Version)
			}
		})
	}
}

func TestChosenCiphers(t *testing.T) {
	a := certtest.Root(t, "root")
	s, files := newStand(t)
	ciphers, err := Ciphers("ECDHE+AES256:!SHA1")
	if err != nil {
		t.Fatal(err)
	}
	side, client := mailSide(s, files, a, Options{Ciphers: ciphers}), trusting(a)
	client.MaxVersion = tls.VersionTLS12
	state, _, err := meet(t, &side, client)
	if err != nil || state.CipherSuite != tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 {
		t.Errorf("%s, %v", tls.CipherSuiteName(state.CipherSuite), err)
	}
	client.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	_, _, err = meet(t, &side, client)
	says(t, err, "no cipher suite supported")
}

// names matches names by a pattern.
type names string

func (n names) Match(_ context.Context, name string) (bool, error) {
	return regexp.MatchString(string(n), name)
}

// TLS-13: the certificate is that of the name that the client asks for; the whole chain is sent.
func TestCertificateByName(t *testing.T) {
	root := certtest.Root(t, "root")
	below := root.Below("intermediate")
	s, files := newStand(t)
	issue := func(name string) *Certificate {
		return s.certificate(files, name, below.Make(certtest.Wanted{Names: []string{name}}))
	}
	choice := &Choice{Names: []Named{
		{names(`^mail\.`), issue("mail.example.com")}, {names(`\.example\.(com|net)$`), issue("mx.example.net")}}, Default: issue("fw.example.org")}
	with := NewClientSide(Implicit, Client{Certificates: choice}, files)
	without := NewClientSide(Implicit, Client{Certificates: &Choice{Names: choice.Names}}, files)
	for _, c := range []struct{ asks, shown, withoutDefault string }{
		{"mail.example.com", "mail.example.com", ""},
		{"MAIL.example.com", "mail.example.com", ""},
		{"mx.example.net", "mx.example.net", ""},
		{"fw.example.org", "fw.example.org", "there is no certificate for the name"},
		{"", "fw.example.org", "there is no certificate for the name"},
	} {
		client := &tls.Config{RootCAs: root.Pool, ServerName: c.asks, InsecureSkipVerify: c.asks == ""}
		state, _, err := meet(t, &with, client)
		if says(t, err, ""); err == nil && (state.PeerCertificates[0].Subject.CommonName != c.shown || len(state.PeerCertificates) != 2) {
			t.Errorf("%q is shown %d certificates, the first of %s", c.asks, len(state.PeerCertificates), state.PeerCertificates[0].Subject)
		}
		_, _, err = meet(t, &without, client)
		says(t, err, c.withoutDefault)
	}
}

func TestClientCertificates(t *testing.T) {
	a, other := certtest.Root(t, "root"), certtest.Root(t, "another root")
	below := a.Below("one").Below("two")
	good := a.Make(certtest.Wanted{Names: []string{"client.example"}})
	expired := a.Make(certtest.Wanted{Names: []string{"client.example"}, From: time.Now().AddDate(0, -2, 0), Until: time.Now().AddDate(0, -1, 0)})
	foreign := other.Make(certtest.Wanted{Names: []string{"client.example"}})
	deep := below.Make(certtest.Wanted{Names: []string{"client.example"}})
	revoked := a.Make(certtest.Wanted{Names: []string{"client.example"}})
	self := certtest.SelfSigned(t, certtest.Wanted{Names: []string{"client.example"}})
	web := a.Make(certtest.Wanted{Names: []string{"client.example"}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	none := certtest.Issued{}
	s, files := newStand(t)
	authorities, err := NewAuthorities(files, s.file("ca/root.pem", string(a.PEM))[:len(s.dir)+3])
	if err != nil {
		t.Fatal(err)
	}
	lists := func(name, text string) *Revocations {
		r, err := NewRevocations(files, s.file(name+"/list.crl", text)[:len(s.dir)+1+len(name)])
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	current := lists("crl", a.Revoke(time.Now().AddDate(0, 0, 7), revoked.Cert))
	stale := lists("stale", a.Revoke(time.Now().AddDate(0, 0, -1)))
	nothing := lists("nothing", "no list")
	forged := certtest.Root(t, "root")
	fake := lists("fake", forged.Revoke(time.Now().AddDate(0, 0, 7)))
	pins := s.file("pins/127.0.0.1", self.PEM)[:len(s.dir)+5]
	trusted := Verifier{Required: true, Trusted: true, Depth: 4, Authorities: authorities}
	with := func(change func(v *Verifier)) Verifier {
		v := trusted
		change(&v)
		return v
	}
	untrusted := with(func(v *Verifier) { v.Trusted = false })
	for _, c := range []struct {
		name     string
		verifier Verifier
		shows    certtest.Issued
		want     string
	}{
		{"good", trusted, good, ""},
		{"none where one is required", trusted, none, "client didn't provide a certificate"},
		{"none where none is required", with(func(v *Verifier) { v.Required = false }), none, ""},
		{"expired", trusted, expired, "it expired on"},
		{"foreign", trusted, foreign, "no authority that is trusted issued it"},
		{"foreign where none is required", with(func(v *Verifier) { v.Required = false }), foreign, "no authority"},
		{"self-signed", trusted, self, "it is self-signed"},
		{"for web servers", trusted, web, "it is not for this use"},
		{"foreign where trust is not asked", untrusted, foreign, ""},
		{"self-signed where trust is not asked", untrusted, self, ""},
		{"expired where trust is not asked", untrusted, expired, "it expired on"},
		{"expired where that is permitted", with(func(v *Verifier) { v.Trusted, v.PermitInvalid = false, true }), expired, ""},
		{"expired where that is permitted of what is not trusted", with(func(v *Verifier) { v.PermitInvalid = true }), expired, "it expired on"},
		{"deep", trusted, deep, ""},
		{"too deep", with(func(v *Verifier) { v.Depth = 2 }), deep, "3 authorities stand above it, at most 2 may"},
		{"not revoked", with(func(v *Verifier) { v.Revocations = current }), good, ""},
		{"revoked", with(func(v *Verifier) { v.Revocations = current }), revoked, "it is revoked"},
		{"a stale list", with(func(v *Verifier) { v.Revocations = stale }), good, "out of date"},
		{"a forged list", with(func(v *Verifier) { v.Revocations = fake }), good, "not signed"},
		{"no list", with(func(v *Verifier) { v.Revocations = nothing }), good, "there is no revocation list"},
		{"no list where that is permitted", with(func(v *Verifier) { v.Revocations, v.PermitMissingCRL = nothing, true }), good, ""},
		{"no list of an intermediate", with(func(v *Verifier) { v.Revocations = current }), deep, "there is no revocation list"},
		{"the fingerprint", with(func(v *Verifier) { v.Fingerprints = []Fingerprint{sha256.Sum256(self.Cert.Raw)} }), self, ""},
		{"another fingerprint", with(func(v *Verifier) { v.Fingerprints = []Fingerprint{sha256.Sum256(self.Cert.Raw)} }), good, "another certificate"},
		{"the pin of the address", with(func(v *Verifier) { v.Pins = pins }), self, ""},
		{"another than the pin", with(func(v *Verifier) { v.Pins = pins }), good, "another certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			certificate := s.certificate(files, "mail", a.Make(certtest.Wanted{Names: []string{"mail.example.com"}}))
			side := NewClientSide(Implicit, Client{Certificates: &Choice{Default: certificate}, Verifier: &c.verifier}, files)
			client := trusting(a)
			if c.shows.Cert != nil {
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.shows.TLS, nil }
			}
			_, server, err := meet(t, &side, client)
			says(t, err, c.want)
			if err == nil && c.shows.Cert != nil && !server.PeerCertificates[0].Equal(c.shows.Cert) {
				t.Error("the side does not know the client's certificate")
			}
		})
	}
}

// A client is told the names of authorities only if the policy says so.
func TestHints(t *testing.T) {
	a := certtest.Root(t, "root")
	s, files := newStand(t)
	authorities, err := NewAuthorities(files, s.file("root.pem", string(a.PEM)))
	if err != nil {
		t.Fatal(err)
	}
	for _, hints := range []*Authorities{nil, authorities} {
		v := &Verifier{Trusted: true, Depth: 4, Authorities: authorities, Hints: hints}
		c := s.certificate(files, "mail", a.Make(certtest.Wanted{Names: []string{"mail.example.com"}}))
		side, client, told := NewClientSide(Implicit, Client{Certificates: &Choice{Default: c}, Verifier: v}, files), trusting(a), -1
		client.GetClientCertificate = func(i *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			told = len(i.AcceptableCAs)
			return &tls.Certificate{}, nil
		}
		if _, _, err := meet(t, &side, client); err != nil || (told == 1) != (hints != nil) {
			t.Errorf("%d names, %v", told, err)
		}
	}
}
