package encryption

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"zorpgo/engine/source"
)

// Source is PEM text, or the file that it stands in.
type Source struct{ Text, File string }

func (s Source) read(r *reading) ([]byte, error) {
	if s.File == "" {
		return []byte(s.Text), nil
	}
	return r.file(s.File)
}

// name is what messages call the source.
func (s Source) name() string {
	if s.File == "" {
		return "the text"
	}
	return s.File
}

// Key is a private key, as a policy names it.
type Key struct {
	Source
	Passphrase string
	Pos        source.Pos
}

// Check reads the key.
func (k *Key) Check(files *Files) error {
	_, err := k.signer(&reading{files, map[string]stamp{}})
	return err
}

func (k *Key) signer(r *reading) (crypto.Signer, error) {
	text, err := k.read(r)
	if err != nil {
		return nil, err
	}
	signer, err := k.parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.name(), err)
	}
	return signer, nil
}

// parse takes the first private key of a PEM text; it may stand among certificates.
func (k *Key) parse(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return k.fromBlock(block)
		}
	}
	return nil, errors.New("there is no private key in it: it must be PEM, with a line -----BEGIN PRIVATE KEY-----")
}

func (k *Key) fromBlock(block *pem.Block) (crypto.Signer, error) {
	der, err := k.open(block)
	if err != nil {
		return nil, err
	}
	return parseKey(der)
}

var errNoPassphrase = errors.New("the private key is encrypted, and no passphrase is given")

// open takes the encryption off.
func (k *Key) open(block *pem.Block) ([]byte, error) {
	old := x509.IsEncryptedPEMBlock(block) //lint:ignore SA1019 keys of that form are still about
	if (old || block.Type == "ENCRYPTED PRIVATE KEY") && k.Passphrase == "" {
		return nil, errNoPassphrase
	}
	switch {
	case old:
		der, err := x509.DecryptPEMBlock(block, []byte(k.Passphrase)) //lint:ignore SA1019 likewise
		if err != nil {
			return nil, errWrongPassphrase
		}
		return der, nil
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return decryptPKCS8(block.Bytes, k.Passphrase)
	}
	return block.Bytes, nil
}

func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("it is no private key that TLS can use: RSA, ECDSA or Ed25519")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("it is a %T, and TLS can use RSA, ECDSA and Ed25519", key)
}
