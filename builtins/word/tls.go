package word

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/engine/session"
)

// record is a value whose attributes can be read: what is computed of them when they are.
type record[T any] struct {
	kind  string
	is    T
	attrs map[string]func(T) starlark.Value
}

// String is how it prints.
func (r *record[T]) String() string { return "<" + r.kind + ">" }

// Type is what it is.
func (r *record[T]) Type() string { return r.kind }

// Freeze does nothing: it cannot change.
func (r *record[T]) Freeze() {}

// Truth is true.
func (r *record[T]) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (r *record[T]) Hash() (uint32, error) { return 0, fmt.Errorf("%s is no dictionary key", r.kind) }

// Attr is an attribute.
func (r *record[T]) Attr(name string) (starlark.Value, error) {
	if get := r.attrs[name]; get != nil {
		return get(r.is), nil
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (r *record[T]) AttrNames() []string { return slices.Sorted(maps.Keys(r.attrs)) }

// TLSValue is what is known of TLS in a session.
func TLSValue(s *session.Session) starlark.Value {
	return &record[*session.Session]{"TLS of a session", s, tlsAttrs}
}

// TLSAttributes lists what a policy may read of TLS.
func TLSAttributes() []string { return slices.Sorted(maps.Keys(tlsAttrs)) }

// CertificateAttributes lists what a policy may read of a certificate.
func CertificateAttributes() []string { return slices.Sorted(maps.Keys(certificateAttrs)) }

var tlsAttrs = map[string]func(*session.Session) starlark.Value{
	"client_peer_certificate": func(s *session.Session) starlark.Value { return peerCertificate(s.ClientTLS) },
	"server_peer_certificate": func(s *session.Session) starlark.Value { return peerCertificate(s.ServerTLS) },
	"client_version":          func(s *session.Session) starlark.Value { return version(s.ClientTLS) },
	"server_version":          func(s *session.Session) starlark.Value { return version(s.ServerTLS) },
	"client_cipher":           func(s *session.Session) starlark.Value { return cipher(s.ClientTLS) },
	"server_cipher":           func(s *session.Session) starlark.Value { return cipher(s.ServerTLS) },
}

func version(c *tls.ConnectionState) starlark.Value {
	if c == nil {
		return starlark.None
	}
	return starlark.String(tls.VersionName(c.Version))
}

func cipher(c *tls.ConnectionState) starlark.Value {
	if c == nil {
		return starlark.None
	}
	return starlark.String(tls.CipherSuiteName(c.CipherSuite))
}

func peerCertificate(c *tls.ConnectionState) starlark.Value {
	if c == nil || len(c.PeerCertificates) == 0 {
		return starlark.None
	}
	return &record[*x509.Certificate]{"certificate", c.PeerCertificates[0], certificateAttrs}
}

var certificateAttrs = map[string]func(*x509.Certificate) starlark.Value{
	"subject":         func(c *x509.Certificate) starlark.Value { return starlark.String(c.Subject.String()) },
	"issuer":          func(c *x509.Certificate) starlark.Value { return starlark.String(c.Issuer.String()) },
	"common_name":     func(c *x509.Certificate) starlark.Value { return starlark.String(c.Subject.CommonName) },
	"serial":          func(c *x509.Certificate) starlark.Value { return starlark.String(c.SerialNumber.Text(16)) },
	"dns_names":       func(c *x509.Certificate) starlark.Value { return textTuple(c.DNSNames) },
	"email_addresses": func(c *x509.Certificate) starlark.Value { return textTuple(c.EmailAddresses) },
	"fingerprint": func(c *x509.Certificate) starlark.Value {
		sum := sha256.Sum256(c.Raw)
		return starlark.String("sha256:" + hex.EncodeToString(sum[:]))
	},
	"blob": func(c *x509.Certificate) starlark.Value {
		return starlark.String(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	},
}

func textTuple(list []string) starlark.Value {
	t := make(starlark.Tuple, len(list))
	for i, s := range list {
		t[i] = starlark.String(s)
	}
	return t
}
