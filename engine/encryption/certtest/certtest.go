// Package certtest makes certificates for tests: an authority, what it issues, and its revocation lists. Tests of every
// package that needs certificates call it; the program does not.
package certtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// T is what is needed of a test.
type T interface {
	Helper()
	Fatal(args ...any)
}

// Authority issues certificates.
type Authority struct {
	Pool *x509.CertPool // it alone
	PEM  []byte         // its own certificate, with the authorities between it and the root
	Cert *x509.Certificate
	Key  crypto.Signer

	t     T
	above [][]byte // what stands between what it issues and the root
}

// Issued is a certificate with its key.
type Issued struct {
	Cert *x509.Certificate
	Key  crypto.Signer
	PEM  string // with the authorities between it and the root
	TLS  tls.Certificate
}

// Wanted says what a certificate is to be like; the zero Wanted is one that is good for any use.
type Wanted struct {
	Names       []string  // of hosts, or IP addresses; the first is the subject, too
	From, Until time.Time // a day ago, and in 90 days
	RSA         int       // bits of an RSA key; 0 is ECDSA
	Key         crypto.Signer
	Usage       []x509.ExtKeyUsage
	SHA1        bool
	Authority   bool
}

// New makes a root.
func New(t T) *Authority {
	t.Helper()
	return Root(t, "test authority")
}

// Root is New with the authority's name.
func Root(t T, name string) *Authority {
	t.Helper()
	return authority(t, name, nil)
}

// Below makes an authority below this one.
func (a *Authority) Below(name string) *Authority { return authority(a.t, name, a) }

func authority(t T, name string, by *Authority) *Authority {
	t.Helper()
	made := issue(t, &Wanted{Names: []string{name}, Authority: true}, by)
	a := &Authority{Pool: x509.NewCertPool(), PEM: []byte(made.PEM), Cert: made.Cert, Key: made.Key, t: t}
	if by != nil {
		a.above = made.TLS.Certificate
	}
	a.Pool.AddCert(a.Cert)
	return a
}

// Issue makes a certificate for names, each a host name or an IP address, that is valid now. The root is in its chain.
func (a *Authority) Issue(t T, names ...string) tls.Certificate {
	t.Helper()
	return a.IssueUntil(t, time.Now().Add(time.Hour), names...)
}

// IssueUntil is Issue with the time at which the certificate ends.
func (a *Authority) IssueUntil(t T, end time.Time, names ...string) tls.Certificate {
	t.Helper()
	made := issue(t, &Wanted{Names: names, From: end.Add(-24 * time.Hour), Until: end}, a).TLS
	made.Certificate = append(made.Certificate, a.Cert.Raw)
	return made
}

// Make makes a certificate as it is wanted.
func (a *Authority) Make(w Wanted) Issued {
	a.t.Helper()
	return issue(a.t, &w, a)
}

// SelfSigned makes a certificate that nobody issued.
func SelfSigned(t T, w Wanted) Issued {
	t.Helper()
	return issue(t, &w, nil)
}

// issue makes a certificate; by is nil for one that signs itself.
func issue(t T, w *Wanted, by *Authority) Issued {
	t.Helper()
	template, key := template(t, w), keyFor(t, w)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Cert, by.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	i := Issued{Cert: cert, Key: key, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}}
	if by != nil {
		i.TLS.Certificate = append(i.TLS.Certificate, by.above...)
	}
	i.PEM = pemOf(i.TLS.Certificate)
	return i
}

func template(t T, w *Wanted) *x509.Certificate {
	t.Helper()
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	now := time.Now()
	c := &x509.Certificate{SerialNumber: number, NotBefore: w.From, NotAfter: w.Until, BasicConstraintsValid: true, IsCA: w.Authority,
		ExtKeyUsage: w.Usage, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	if len(w.Names) > 0 {
		c.Subject = pkix.Name{CommonName: w.Names[0]}
	}
	if w.From.IsZero() {
		c.NotBefore = now.AddDate(0, 0, -1)
	}
	if w.Until.IsZero() {
		c.NotAfter = now.AddDate(0, 0, 90)
	}
	if w.SHA1 {
		c.SignatureAlgorithm = x509.SHA1WithRSA
	}
	if w.Authority {
		c.NotAfter, c.KeyUsage = now.AddDate(10, 0, 0), c.KeyUsage|x509.KeyUsageCertSign|x509.KeyUsageCRLSign
		return c
	}
	for _, name := range w.Names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	if len(w.Usage) == 0 {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	return c
}

func keyFor(t T, w *Wanted) (key crypto.Signer) {
	t.Helper()
	var err error
	switch {
	case w.Key != nil:
		return w.Key
	case w.RSA > 0:
		key, err = rsa.GenerateKey(rand.Reader, w.RSA)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	must(t, err)
	return key
}

func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// PEMOf is a certificate with its chain, and its key, as files hold them.
func PEMOf(t T, c tls.Certificate) (chain, key []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	must(t, err)
	return []byte(pemOf(c.Certificate)), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pemOf(ders [][]byte) string {
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return string(text)
}

// KeyPEM is the key as a file has it.
func (i *Issued) KeyPEM(t T) string {
	t.Helper()
	_, key := PEMOf(t, i.TLS)
	return string(key)
}

// Revoke is a list of certificates that are revoked, which is valid until then.
func (a *Authority) Revoke(until time.Time, certs ...*x509.Certificate) string {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().AddDate(0, 0, -7), NextUpdate: until}
	for _, c := range certs {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Cert, a.Key)
	must(a.t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}
