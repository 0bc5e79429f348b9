package encryption

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"zorpgo/engine/source"
)

// Verifier is what the certificate of the other side must be.
type Verifier struct {
	Pos              source.Pos
	Required         bool         // there must be one
	Trusted          bool         // it must lead to Authorities; else only what it says of itself is checked
	Depth            int          // how many authorities may stand above it
	Authorities      *Authorities // nil: the host's
	Revocations      *Revocations // nil: none is looked for
	PermitMissingCRL bool
	PermitInvalid    bool          // unless Trusted: it may be expired and the like
	Hints            *Authorities  // names that clients are told; nil: none
	Name             string        // of a server, that its certificate must bear; "": any
	Fingerprints     []Fingerprint // of certificates that are good whatever else they say; no other is, then
	Pins             string        // a directory of such certificates, by address; "": none

	files *Files // set by the side that it is of
}

// Fingerprint is the SHA-256 of a certificate.
type Fingerprint [sha256.Size]byte

// CheckPins finds out whether Pins is a directory.
func (v *Verifier) CheckPins(files *Files) error {
	if v.Pins == "" {
		return nil
	}
	f, err := files.open(v.Pins)
	if err != nil {
		return opening(v.Pins, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no directory", v.Pins)
	}
	return nil
}

// Pinned reports whether certificates are known one by one.
func (v *Verifier) Pinned() bool { return v.Pins != "" || len(v.Fingerprints) > 0 }

var (
	errNoCertificate = errors.New("no certificate was shown")
	errOther         = errors.New("it is another certificate than the one that is expected")
)

// refused is an error about a certificate.
func refused(err error) error { return fmt.Errorf("certificate refused: %w", err) }

// verify judges what peer showed; usage is what it is to be good for.
func (v *Verifier) verify(peer string, state *tls.ConnectionState, usage x509.ExtKeyUsage) error {
	certs := state.PeerCertificates
	if len(certs) == 0 {
		if v.Required {
			return refused(errNoCertificate)
		}
		return nil
	}
	switch known, err := v.known(peer, certs[0]); {
	case err != nil:
		return refused(err)
	case known:
		return nil
	}
	if err := v.judge(certs, usage); err != nil {
		return refused(err)
	}
	return nil
}

// known reports whether a certificate is one that is pinned; an error says that another one is.
func (v *Verifier) known(peer string, leaf *x509.Certificate) (bool, error) {
	if len(v.Fingerprints) > 0 {
		if slices.Contains(v.Fingerprints, sha256.Sum256(leaf.Raw)) {
			return true, nil
		}
		return false, errOther
	}
	if v.Pins == "" {
		return false, nil
	}
	r := &reading{v.files, map[string]stamp{}}
	text, err := r.file(filepath.Join(v.Pins, peer))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	chain, err := parseChain(text)
	if err != nil {
		return false, fmt.Errorf("%s: %w", filepath.Join(v.Pins, peer), err)
	}
	if subtle.ConstantTimeCompare(chain[0].Raw, leaf.Raw) != 1 {
		return false, errOther
	}
	return true, nil
}

// judge is verify for a certificate that is not pinned.
func (v *Verifier) judge(certs []*x509.Certificate, usage x509.ExtKeyUsage) error {
	now := v.files.now()
	options := x509.VerifyOptions{Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}
	for _, cert := range certs[1:] {
		options.Intermediates.AddCert(cert)
	}
	if v.Authorities != nil {
		options.Roots = v.Authorities.pool()
	}
	chains, err := certs[0].Verify(options)
	if err != nil {
		return v.excuse(certs[0], err, now)
	}
	if err := v.acceptable(chains); err != nil {
		return err
	}
	if v.Trusted && v.Name != "" && certs[0].VerifyHostname(v.Name) != nil {
		return fmt.Errorf("it is not for the name %s", v.Name)
	}
	return nil
}

// acceptable looks for a chain that is short enough and not revoked.
func (v *Verifier) acceptable(chains [][]*x509.Certificate) (err error) {
	for _, chain := range chains {
		switch {
		case len(chain)-1 > v.Depth:
			err = fmt.Errorf("%d authorities stand above it, at most %d may", len(chain)-1, v.Depth)
		case v.Revocations != nil:
			err = v.Revocations.check(chain, v.PermitMissingCRL)
		default:
			return nil
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// excuse is what a verification that failed comes to: who does not ask for trust accepts an issuer that is not known.
func (v *Verifier) excuse(leaf *x509.Certificate, err error, now time.Time) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case v.Trusted:
		return reason(leaf, err, now)
	case v.PermitInvalid, errors.As(err, &unknown):
		return nil
	}
	return reason(leaf, err, now)
}

// reason words err without the texts of the certificate, which are its owner's.
func reason(leaf *x509.Certificate, err error, now time.Time) error {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return errors.New("it is self-signed, and not one of the authorities")
	case errors.As(err, &unknown):
		return errors.New("no authority that is trusted issued it")
	case now.After(leaf.NotAfter):
		return fmt.Errorf("it expired on %s", leaf.NotAfter.Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("it is not valid before %s", leaf.NotBefore.Format(time.DateOnly))
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return errors.New("it is not for this use")
	}
	return errors.New("its chain is not valid")
}
