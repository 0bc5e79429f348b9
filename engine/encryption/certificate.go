package encryption

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"

	"zorpgo/engine/source"
)

// ErrKeyMismatch says that a private key is not that of the certificate.
var ErrKeyMismatch = errors.New("the private key is not that of the certificate")

// Certificate is a certificate with its chain and its key, which are read again when their files change.
type Certificate struct {
	Pos  source.Pos
	Text Source
	Key  Key

	live *live[*shown]
}

// shown is one state of a Certificate.
type shown struct {
	tls   tls.Certificate
	chain []*x509.Certificate
	mode  fs.FileMode    // of the key's file
	ocsp  *ocsp.Response // nil: none
}

// NewCertificate reads a certificate. Its own stands first, those that lead to a root after it, all in one text. Beside a
// file CERT may lie the answer of its authority in CERT.ocsp, which clients are shown while it is fresh.
func NewCertificate(files *Files, text Source, key Key) (*Certificate, error) {
	c := &Certificate{Text: text, Key: key}
	var err error
	c.live, err = newLive(files, "the certificate "+text.name(), c.read)
	return c, err
}

func (c *Certificate) read(r *reading) (*shown, error) {
	text, err := c.Text.read(r)
	if err != nil {
		return nil, err
	}
	s := &shown{}
	if s.chain, err = parseChain(text); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Text.name(), err)
	}
	signer, err := c.Key.signer(r)
	if err != nil {
		return nil, err
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(s.chain[0].PublicKey) {
		return nil, fmt.Errorf("%s: %w", c.Text.name(), ErrKeyMismatch)
	}
	s.mode = r.seen[c.Key.File].mode
	s.tls = tls.Certificate{PrivateKey: signer, Leaf: s.chain[0]}
	for _, cert := range s.chain {
		s.tls.Certificate = append(s.tls.Certificate, cert.Raw)
	}
	c.staple(r, s)
	return s, nil
}

// parseChain takes the certificates of a PEM text.
func parseChain(text []byte) (chain []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d is damaged: %s", len(chain)+1, strings.TrimPrefix(err.Error(), "x509: "))
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate in it: it must be PEM, with a line -----BEGIN CERTIFICATE-----")
	}
	return chain, nil
}

// staple reads the answer of the authority. One that is of no use does not keep the certificate from use.
func (c *Certificate) staple(r *reading, s *shown) {
	if c.Text.File == "" {
		return
	}
	name := c.Text.File + ".ocsp"
	der, err := r.file(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		s.ocsp, err = authorityAnswer(der, s.chain)
	}
	if err != nil {
		r.files.log().Error("the OCSP answer is not shown to clients: "+err.Error(), "tag", "core.error", "file", name)
		return
	}
	s.tls.OCSPStaple = der
}

// authorityAnswer is what der says of the first of chain, signed by who may (RFC 6960 §4.2.2.2): the authority, or somebody
// for it. With an issuer, x/crypto/ocsp would not take the authority's own certificate in the answer, which OpenSSL puts there.
func authorityAnswer(der []byte, chain []*x509.Certificate) (*ocsp.Response, error) {
	r, err := ocsp.ParseResponseForCert(der, chain[0], nil)
	if err != nil {
		return nil, err
	}
	if len(chain) > 1 {
		if err := signedFor(r, chain[1]); err != nil {
			return nil, err
		}
	}
	if r.Status != ocsp.Good {
		return nil, errors.New("it does not say that the certificate is good")
	}
	return r, nil
}

func signedFor(r *ocsp.Response, authority *x509.Certificate) error {
	by := r.Certificate // its signature of r is good
	switch {
	case by == nil:
		return r.CheckSignatureFrom(authority)
	case by.Equal(authority):
		return nil
	case !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("who signed it is not who issued the certificate, and may not sign for them")
	}
	return authority.CheckSignature(by.SignatureAlgorithm, by.RawTBSCertificate, by.Signature)
}

// current is the certificate as TLS takes it.
func (c *Certificate) current() *tls.Certificate {
	s := c.live.get()
	if s.ocsp == nil || fresh(s.ocsp, c.live.files.now()) {
		return &s.tls
	}
	bare := s.tls
	bare.OCSPStaple = nil
	return &bare
}

func fresh(r *ocsp.Response, now time.Time) bool {
	return !now.Before(r.ThisUpdate) && (r.NextUpdate.IsZero() || now.Before(r.NextUpdate))
}

// Chain are the certificates, its own first.
func (c *Certificate) Chain() []*x509.Certificate { return c.live.get().chain }

// Outdated is why the files are of no use as they are now, so that the certificate stays as it was; nil: they are.
func (c *Certificate) Outdated() error { return c.live.outdated() }

// KeyMode is who may read the key's file; 0 if it stands in the policy.
func (c *Certificate) KeyMode() fs.FileMode { return c.live.get().mode }

// Matcher is what chooses a certificate by the name that a client asks for.
type Matcher interface {
	Match(ctx context.Context, text string) (bool, error)
}

// Choice says which certificate clients are shown.
type Choice struct {
	Names   []Named      // the first that matches
	Default *Certificate // for no name, and names that none matches; nil: they are refused
}

// Named is a certificate for names.
type Named struct {
	Matcher     Matcher
	Certificate *Certificate
}

// All lists the certificates.
func (c *Choice) All() (all []*Certificate) {
	for _, n := range c.Names {
		all = append(all, n.Certificate)
	}
	if c.Default != nil {
		all = append(all, c.Default)
	}
	return all
}

func (c *Choice) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	for _, n := range c.Names {
		if name == "" {
			break
		}
		switch hit, err := n.Matcher.Match(hello.Context(), name); {
		case err != nil:
			return nil, fmt.Errorf("no certificate is chosen: %w", err)
		case hit:
			return n.Certificate.current(), nil
		}
	}
	if c.Default == nil {
		return nil, fmt.Errorf("there is no certificate for the name %q", name)
	}
	return c.Default.current(), nil
}
