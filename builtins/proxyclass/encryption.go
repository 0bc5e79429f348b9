package proxyclass

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

// encryptionPolicy is the attribute that names an encryption policy.
const encryptionPolicy = "encryption_policy"

// EncryptionPolicy is that attribute; of gives the setting that holds the policy.
func EncryptionPolicy(of func(settings any) **encryption.Policy) *Attribute {
	return &Attribute{Name: encryptionPolicy, Type: word.Text, Default: "None", InClass: true,
		Doc:     "the name of an EncryptionPolicy, TLS of both sides; encryption_policy of Service comes before it",
		Setting: func(settings any) any { return of(settings) }}
}

// TLS is the attribute that tells what TLS there is in a session.
func TLS() *Attribute {
	return &Attribute{Name: tlsName, Type: word.Type{Want: "what is known of TLS", Accepts: word.Any.Accepts}, Default: "None", ReadOnly: true,
		Doc: "what TLS there is now, for callbacks: " + strings.Join(word.TLSAttributes(), ", ") + ". What is of a side in clear is None, and so is the certificate of a " +
			"peer that showed none. A certificate has " + strings.Join(word.CertificateAttributes(), ", ") + "; unless its verifier has trusted=FALSE it was verified"}
}

const tlsName = "tls"

// Shown is what an example shows of an attribute.
func Shown(a *Attribute) string {
	if a.Name == tlsName {
		return "tls.client_version"
	}
	return a.Name
}

// encrypt finds the policy that a class names. An error ends the configuration of a session.
func (h *Host) encrypt(d *word.Draft) error {
	row, set := h.Values[encryptionPolicy]
	name, isText := starlark.AsString(row.Value)
	if !set || !isText {
		return nil
	}
	to := h.Kind.Attributes[encryptionPolicy].Setting(h.Settings).(**encryption.Policy)
	if h.Session == nil {
		*to = d.Encryption(row.Pos, "class "+h.Class.Name(), name)
		return nil
	}
	for _, p := range d.Encryptions {
		if p.Name == name {
			*to = p
			return nil
		}
	}
	return fmt.Errorf("encryption policy %q is not defined", name)
}
