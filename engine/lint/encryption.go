package lint

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
)

// soon is how long before its end a certificate is spoken of.
const soon = 30 * 24 * time.Hour

// encryptions examines the encryption policies and their certificates.
func (p *policy) encryptions() {
	used, known := p.encrypted()
	seen := map[*encryption.Certificate]bool{}
	for _, e := range p.EncryptionPolicies {
		if p.wrong[e.Pos] {
			continue
		}
		if !used[e] && known {
			p.find(e.Pos, source.Warning, "unused-encryption-policy", fmt.Sprintf("encryption policy %q: no service uses it, so it encrypts nothing", e.Name),
				fmt.Sprintf("write encryption_policy=%q in a Service, or remove it", e.Name))
		}
		p.downgradable(e)
		for _, c := range certificates(e) {
			if !seen[c] {
				seen[c] = true
				p.certificate(c)
			}
		}
	}
}

// encrypted are the policies that services use; known is false if some are not known before sessions run.
func (p *policy) encrypted() (used map[*encryption.Policy]bool, known bool) {
	used, known = map[*encryption.Policy]bool{}, true
	for _, s := range p.Services {
		class, same := s.Class.(proxy.Encrypted)
		switch {
		case p.wrong[s.Pos]:
			known = false
		case s.Encryption != nil:
			used[s.Encryption] = true
		case same:
			used[class.Encryption()] = true
		default:
			known = known && s.Deny
		}
	}
	return used, known
}

func certificates(e *encryption.Policy) (all []*encryption.Certificate) {
	if choice := e.Client.Client.Certificates; choice != nil {
		all = choice.All()
	}
	if own := e.Server.Server.Certificate; own != nil {
		all = append(all, own)
	}
	return all
}

// downgradable notes server sides that somebody between can keep from TLS.
func (p *policy) downgradable(e *encryption.Policy) {
	how := ""
	switch e.Server.Mode {
	case encryption.StartTLS:
		how = "begins TLS only if the server offers it"
	case encryption.Forward:
		how = "begins TLS only if the client does, and the server offers it"
	default:
		return
	}
	p.find(e.Pos, source.Note, "downgradable", fmt.Sprintf("encryption policy %q %s: who can change what is sent can prevent that", e.Name, how),
		"write StartTLSEncryption(..., server_security=SSL_REQUIRE_STARTTLS) if the server always has it")
}

// certificate examines a certificate as it is now.
func (p *policy) certificate(c *encryption.Certificate) {
	chain := c.Chain()
	leaf, now := chain[0], time.Now()
	what := "the certificate"
	if c.Text.File != "" {
		what += " " + c.Text.File
	}
	switch left := leaf.NotAfter.Sub(now); {
	case left < 0:
		p.find(c.Pos, source.Warning, "certificate-expired", fmt.Sprintf("%s expired on %s: peers that verify it refuse it", what, leaf.NotAfter.Format(time.DateOnly)), "put a new one in its place")
	case now.Before(leaf.NotBefore):
		p.find(c.Pos, source.Warning, "certificate-not-yet-valid", fmt.Sprintf("%s is not valid before %s", what, leaf.NotBefore.Format(time.DateOnly)), "wait, or set the clock of this host")
	case left < soon:
		p.find(c.Pos, source.Warning, "certificate-expires-soon", fmt.Sprintf("%s expires in %d days", what, int(left.Hours()/24)), "put a new one in its place; it is taken without a reload")
	}
	if i := gap(chain); i > 0 {
		p.find(c.Pos, source.Warning, "incomplete-chain", fmt.Sprintf("%s: what follows certificate %d did not issue it, so peers may not find the way to a root", what, i),
			"put the certificates of the authorities after its own, each one below the one that issued it")
	}
	p.strength(c, what, chain)
	if mode := c.KeyMode(); mode&0o007 != 0 {
		p.find(c.Key.Pos, source.Warning, "key-readable", fmt.Sprintf("the private key %s can be read by every user of this host", c.Key.File), "chmod o= "+c.Key.File)
	}
}

// gap is the number of the first certificate, from 1, that the next one did not issue; 0 if there is none.
func gap(chain []*x509.Certificate) int {
	for i := range len(chain) - 1 {
		if !bytes.Equal(chain[i].RawIssuer, chain[i+1].RawSubject) || chain[i].CheckSignatureFrom(chain[i+1]) != nil && !weakSignature(chain[i]) {
			return i + 1
		}
	}
	return 0
}

// strength finds keys and signatures that are too weak. The signature of a root is nobody's business.
func (p *policy) strength(c *encryption.Certificate, what string, chain []*x509.Certificate) {
	for i, cert := range chain {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
			p.find(c.Pos, source.Warning, "weak-key", fmt.Sprintf("%s: certificate %d has an RSA key of %d bits, and peers may refuse less than 2048", what, i+1, key.N.BitLen()), "make a new key, ECDSA or RSA of 2048 bits or more")
		}
		if weakSignature(cert) && !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			p.find(c.Pos, source.Warning, "weak-signature", fmt.Sprintf("%s: certificate %d is signed with %s, and peers refuse that", what, i+1, cert.SignatureAlgorithm), "have it issued anew")
		}
	}
}

func weakSignature(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// authInClear warns of a service that takes passwords in clear although its clients could begin TLS.
func (p *policy) authInClear(s *service.Service) {
	set, e := settings(s), s.Encrypts()
	if set == nil || e == nil || !set.PermitAuthWithoutTLS || e.Client.Mode != encryption.StartTLS {
		return
	}
	p.find(s.Pos, source.Warning, "auth-in-clear", fmt.Sprintf("service %q: its class %s takes AUTH in clear, although clients can begin TLS", s.Name, s.Class.Name()),
		"leave permit_auth_without_tls out: AUTH is then offered under TLS")
}
