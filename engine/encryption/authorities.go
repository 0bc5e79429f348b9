package encryption

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Authorities are the certificates of a directory, or of one file.
type Authorities struct{ live *live[*x509.CertPool] }

// NewAuthorities reads them; a directory without any is an error.
func NewAuthorities(files *Files, name string) (*Authorities, error) {
	l, err := newLive(files, "the list of authorities "+name, func(r *reading) (*x509.CertPool, error) {
		texts, err := r.all(name)
		if err != nil {
			return nil, err
		}
		pool, n := x509.NewCertPool(), 0
		for _, file := range slices.Sorted(maps.Keys(texts)) {
			chain, err := parseChain(texts[file])
			if err != nil {
				continue // other files may lie there
			}
			for _, cert := range chain {
				pool.AddCert(cert)
				n++
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("%s holds no certificate: files with PEM are wanted", name)
		}
		return pool, nil
	})
	return &Authorities{l}, err
}

func (a *Authorities) pool() *x509.CertPool { return a.live.get() }

// Revocations are the revocation lists (CRLs) of a directory, or of one file.
type Revocations struct {
	live *live[map[string][]*revocation]
	now  func() time.Time
}

// revocation is one list with the serial numbers in it.
type revocation struct {
	list    *x509.RevocationList
	revoked map[string]bool
}

// NewRevocations reads them. That there are none is an error of the verification only.
func NewRevocations(files *Files, name string) (*Revocations, error) {
	l, err := newLive(files, "the revocation lists of "+name, func(r *reading) (map[string][]*revocation, error) {
		texts, err := r.all(name)
		if err != nil {
			return nil, err
		}
		byIssuer := map[string][]*revocation{}
		for _, file := range slices.Sorted(maps.Keys(texts)) {
			if err := addLists(byIssuer, texts[file]); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		return byIssuer, nil
	})
	return &Revocations{l, files.now}, err
}

// addLists adds the lists of a file, PEM or DER; a file that is neither is none.
func addLists(byIssuer map[string][]*revocation, text []byte) error {
	var ders [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "X509 CRL" {
			ders = append(ders, block.Bytes)
		}
	}
	if len(ders) == 0 && len(text) > 0 && text[0] == 0x30 { // DER
		ders = append(ders, text)
	}
	for _, der := range ders {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return errors.New("the revocation list is damaged")
		}
		r := &revocation{list, map[string]bool{}}
		for _, entry := range list.RevokedCertificateEntries {
			r.revoked[string(entry.SerialNumber.Bytes())] = true
		}
		byIssuer[string(list.RawIssuer)] = append(byIssuer[string(list.RawIssuer)], r)
	}
	return nil
}

var (
	errRevoked   = errors.New("it is revoked")
	errNoCRL     = errors.New("there is no revocation list of its issuer")
	errStaleCRL  = errors.New("the revocation list of its issuer is out of date")
	errForgedCRL = errors.New("the revocation list of its issuer is not signed by that")
)

// check looks for the certificates of a chain, the root excepted.
func (r *Revocations) check(chain []*x509.Certificate, permitMissing bool) error {
	lists, now := r.live.get(), r.now()
	for i, cert := range chain[:len(chain)-1] {
		err := errNoCRL
		for _, l := range lists[string(cert.RawIssuer)] {
			if err = l.check(cert, chain[i+1], now); err == nil || errors.Is(err, errRevoked) {
				break
			}
		}
		if err != nil && !(permitMissing && errors.Is(err, errNoCRL)) {
			return err
		}
	}
	return nil
}

func (r *revocation) check(cert, issuer *x509.Certificate, now time.Time) error {
	switch {
	case r.list.CheckSignatureFrom(issuer) != nil:
		return errForgedCRL
	case r.revoked[string(cert.SerialNumber.Bytes())]:
		return errRevoked
	case !r.list.NextUpdate.IsZero() && now.After(r.list.NextUpdate):
		return errStaleCRL
	}
	return nil
}
