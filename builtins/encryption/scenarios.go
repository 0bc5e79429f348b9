package encryption

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption"
)

// The parameters of scenarios; a side's are there together, or none.
var (
	clientCertificate = word.Param{Name: "client_certificate_generator", Type: sourceType, Doc: "the certificate that clients are shown"}
	serverCertificate = word.Param{Name: "server_certificate_generator", Type: sourceType, Default: "None", Doc: "the certificate that servers are shown if they ask for one"}
	clientVerify      = word.Param{Name: "client_verify", Type: word.TypeOf[*clientVerifier]("ClientCertificateVerifier(...) or ClientNoneVerifier()"), Default: "None",
		Doc: "what certificates of clients must be. Not as in Zorp, clients are asked for none unless this is given: mail servers seldom have one"}
	serverVerify = word.Param{Name: "server_verify", Type: word.TypeOf[*serverVerifier]("ServerCertificateVerifier(...) or ServerNoneVerifier()"), Default: "None",
		Doc: "what the certificate of the server must be. Not as in Zorp it must be given, with the name of the server or its certificate: nobody can know it otherwise"}
	clientOptions = word.Param{Name: "client_ssl_options", Type: word.TypeOf[clientSettings]("ClientSSLOptions(...)"), Default: "None", Doc: "options of TLS with clients; None is ClientSSLOptions()"}
	serverOptions = word.Param{Name: "server_ssl_options", Type: word.TypeOf[serverSettings]("ServerSSLOptions(...)"), Default: "None", Doc: "options of TLS with servers; None is ServerSSLOptions()"}
	securityType  = word.Type{Want: "SSL_NONE, SSL_FORCE_SSL, SSL_ACCEPT_STARTTLS, SSL_REQUIRE_STARTTLS or SSL_FORWARD_STARTTLS", Accepts: word.Integer.Accepts}
)

var (
	noCertificate = "without a certificate for clients"
	notVerified   = "a server that nothing is said about, by server_verify"
	notStatic     = "SNIBasedCertificate for servers: they are asked, they do not ask for a name"
)

var scenarioWords = []*word.Word{
	{
		Name: "NoneEncryption", Module: module, Declares: true,
		Doc:     "Encrypts nothing: for a service whose proxy class has an encryption policy of its own.",
		Example: `EncryptionPolicy("clear", NoneEncryption())`,
		Errors:  []string{"arguments: it has none"},
		Make:    fixed(encryption.Plain, encryption.Plain),
	},
	{
		Name: "ClientOnlyEncryption", Module: module, Declares: true,
		Doc:     "Clients speak TLS from the first byte, as on port 465; the server is spoken to in clear.",
		Example: `EncryptionPolicy("smtps", ClientOnlyEncryption(` + mailCertificate + "))",
		Errors:  []string{noCertificate},
		Params:  []word.Param{clientCertificate, clientVerify, clientOptions},
		Make:    fixed(encryption.Implicit, encryption.Plain),
	},
	{
		Name: "ServerOnlyEncryption", Module: module, Declares: true,
		Doc:     "The server is spoken to in TLS from the first byte; clients speak in clear.",
		Example: `EncryptionPolicy("smtps-server", ServerOnlyEncryption(server_verify=` + verifyOrigin + "))",
		Errors:  []string{notVerified, notStatic},
		Params:  []word.Param{serverCertificate, serverVerify, serverOptions},
		Make:    fixed(encryption.Plain, encryption.Implicit),
	},
	{
		Name: "TwoSidedEncryption", Module: module, Declares: true,
		Doc:     "Both sides speak TLS from the first byte.",
		Example: "EncryptionPolicy(\"smtps-both\", TwoSidedEncryption(\n    client_certificate_generator=" + mailCertificate + ",\n    server_verify=" + verifyOrigin + "))",
		Errors:  []string{noCertificate, notVerified, notStatic},
		Params:  []word.Param{clientCertificate, serverCertificate, clientVerify, serverVerify, clientOptions, serverOptions},
		Make:    fixed(encryption.Implicit, encryption.Implicit),
	},
	{
		Name: "ClientOnlyStartTLSEncryption", Module: module, Declares: true,
		Doc:     "Clients are offered STARTTLS, whether the server has it or not; the server is spoken to in clear.",
		Example: `EncryptionPolicy("starttls", ClientOnlyStartTLSEncryption(` + mailCertificate + "))",
		Errors:  []string{noCertificate},
		Params:  []word.Param{clientCertificate, clientVerify, clientOptions},
		Make:    fixed(encryption.StartTLS, encryption.Plain),
	},
	{
		Name: "FakeStartTLSEncryption", Module: module, Declares: true,
		Doc:     "Clients are offered STARTTLS; the server is spoken to in TLS from the first byte.",
		Example: "EncryptionPolicy(\"fake\", FakeStartTLSEncryption(\n    client_certificate_generator=" + mailCertificate + ",\n    server_verify=" + verifyOrigin + "))",
		Errors:  []string{noCertificate, notVerified},
		Params:  []word.Param{clientCertificate, clientVerify, serverVerify, clientOptions, serverOptions},
		Make:    fixed(encryption.StartTLS, encryption.Implicit),
	},
	{
		Name: "ForwardStartTLSEncryption", Module: module, Declares: true,
		Doc: "Clients are offered STARTTLS if the server has it. When a client begins TLS, so does the server side; of a client that does not, the server hears in clear. " +
			"Somebody between can so keep both from TLS; StartTLSEncryption can require it.",
		Example: "EncryptionPolicy(\"forwarded\", ForwardStartTLSEncryption(\n    client_certificate_generator=" + mailCertificate + ",\n    server_verify=" + verifyOrigin + "))",
		Errors:  []string{noCertificate, notVerified},
		Params:  []word.Param{clientCertificate, clientVerify, serverVerify, clientOptions, serverOptions},
		Make:    fixed(encryption.StartTLS, encryption.Forward),
	},
	{
		Name: "StartTLSEncryption", Module: module, Declares: true,
		Doc: "Not Zorp's: each side by itself. SSL_NONE is in clear, SSL_FORCE_SSL is TLS from the first byte. Towards clients SSL_ACCEPT_STARTTLS offers STARTTLS, and SSL_REQUIRE_STARTTLS " +
			"answers 530 to what a client wants before it. Towards servers SSL_ACCEPT_STARTTLS begins TLS if the server offers it, SSL_REQUIRE_STARTTLS has no session without it, and " +
			"SSL_FORWARD_STARTTLS begins it when the client does.",
		Example: "EncryptionPolicy(\"required\", StartTLSEncryption(\n    client_certificate_generator=" + mailCertificate +
			",\n    client_security=SSL_REQUIRE_STARTTLS, server_security=SSL_REQUIRE_STARTTLS,\n    server_verify=" + verifyOrigin + "))",
		Errors: []string{noCertificate + ", unless client_security is SSL_NONE", notVerified, notStatic, "SSL_FORWARD_STARTTLS for clients, or for a server whose clients are not offered STARTTLS"},
		Params: []word.Param{optional(clientCertificate), {Name: "client_security", Type: securityType, Default: "SSL_ACCEPT_STARTTLS", Doc: "what is done with clients"},
			{Name: "server_security", Type: securityType, Default: "SSL_NONE", Doc: "what is done with servers"}, serverCertificate, clientVerify, serverVerify, clientOptions, serverOptions},
		Make: func(c *word.Call) starlark.Value {
			client, server := securityOf(c, "client_security", 2), securityOf(c, "server_security", 0)
			if client.client == encryption.Forward {
				c.Problem("client_security", "out-of-range", "clients cannot be forwarded to", "write SSL_ACCEPT_STARTTLS, and server_security=SSL_FORWARD_STARTTLS")
			}
			if server.server == encryption.Forward && client.client != encryption.StartTLS && client.client != encryption.StartTLSRequired {
				c.Problem("server_security", "out-of-range", "there is nothing to forward: clients are not offered STARTTLS", "write SSL_REQUIRE_STARTTLS")
			}
			return makeScenario(c, client.client, server.server)
		},
	},
}

func optional(p word.Param) word.Param {
	p.Default = "None"
	return p
}

func securityOf(c *word.Call, param string, otherwise int) (found security) {
	n := c.Int(param, 0, requireStartTLS, otherwise)
	for _, s := range securities {
		if s.number == n {
			found = s
		}
	}
	return found
}

// fixed makes a scenario whose word says what each side does.
func fixed(client, server encryption.Mode) func(*word.Call) starlark.Value {
	return func(c *word.Call) starlark.Value { return makeScenario(c, client, server) }
}

func makeScenario(c *word.Call, client, server encryption.Mode) starlark.Value {
	s := &scenario{clientMode: client, serverMode: server}
	if client != encryption.Plain {
		s.client = clientOf(c)
	}
	if server != encryption.Plain {
		s.server = serverOf(c)
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewValue(c, "encryption", s)
}

func clientOf(c *word.Call) (client encryption.Client) {
	source, given := word.Get[*encryption.Choice](c, "client_certificate_generator")
	if !given && !c.Bad {
		c.Problem("client_certificate_generator", "missing-parameter", "there is no certificate for clients", "write client_certificate_generator="+mailCertificate)
	}
	client.Certificates = source
	if v, given := word.Get[*clientVerifier](c, "client_verify"); given {
		client.Verifier = v.Verifier
	} else if !c.Refused("client_verify") {
		c.Draft.Note(c.Pos, "client-not-verified", fmt.Sprintf("%s: clients are not asked for a certificate", c.Name()),
			"that is usual for mail; write client_verify=ClientNoneVerifier() to say so, or client_verify=ClientCertificateVerifier(verify_ca_directory=...)")
	}
	client.Options = defaults
	if o, given := word.Get[clientSettings](c, "client_ssl_options"); given {
		client.Options = o.Options
	}
	return client
}

func serverOf(c *word.Call) (server encryption.Server) {
	if source, given := word.Get[*encryption.Choice](c, "server_certificate_generator"); given && len(source.Names) > 0 {
		c.Problem("server_certificate_generator", "wrong-type", "SNIBasedCertificate is for clients", "write StaticCertificate(...)")
	} else if given {
		server.Certificate = source.Default
	}
	switch v, given := word.Get[*serverVerifier](c, "server_verify"); {
	case given && v.Verifier != nil:
		server.Verifier = v.Verifier
		weak(c, v.Verifier)
	case given:
		c.Warn("server_verify", "server-not-verified", "whoever answers is taken for the server", "write server_verify="+verifyOrigin)
	case !c.Refused("server_verify"):
		c.Problem("server_verify", "server-without-verifier", "nothing is said about the server's certificate, so anybody could answer in its place",
			"write server_verify="+verifyOrigin+", or server_verify=ServerNoneVerifier() if it cannot be verified")
	}
	server.Options = defaults
	if o, given := word.Get[serverSettings](c, "server_ssl_options"); given {
		server.Options = o.Options
	}
	return server
}

// weak warns of a verifier that anybody's certificate satisfies.
func weak(c *word.Call, v *encryption.Verifier) {
	if !v.Trusted && len(v.Fingerprints) == 0 {
		c.Warn("server_verify", "server-not-verified", "with trusted=FALSE whoever answers is taken for the server, but for those in trusted_certs_directory", "write fingerprint=..., or leave trusted=FALSE out")
	}
}
