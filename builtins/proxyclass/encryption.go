package proxyclass

import (
	"fmt"

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
