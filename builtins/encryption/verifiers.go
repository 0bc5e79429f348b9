package encryption

import (
	"encoding/hex"
	"fmt"
	"net"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

// clientVerifier and serverVerifier are verifiers of one side; without a Verifier nothing is verified.
type (
	clientVerifier struct{ *encryption.Verifier }
	serverVerifier struct{ *encryption.Verifier }
)

const directories = "a directory without files of that kind, or that cannot be read"

var (
	pinsParam = word.Param{Name: "trusted_certs_directory", Type: word.Text, Default: "None"}
	trusted   = word.Param{Name: "trusted", Type: word.Boolean, Default: "TRUE", Doc: "FALSE: who issued it does not matter; it must still be valid"}
	depth     = word.Param{Name: "verify_depth", Type: word.Integer, Default: "4", Doc: "how many authorities may stand above it, the root counted"}
	crls      = word.Param{Name: "verify_crl_directory", Type: word.Text, Default: "None", Doc: "the directory of revocation lists (CRLs), PEM or DER; or one file. One of each authority must be there, and not be out of date"}
	invalid   = word.Param{Name: "permit_invalid_certificates", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: with trusted=FALSE it may have expired and the like"}
	noCRL     = word.Param{Name: "permit_missing_crl", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: an authority needs no revocation list"}
	prints    = word.Param{Name: "fingerprint", Type: word.TextList, Default: "None",
		Doc: "not Zorp's: \"sha256:\" and the SHA-256 of the certificate, as openssl x509 -fingerprint -sha256 prints it; or a list. Such a certificate is accepted whatever else is in it, and no other one is"}
)

var verifierWords = []*word.Word{
	{
		Name: "ClientCertificateVerifier", Module: module, Declares: true,
		Doc: "Asks clients for a certificate and verifies it, as one that is made for clients. Directories are read again when they change. " +
			"A session can read it: self.tls.client_peer_certificate.",
		Example: `ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", required=FALSE)`,
		Errors:  []string{"without verify_ca_directory, trusted_certs_directory or fingerprint, unless trusted is FALSE", directories, "a fingerprint that is none"},
		Params: []word.Param{
			pinned("certificates of clients: the file with the client's IP address as its name holds the only one that it may have"),
			{Name: "required", Type: word.Boolean, Default: "TRUE", Doc: "FALSE: a client may have none"},
			trusted, depth, authorities("without it only certificates are accepted that are named one by one"), crls, invalid, noCRL,
			{Name: "ca_hint_directory", Type: word.Text, Default: "None", Doc: "the directory of authorities whose names clients are told, to choose a certificate by; or one file"},
			prints,
		},
		Make: makeClientVerifier,
	},
	{
		Name: "ServerCertificateVerifier", Module: module, Declares: true,
		Doc: "Verifies the certificate of the server. Directories are read again when they change. A server that is refused is as one that cannot be reached: " +
			"clients hear 4xx and come again.",
		Example: verifyOrigin,
		Errors:  []string{"without server_name or fingerprint, unless check_subject or trusted is FALSE", "check_subject=FALSE with the host's authorities", directories, "a server_name that is no host name", "a fingerprint that is none"},
		Params: []word.Param{
			pinned("certificates of servers: the file called IP:PORT holds the only one that the server there may have"),
			trusted, depth, authorities("without it they are the host's, which many can get a certificate of"), crls, invalid, noCRL,
			{Name: "check_subject", Type: word.Boolean, Default: "TRUE", Doc: "FALSE: any name is good; for authorities that issue to this server only"},
			{Name: "server_name", Type: word.Text, Default: "None", Doc: "not Zorp's: the host name, or IP address, that the certificate must be for. The server is told the name (SNI)"},
			prints,
		},
		Make: makeServerVerifier,
	},
	{
		Name: "ClientNoneVerifier", Module: module, Declares: true,
		Doc:     "Does not ask clients for a certificate.",
		Example: "EncryptionPolicy(\"tls\", ClientOnlyEncryption(" + mailCertificate + ", client_verify=ClientNoneVerifier()))",
		Errors:  []string{"arguments: it has none"},
		Make:    func(c *word.Call) starlark.Value { return word.NewValue(c, "verifier of clients", &clientVerifier{}) },
	},
	{
		Name: "ServerNoneVerifier", Module: module, Declares: true,
		Doc:     "Verifies nothing: whoever answers is taken for the server, and can read and change what is sent there. A policy that has it gets a warning.",
		Example: "ServerNoneVerifier()",
		Errors:  []string{"arguments: it has none"},
		Make:    func(c *word.Call) starlark.Value { return word.NewValue(c, "verifier of servers", &serverVerifier{}) },
	},
}

func pinned(doc string) word.Param {
	p := pinsParam
	p.Doc = "a directory of " + doc + ", in PEM; without that file it is verified as usual"
	return p
}

func authorities(without string) word.Param {
	return word.Param{Name: "verify_ca_directory", Type: word.Text, Default: "None", Doc: "the directory of the authorities, files in PEM; or one file; " + without}
}

// isOn is a boolean parameter that is TRUE by default.
func isOn(c *word.Call, param string) bool { return c.Given(param) == nil || c.Bool(param) }

func makeClientVerifier(c *word.Call) starlark.Value {
	v := verifierOf(c)
	v.Required = isOn(c, "required")
	v.Hints = authoritiesOf(c, "ca_hint_directory")
	if v.Trusted && v.Authorities == nil && !v.Pinned() && !c.Bad {
		c.Problem("verify_ca_directory", "missing-parameter", "it does not say whose certificates are good", `write verify_ca_directory="/etc/zorpgo/ca"`)
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewValue(c, "verifier of clients", &clientVerifier{v})
}

func makeServerVerifier(c *word.Call) starlark.Value {
	v := verifierOf(c)
	v.Required = true
	v.Name = serverName(c)
	checked := isOn(c, "check_subject") && v.Trusted && len(v.Fingerprints) == 0
	switch {
	case c.Bad:
		return interp.Poison{}
	case checked && v.Name == "":
		c.Problem("server_name", "server-without-verifier", "it does not say which name the server's certificate must be for, so any server of these authorities could answer",
			`write server_name="origin.example.com", or fingerprint="sha256:..."`)
	case !checked && v.Trusted && v.Authorities == nil && len(v.Fingerprints) == 0:
		c.Problem("check_subject", "server-without-verifier", "the host's authorities issue to anybody, so without a name any server could answer",
			`write server_name="origin.example.com", or verify_ca_directory with an authority of your own`)
	}
	if c.Bad {
		return interp.Poison{}
	}
	if !checked {
		v.Name = ""
	}
	return word.NewValue(c, "verifier of servers", &serverVerifier{v})
}

// verifierOf is what both have in common.
func verifierOf(c *word.Call) *encryption.Verifier {
	v := &encryption.Verifier{Pos: c.Pos, Trusted: isOn(c, "trusted"), Depth: c.Int("verify_depth", 1, 100, 4), PermitMissingCRL: c.Bool("permit_missing_crl"),
		PermitInvalid: c.Bool("permit_invalid_certificates"), Fingerprints: fingerprints(c), Pins: c.File("trusted_certs_directory")}
	files := c.Draft.Files()
	v.Authorities = authoritiesOf(c, "verify_ca_directory")
	if name := c.File("verify_crl_directory"); name != "" {
		list, err := encryption.NewRevocations(files, name)
		if err != nil {
			c.Problem("verify_crl_directory", "bad-authorities", err.Error(), "name the directory of the revocation lists")
		}
		v.Revocations = list
	}
	if err := v.CheckPins(files); err != nil {
		c.Problem("trusted_certs_directory", "bad-authorities", err.Error(), "name the directory of the certificates")
	}
	if v.Trusted && v.PermitInvalid {
		c.Draft.Note(c.At("permit_invalid_certificates"), "no-effect", c.Name()+": permit_invalid_certificates has no effect with trusted=TRUE", "leave it out, or write trusted=FALSE")
	}
	return v
}

func authoritiesOf(c *word.Call, param string) *encryption.Authorities {
	name := c.File(param)
	if name == "" {
		return nil
	}
	a, err := encryption.NewAuthorities(c.Draft.Files(), name)
	if err != nil {
		c.Problem(param, "bad-authorities", err.Error(), "name a directory with the certificates of authorities in PEM, or one file")
		return nil
	}
	return a
}

func fingerprints(c *word.Call) (list []encryption.Fingerprint) {
	for i, text := range c.Texts("fingerprint") {
		digits, ok := strings.CutPrefix(text, "sha256:")
		b, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
		if !ok || err != nil || len(b) != len(encryption.Fingerprint{}) {
			c.ProblemAt(c.Element("fingerprint", i), "bad-fingerprint", fmt.Sprintf("%q is no fingerprint", text), `write "sha256:" and what openssl x509 -noout -fingerprint -sha256 prints, 64 hexadecimal digits`)
			continue
		}
		list = append(list, encryption.Fingerprint(b))
	}
	return list
}

// serverName is the name that a certificate must bear.
func serverName(c *word.Call) string {
	name := strings.TrimSuffix(c.Text("server_name"), ".")
	switch {
	case name == "" && c.Given("server_name") == nil || net.ParseIP(name) != nil:
	case !isHost(name):
		c.Problem("server_name", "bad-server-name", fmt.Sprintf("%q is no host name", name), `write the name alone, such as "origin.example.com"`)
	case !strings.Contains(name, "."):
		c.Warn("server_name", "bad-server-name", fmt.Sprintf("%q has no domain: certificates seldom are for such a name", name), `write the whole name, such as "origin.example.com"`)
	}
	return name
}

// isHost reports whether text can be the name of a host: letters, digits, hyphens, between dots.
func isHost(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(text) <= 253
}
