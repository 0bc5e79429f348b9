package encryption

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

// examples stand on what an administrator has in files.
const (
	mailCertificate = `StaticCertificate(Certificate.fromFile("/etc/zorpgo/mail.pem", PrivateKey.fromFile("/etc/zorpgo/mail.key")))`
	verifyOrigin    = `ServerCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", server_name="origin.example.com")`
)

var policyWord = &word.Word{
	Name: "EncryptionPolicy", Module: module, Declares: true,
	Doc: "Gives a name to what is encrypted, for encryption_policy of services and proxy classes. Files that it needs are read when the policy is loaded, and again " +
		"by the next connection once they have changed, without a reload; one that is no good then changes nothing but the log.",
	Example: `EncryptionPolicy(name="tls", encryption=ClientOnlyStartTLSEncryption(` + "\n    " + mailCertificate + "))",
	Errors:  []string{"a name that another encryption policy has", "STARTTLS for a proxy that does not speak it, such as PlugProxy, where a service uses it"},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how services refer to it"},
		{Name: "encryption", Type: word.TypeOf[*scenario]("what is encrypted, such as ClientOnlyStartTLSEncryption(...)"), Doc: "what each side does"},
	},
	Make: makePolicy,
}

// declared is an encryption policy in the policy's hands.
type declared struct{ *word.Value[string] }

// Attr is the name.
func (d *declared) Attr(name string) (starlark.Value, error) {
	if name == "name" {
		return starlark.String(d.Is), nil
	}
	return nil, nil
}

// AttrNames lists the attributes.
func (d *declared) AttrNames() []string { return []string{"name"} }

func makePolicy(c *word.Call) starlark.Value {
	name := c.Text("name")
	first := slices.IndexFunc(c.Draft.Encryptions, func(p *encryption.Policy) bool { return p.Name == name })
	switch {
	case name == "" && c.Given("name") != nil:
		c.Problem("name", "bad-name", "the name is empty", "give the policy a name that services can use")
		return interp.Poison{}
	case name == "":
		c.Draft.Partial = true
		return interp.Poison{}
	case first >= 0:
		c.Problem("name", "encryption-policy-name-twice", fmt.Sprintf("encryption policy %q is defined already at %s", name, c.Draft.Encryptions[first].Pos), "give one of the two another name")
		return interp.Poison{}
	}
	p := &encryption.Policy{Name: name, Pos: c.Pos}
	if s, ok := word.Get[*scenario](c, "encryption"); ok {
		p.Client, p.Server = s.sides(c.Draft.Files())
	}
	c.Draft.Encryptions = append(c.Draft.Encryptions, p) // even without sides, to know the name; the policy does not run
	return &declared{word.NewValue(c, "encryption policy", name)}
}

// scenario is what both sides do.
type scenario struct {
	clientMode, serverMode encryption.Mode
	client                 encryption.Client
	server                 encryption.Server
}

func (s *scenario) sides(files *encryption.Files) (c encryption.ClientSide, v encryption.ServerSide) {
	if s.clientMode != encryption.Plain {
		c = encryption.NewClientSide(s.clientMode, s.client, files)
	}
	if s.serverMode != encryption.Plain {
		v = encryption.NewServerSide(s.serverMode, s.server, files)
	}
	return c, v
}
