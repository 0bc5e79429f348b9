package encryption

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"zorpgo/engine/encryption/certtest"
)

// TLS-09: a server whose certificate is self-signed, expired or for another name is refused; that nothing is verified is
// said by a policy.
func TestServerCertificates(t *testing.T) {
	a, other := certtest.Root(t, "root"), certtest.Root(t, "another root")
	good := a.Make(certtest.Wanted{Names: []string{"origin.example.com"}})
	expired := a.Make(certtest.Wanted{Names: []string{"origin.example.com"}, From: time.Now().AddDate(0, -2, 0), Until: time.Now().AddDate(0, -1, 0)})
	early := a.Make(certtest.Wanted{Names: []string{"origin.example.com"}, From: time.Now().AddDate(0, 0, 1)})
	self := certtest.SelfSigned(t, certtest.Wanted{Names: []string{"origin.example.com"}})
	foreign := other.Make(certtest.Wanted{Names: []string{"origin.example.com"}})
	wrong := a.Make(certtest.Wanted{Names: []string{"www.example.com"}})
	s, files := newStand(t)
	authorities, err := NewAuthorities(files, s.file("root.pem", string(a.PEM)))
	if err != nil {
		t.Fatal(err)
	}
	verified := Verifier{Required: true, Trusted: true, Depth: 4, Authorities: authorities, Name: "origin.example.com"}
	with := func(change func(v *Verifier)) *Verifier {
		v := verified
		change(&v)
		return &v
	}
	for _, c := range []struct {
		name     string
		verifier *Verifier
		server   certtest.Issued
		want     string
	}{
		{"good", &verified, good, ""},
		{"self-signed", &verified, self, "it is self-signed, and not one of the authorities"},
		{"expired", &verified, expired, "it expired on"},
		{"not valid yet", &verified, early, "it is not valid before"},
		{"of an unknown authority", &verified, foreign, "no authority that is trusted issued it"},
		{"for another name", &verified, wrong, "it is not for the name origin.example.com"},
		{"for another name that does not matter", with(func(v *Verifier) { v.Name = "" }), wrong, ""},
		{"of the host's authorities", with(func(v *Verifier) { v.Authorities = nil }), good, "no authority that is trusted"},
		{"self-signed where trust is not asked", with(func(v *Verifier) { v.Trusted = false }), self, ""},
		{"the fingerprint", with(func(v *Verifier) { v.Fingerprints = []Fingerprint{sha256.Sum256(expired.Cert.Raw)} }), expired, ""},
		{"another fingerprint", with(func(v *Verifier) { v.Fingerprints = []Fingerprint{sha256.Sum256(expired.Cert.Raw)} }), good, "another certificate"},
		{"not verified", nil, self, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			side := NewServerSide(StartTLS, Server{Verifier: c.verifier}, files)
			_, _, err := reach(t, &side, &tls.Config{Certificates: []tls.Certificate{c.server.TLS}})
			says(t, err, c.want)
		})
	}
}

// A pin is for one server; others are verified as usual.
func TestServerPins(t *testing.T) {
	a := certtest.Root(t, "root")
	good := a.Make(certtest.Wanted{Names: []string{"origin.example.com"}})
	self := certtest.SelfSigned(t, certtest.Wanted{Names: []string{"origin.example.com"}})
	s, files := newStand(t)
	pins := filepath.Dir(s.file("pins/192.0.2.1:25", self.PEM))
	s.file("pins/192.0.2.2:25", "no certificate")
	authorities, err := NewAuthorities(files, s.file("root.pem", string(a.PEM)))
	if err != nil {
		t.Fatal(err)
	}
	v := &Verifier{Required: true, Trusted: true, Depth: 4, Authorities: authorities, Name: "origin.example.com", Pins: pins}
	if err := v.CheckPins(files); err != nil {
		t.Fatal(err)
	}
	side := NewServerSide(StartTLS, Server{Verifier: v}, files)
	for _, c := range []struct {
		at    string
		shows certtest.Issued
		want  string
	}{
		{"192.0.2.1:25", self, ""},
		{"[::ffff:192.0.2.1]:25", self, ""},
		{"192.0.2.1:25", good, "another certificate"},
		{"192.0.2.1:26", good, ""},
		{"192.0.2.1:26", self, "self-signed"},
		{"192.0.2.2:25", good, "there is no certificate in it"},
	} {
		near, far := wire(t)
		_, _, err := reachAt(t, &side, &tls.Config{Certificates: []tls.Certificate{c.shows.TLS}}, near, far, netip.MustParseAddrPort(c.at))
		says(t, err, c.want)
	}
	says(t, (&Verifier{Pins: filepath.Join(s.dir, "none")}).CheckPins(files), "none cannot be opened")
	says(t, (&Verifier{Pins: filepath.Join(s.dir, "root.pem")}).CheckPins(files), "is no directory")
}

// What the side itself shows, and which name it asks for.
func TestShownToServer(t *testing.T) {
	a := certtest.Root(t, "root")
	own := a.Make(certtest.Wanted{Names: []string{"fw.example.com"}})
	s, files := newStand(t)
	side := NewServerSide(Implicit, Server{Certificate: s.certificate(files, "own", own), Verifier: &Verifier{Name: "origin.example.com"}}, files)
	asked, shown := "", ""
	server := &tls.Config{Certificates: []tls.Certificate{a.Make(certtest.Wanted{Names: []string{"origin.example.com"}}).TLS},
		ClientAuth: tls.RequireAnyClientCert, VerifyConnection: func(state tls.ConnectionState) error {
			asked, shown = state.ServerName, state.PeerCertificates[0].Subject.CommonName
			return nil
		}}
	if _, _, err := reach(t, &side, server); err != nil || asked != "origin.example.com" || shown != "fw.example.com" {
		t.Errorf("asked for %q, shown %q, %v", asked, shown, err)
	}
	old := &tls.Config{Certificates: server.Certificates, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	_, _, err := reach(t, &side, old)
	says(t, err, "protocol version")
}

// A session with a server is resumed for a time, and verified then, too.
func TestResumptionWithServer(t *testing.T) {
	a := certtest.Root(t, "root")
	good := a.Make(certtest.Wanted{Names: []string{"origin.example.com"}})
	s, files := newStand(t)
	load := func() (*Verifier, error) {
		authorities, err := NewAuthorities(files, s.file("ca/root.pem", string(a.PEM)))
		return &Verifier{Required: true, Trusted: true, Depth: 4, Authorities: authorities, Name: "origin.example.com"}, err
	}
	v, err := load()
	if err != nil {
		t.Fatal(err)
	}
	side := NewServerSide(Implicit, Server{Verifier: v, Options: Options{Lifetime: time.Minute}}, files)
	server := &tls.Config{Certificates: []tls.Certificate{good.TLS}}
	for i, c := range []struct {
		wait time.Duration
		want bool
	}{{0, false}, {time.Second, true}, {time.Minute + time.Second, false}} {
		s.pass(c.wait)
		if state, _, err := reach(t, &side, server); err != nil || state.DidResume != c.want {
			t.Errorf("%d: %t, %v", i, state.DidResume, err)
		}
	}
	s.file("ca/root.pem", string(certtest.Root(t, "another").PEM))
	s.pass(2 * time.Second)
	_, _, err = reach(t, &side, server)
	says(t, err, "no authority that is trusted")
}

// TLS-12: files that change are read by the next who needs them; what is no good leaves all as it was, and is said.
func TestFilesThatChange(t *testing.T) {
	a := certtest.Root(t, "root")
	s, files := newStand(t)
	first, second := a.Make(certtest.Wanted{Names: []string{"mail.example.com"}}), a.Make(certtest.Wanted{Names: []string{"mail.example.com"}})
	c := s.certificate(files, "mail", first)
	side := NewClientSide(StartTLS, Client{Certificates: &Choice{Default: c}}, files)
	shows := func(why string, want certtest.Issued, log string) {
		t.Helper()
		state, _, err := meet(t, &side, trusting(a))
		if err != nil || !state.PeerCertificates[0].Equal(want.Cert) {
			t.Errorf("%s: another certificate is shown, %v", why, err)
		}
		if got := s.logged(); !strings.Contains(got, log) || (got == "") != (log == "") {
			t.Errorf("%s: logged %q, want %q", why, got, log)
		}
	}
	shows("at first", first, "")
	s.file("mail.pem", second.PEM)
	shows("within a second", first, "")
	s.pass(2 * time.Second)
	shows("with the key of before", first, "level=ERROR msg=\"the certificate "+filepath.Join(s.dir, "mail.pem")+" stays as it was: ")
	s.pass(2 * time.Second)
	shows("with the key of before, again", first, "")
	s.file("mail.key", second.KeyPEM(t))
	s.pass(2 * time.Second)
	shows("with its key", second, "was read again")
	for _, bad := range []string{"", "nonsense", second.PEM[:200]} {
		s.file("mail.pem", bad)
		s.pass(2 * time.Second)
		shows("bad", second, "there is no certificate in it")
	}
	s.file("mail.pem", first.PEM)
	s.file("mail.key", first.KeyPEM(t))
	s.pass(2 * time.Second)
	shows("good again", first, "was read again")
}

func TestOCSP(t *testing.T) {
	a := certtest.Root(t, "root")
	i := a.Make(certtest.Wanted{Names: []string{"mail.example.com"}})
	s, files := newStand(t)
	c := s.certificate(files, "mail", i)
	side := NewClientSide(StartTLS, Client{Certificates: &Choice{Default: c}}, files)
	answer := func(status int, until time.Duration) string {
		der, err := ocsp.CreateResponse(a.Cert, a.Cert, ocsp.Response{Status: status, SerialNumber: i.Cert.SerialNumber,
			ThisUpdate: s.now().Add(-time.Hour), NextUpdate: s.now().Add(until)}, a.Key)
		if err != nil {
			t.Fatal(err)
		}
		return string(der)
	}
	staples := func(why string, want bool, log string) {
		t.Helper()
		s.pass(2 * time.Second)
		state, _, err := meet(t, &side, trusting(a))
		if err != nil || (len(state.OCSPResponse) > 0) != want {
			t.Errorf("%s: %d bytes, %v", why, len(state.OCSPResponse), err)
		}
		if got := s.logged(); !strings.Contains(got, log) {
			t.Errorf("%s: logged %q, want %q", why, got, log)
		}
	}
	staples("none", false, "")
	s.file("mail.pem.ocsp", answer(ocsp.Good, time.Hour))
	staples("good", true, "was read again")
	s.pass(2 * time.Hour)
	staples("stale", false, "")
	s.file("mail.pem.ocsp", answer(ocsp.Revoked, time.Hour))
	staples("revoked", false, "it does not say that the certificate is good")
	s.file("mail.pem.ocsp", "nonsense")
	staples("nonsense", false, "the OCSP answer is not shown")
}

// TestSignersOfOCSP: the authority signs, or who may sign for it; its own certificate may be in the answer.
func TestSignersOfOCSP(t *testing.T) {
	root := certtest.Root(t, "root")
	a, stranger := root.Below("authority"), root.Below("stranger")
	i := a.Make(certtest.Wanted{Names: []string{"mail.example.com"}})
	signer := a.Make(certtest.Wanted{Names: []string{"signer"}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}})
	outsider := stranger.Make(certtest.Wanted{Names: []string{"signer"}, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}})
	usual := a.Make(certtest.Wanted{Names: []string{"usual"}})
	for _, c := range []struct {
		name     string
		key      crypto.Signer
		enclosed *x509.Certificate
		want     string
	}{
		{"the authority", a.Key, nil, ""},
		{"the authority, enclosed", a.Key, a.Cert, ""},
		{"for the authority", signer.Key, signer.Cert, ""},
		{"another certificate's", usual.Key, usual.Cert, "may not sign for them"},
		{"another authority's", outsider.Key, outsider.Cert, "verification failure"},
		{"another authority", stranger.Key, nil, "verification failure"},
		{"another authority, enclosed", stranger.Key, stranger.Cert, "may not sign for them"},
		{"with another's certificate", stranger.Key, a.Cert, "verification failure"},
	} {
		der, err := ocsp.CreateResponse(a.Cert, a.Cert, ocsp.Response{Status: ocsp.Good, SerialNumber: i.Cert.SerialNumber,
			ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour), Certificate: c.enclosed}, c.key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = authorityAnswer(der, []*x509.Certificate{i.Cert, a.Cert})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestUnusableCertificates(t *testing.T) {
	a := certtest.Root(t, "root")
	i, other := a.Make(certtest.Wanted{Names: []string{"mail.example.com"}}), a.Make(certtest.Wanted{Names: []string{"mail.example.com"}})
	text := func(s string) Source { return Source{Text: s} }
	for _, c := range []struct {
		cert, key Source
		want      string
	}{
		{text(i.PEM), text(i.KeyPEM(t)), ""},
		{text(i.PEM + i.KeyPEM(t)), text(i.PEM + i.KeyPEM(t)), ""},
		{text(i.PEM), text(other.KeyPEM(t)), "the private key is not that of the certificate"},
		{text(string(a.PEM) + i.PEM), text(i.KeyPEM(t)), "the private key is not that of the certificate"},
		{text("x"), text(i.KeyPEM(t)), "there is no certificate in it"},
		{text(i.PEM), text(i.PEM), "there is no private key in it"},
		{text(strings.Replace(i.PEM, "MII", "MIJ", 1)), text(i.KeyPEM(t)), "certificate 1 is damaged"},
		{Source{File: t.TempDir()}, text(i.KeyPEM(t)), "is no file"},
	} {
		_, err := NewCertificate(&Files{}, c.cert, Key{Source: c.key})
		says(t, err, c.want)
	}
	_, err := NewAuthorities(&Files{}, t.TempDir())
	says(t, err, "holds no certificate")
	_, err = NewRevocations(&Files{}, "/none")
	says(t, err, "/none cannot be opened: no such file or directory")
}

func TestCiphers(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{"HIGH:!aNULL:@STRENGTH", ""},
		{"ALL:!aNULL:@STRENGTH", ""},
		{"HIGH:MEDIUM:LOW:EXPORT:!aNULL:@STRENGTH", ""},
		{"ECDHE-RSA-AES128-GCM-SHA256", ""},
		{"EECDH+AESGCM:!MD5:!RC4", ""},
		{"ECDHE-RSA-AES128-GCM-SHA256,ECDHE-ECDSA-AES128-GCM-SHA256", ""},
		{"DHE-RSA-AES256-GCM-SHA384", "there is no cipher DHE-RSA-AES256-GCM-SHA384"},
		{"HIGH:TLS_AES_128_GCM_SHA256", "there is no cipher TLS_AES_128_GCM_SHA256"},
		{"kRSA", "there is no cipher kRSA"},
		{"!HIGH", "leaves no cipher"},
		{"HIGH:!HIGH", "leaves no cipher"},
		{"!HIGH:ECDHE-RSA-AES128-GCM-SHA256", "leaves no cipher"},
		{"-HIGH:ECDHE-RSA-AES128-GCM-SHA256", ""},
		{"HIGH:!nonsense", "there is no cipher nonsense"},
		{"", "leaves no cipher"},
		{":+:!", "there is no cipher"},
	} {
		ciphers, err := Ciphers(c.list)
		says(t, err, c.want)
		if (len(ciphers) == 0) != (c.want != "") {
			t.Errorf("%q: %d ciphers", c.list, len(ciphers))
		}
	}
}
