package encryption

import (
	"errors"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

var (
	keyType         = word.TypeOf[*encryption.Key]("a private key, such as PrivateKey.fromFile(...)")
	certificateType = word.TypeOf[*encryption.Certificate]("a certificate, such as Certificate.fromFile(...)")
	sourceType      = word.TypeOf[*encryption.Choice]("a certificate for connections, such as StaticCertificate(...)")
)

const (
	keyDoc   = "RSA, ECDSA or Ed25519, in PEM. It may be encrypted: PKCS #8 with PBES2, or the older form with \"Proc-Type: 4,ENCRYPTED\"."
	chainDoc = "Its own certificate stands first, those of the authorities between it and the root after it, all in one. Clients are sent all of them."
	ocspDoc  = " Beside a file CERT may lie CERT.ocsp, the answer of its authority's OCSP service in DER; clients are sent it while it is fresh; one that is of no use is not sent, and the log says why."
)

var materialWords = []*word.Word{
	{
		Name: "PrivateKey", Module: module, Declares: true,
		Doc:     "Is a private key. " + keyDoc,
		Example: "key = PrivateKey.fromFile(\"/etc/zorpgo/mail.key\")",
		Errors:  []string{"a text without a key", "a key that is encrypted, without its passphrase"},
		Params:  []word.Param{{Name: "key", Type: word.Text, Doc: "the key, in PEM"}, passphraseParam},
		Make:    func(c *word.Call) starlark.Value { return makeKey(c, encryption.Source{Text: c.Text("key")}, "key") },
	},
	{
		Name: "PrivateKey.fromFile", Module: module, Declares: true,
		Doc:     "Is a private key in a file. " + keyDoc + " A relative name is that of a file beside the policy.",
		Example: `key = PrivateKey.fromFile("/etc/zorpgo/mail.key")`,
		Errors:  []string{"a file that cannot be read, or without a key", "a key that is encrypted, without its passphrase"},
		Params:  []word.Param{{Name: "path", Type: word.Text, Doc: "the file, which nobody but zorpgo should be able to read"}, passphraseParam},
		Make:    func(c *word.Call) starlark.Value { return makeKey(c, encryption.Source{File: c.File("path")}, "path") },
	},
	certificateWord("Certificate", "Is a certificate with its private key."),
	certificateFile("Certificate", "Is a certificate in a file, with its private key."),
	certificateWord("CertificateCA", "Is the certificate of an authority with its private key. Where a certificate is wanted it is one."),
	certificateFile("CertificateCA", "Is CertificateCA in a file."),
	{
		Name: "DHParam", Module: module, Declares: true,
		Doc:     "Has no effect: of Diffie-Hellman there are the elliptic curves only, which need no parameters.",
		Example: `ClientSSLOptions()`,
		Errors:  []string{"something else than text"},
		Params:  []word.Param{{Name: "params", Type: word.Text, Doc: "the parameters, in PEM"}},
		Make:    makeDHParam,
	},
	{
		Name: "DHParam.fromFile", Module: module, Declares: true,
		Doc:     "Has no effect, see DHParam; the file is not read.",
		Example: `ClientSSLOptions()`,
		Errors:  []string{"something else than text"},
		Params:  []word.Param{{Name: "path", Type: word.Text, Doc: "the file"}},
		Make:    makeDHParam,
	},
}

var passphraseParam = word.Param{Name: "passphrase", Type: word.Text, Default: `""`, Doc: "of a key that is encrypted"}

func certificateWord(name, doc string) *word.Word {
	return &word.Word{
		Name: name, Module: module, Declares: true,
		Doc:     doc + " " + chainDoc,
		Example: name + `.fromFile("/etc/zorpgo/mail.pem", PrivateKey.fromFile("/etc/zorpgo/mail.key"))`,
		Errors:  []string{"a text without a certificate", "a key that is not that of the certificate"},
		Params:  []word.Param{{Name: "certificate", Type: word.Text, Doc: "the certificates, in PEM"}, {Name: "private_key", Type: keyType, Doc: "the key of the first"}},
		Make: func(c *word.Call) starlark.Value {
			return makeCertificate(c, encryption.Source{Text: c.Text("certificate")}, "certificate")
		},
	}
}

func certificateFile(name, doc string) *word.Word {
	return &word.Word{
		Name: name + ".fromFile", Module: module, Declares: true,
		Doc:     doc + " " + chainDoc + ocspDoc + " A relative name is that of a file beside the policy.",
		Example: name + `.fromFile("/etc/zorpgo/mail.pem", PrivateKey.fromFile("/etc/zorpgo/mail.key"))`,
		Errors:  []string{"a file that cannot be read, or without a certificate", "a key that is not that of the certificate"},
		Params:  []word.Param{{Name: "path", Type: word.Text, Doc: "the file"}, {Name: "private_key", Type: keyType, Doc: "the key of the first certificate; it may be in the same file"}},
		Make: func(c *word.Call) starlark.Value {
			return makeCertificate(c, encryption.Source{File: c.File("path")}, "path")
		},
	}
}

// refuse is a finding about a file or text that is no good: err begins with its name.
func refuse(c *word.Call, param, id string, err error) {
	what, _, _ := strings.Cut(err.Error(), ": ")
	hint := "name a file that the user who runs zorpgo can read"
	if !strings.Contains(what, " ") || strings.HasPrefix(err.Error(), "the text: ") {
		hint = "name what is meant in PEM, with its key"
	}
	c.Problem(param, id, err.Error(), hint)
}

func makeKey(c *word.Call, from encryption.Source, param string) starlark.Value {
	if c.Bad {
		return interp.Poison{}
	}
	k := &encryption.Key{Source: from, Passphrase: c.Text("passphrase"), Pos: c.Pos}
	if err := k.Check(c.Draft.Files()); err != nil {
		refuse(c, param, "bad-certificate", err)
		return interp.Poison{}
	}
	return word.NewValue(c, "private key", k)
}

func makeCertificate(c *word.Call, from encryption.Source, param string) starlark.Value {
	key, _ := word.Get[*encryption.Key](c, "private_key")
	if c.Bad {
		return interp.Poison{}
	}
	cert, err := encryption.NewCertificate(c.Draft.Files(), from, *key)
	switch {
	case errors.Is(err, encryption.ErrKeyMismatch):
		c.Problem("private_key", "key-mismatch", err.Error(), "name the key that the certificate was made for; of several certificates in a file its own must stand first")
	case err != nil:
		refuse(c, param, "bad-certificate", err)
	default:
		cert.Pos = c.Pos
		return word.NewValue(c, "certificate", cert)
	}
	return interp.Poison{}
}

// dhParam stands for parameters that nobody needs.
type dhParam struct{}

func makeDHParam(c *word.Call) starlark.Value {
	c.Draft.Note(c.Pos, "no-effect", c.Name()+" has no effect: of Diffie-Hellman there are the elliptic curves only, which need no parameters", "leave it out")
	return word.NewValue(c, "DH parameters", dhParam{})
}

var sourceWords = []*word.Word{
	{
		Name: "StaticCertificate", Module: module, Declares: true,
		Doc:     "Is one certificate for all connections.",
		Example: mailCertificate,
		Errors:  []string{"something else than a certificate"},
		Params:  []word.Param{{Name: "certificate", Type: certificateType, Doc: "the certificate"}},
		Make: func(c *word.Call) starlark.Value {
			cert, ok := word.Get[*encryption.Certificate](c, "certificate")
			if !ok || c.Bad {
				return interp.Poison{}
			}
			return word.NewValue(c, "certificate source", &encryption.Choice{Default: cert})
		},
	},
	{
		Name: "SNIBasedCertificate", Module: module, Declares: true,
		Doc: "Chooses the certificate by the name that a client asks for (SNI): that of the first matcher, in the order in which they are written. " +
			"Without a name, and for one that no matcher matches, it is the default; without a default the client is refused.",
		Example: "SNIBasedCertificate(\n    {RegexpMatcher([\"^mail\\\\.example\\\\.com$\"]): " + mailCertificate + "},\n    default=" + mailCertificate + ")",
		Errors:  []string{"a key that is no matcher, or a value that is no StaticCertificate", "no certificate at all"},
		Params: []word.Param{
			{Name: "hostname_certificate_map", Type: word.Type{Want: "a dictionary of StaticCertificate by matcher", Accepts: isDict}, Doc: "for each matcher of names, in lower case, its certificate"},
			{Name: "default", Type: sourceType, Default: "None", Doc: "the certificate for all others; None: they are refused"},
		},
		Make: makeSNI,
	},
}

func isDict(v starlark.Value) bool {
	_, ok := v.(*starlark.Dict)
	return ok
}

func makeSNI(c *word.Call) starlark.Value {
	choice := &encryption.Choice{}
	if source, ok := word.Get[*encryption.Choice](c, "default"); ok {
		choice.Default = source.Default
	}
	d, _ := c.Given("hostname_certificate_map").(*starlark.Dict)
	if d == nil || c.Bad {
		return interp.Poison{}
	}
	for _, item := range d.Items() {
		if named, ok := nameOf(c, item); ok {
			choice.Names = append(choice.Names, named)
		}
	}
	if len(choice.Names) == 0 && choice.Default == nil && !c.Bad {
		c.Problem("hostname_certificate_map", "bad-entry", "there is no certificate", "write at least one")
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewValue(c, "certificate source", choice)
}

func nameOf(c *word.Call, item starlark.Tuple) (named encryption.Named, ok bool) {
	const way = `write {RegexpMatcher(["^mail\\.example\\.com$"]): StaticCertificate(...)}`
	if interp.IsPoison(item[0]) || interp.IsPoison(item[1]) {
		c.Bad = true
		return named, false
	}
	m, err := c.Draft.MatcherOf(item[0])
	for _, f := range interp.FindingsOf(err) {
		c.Bad = true
		c.Draft.Find(f)
	}
	source, static := item[1].(*word.Value[*encryption.Choice])
	switch {
	case err != nil:
		return named, false
	case m == nil:
		c.Problem("hostname_certificate_map", "bad-key", word.TypeName(item[0])+" is no matcher of names", way)
		return named, false
	case !static || len(source.Is.Names) > 0:
		c.Problem("hostname_certificate_map", "bad-entry", word.TypeName(item[1])+" is no StaticCertificate", way)
		return named, false
	}
	c.Draft.Constant(item[0])
	return encryption.Named{Matcher: m.Is, Certificate: source.Is.Default}, true
}
