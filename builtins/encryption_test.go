package builtins_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
	"zorpgo/engine/lint"
	"zorpgo/engine/proxy"
)

const encryptionHead = `from Zorp.Smtp import *

def pair(name):
    return StaticCertificate(Certificate.fromFile("/etc/zorpgo/" + name + ".pem", PrivateKey.fromFile("/etc/zorpgo/" + name + ".key")))

mail = pair("mail")
good = ServerCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", server_name="mail.example.com")
`

// encryptions are the encryption policies of a policy text, by name.
func encryptions(t *testing.T, text string) map[string]*encryption.Policy {
	t.Helper()
	byName := map[string]*encryption.Policy{}
	for _, p := range load(t, encryptionHead+text).EncryptionPolicies {
		byName[p.Name] = p
	}
	return byName
}

// meets has a client handshake with the client side of a policy.
func meets(t *testing.T, p *encryption.Policy, client *tls.Config) (server tls.ConnectionState, err error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { // ends when near is closed
		conn := tls.Client(near, client)
		_, _ = io.Copy(io.Discard, conn)
	}()
	conn, err := p.Client.Accept(context.Background(), far)
	if err != nil {
		return server, err
	}
	return conn.ConnectionState(), nil
}

// reaches has the server side of a policy handshake with a server.
func reaches(t *testing.T, p *encryption.Policy, shows string) error {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { // ends when far is closed
		_, _ = io.Copy(io.Discard, tls.Server(far, &tls.Config{Certificates: []tls.Certificate{certtest.Pair(shows)}}))
	}()
	_, err := p.Server.Connect(context.Background(), near, netip.MustParseAddrPort("172.16.20.254:25"))
	return err
}

var encryptionCases = []struct {
	says           string
	client, server encryption.Mode
}{
	{`NoneEncryption()`, encryption.Plain, encryption.Plain},
	{`ClientOnlyEncryption(mail)`, encryption.Implicit, encryption.Plain},
	{`ServerOnlyEncryption(server_verify=good)`, encryption.Plain, encryption.Implicit},
	{`TwoSidedEncryption(mail, server_verify=good)`, encryption.Implicit, encryption.Implicit},
	{`ClientOnlyStartTLSEncryption(mail)`, encryption.StartTLS, encryption.Plain},
	{`FakeStartTLSEncryption(mail, None, good)`, encryption.StartTLS, encryption.Implicit},
	{`ForwardStartTLSEncryption(mail, None, good)`, encryption.StartTLS, encryption.Forward},
	{`StartTLSEncryption(mail)`, encryption.StartTLS, encryption.Plain},
	{`StartTLSEncryption(mail, SSL_REQUIRE_STARTTLS, SSL_REQUIRE_STARTTLS, server_verify=good)`, encryption.StartTLSRequired, encryption.StartTLSRequired},
	{`StartTLSEncryption(mail, server_security=SSL_ACCEPT_STARTTLS, server_verify=good)`, encryption.StartTLS, encryption.StartTLS},
	{`StartTLSEncryption(mail, SSL_FORCE_SSL, SSL_ACCEPT_STARTTLS, server_verify=good)`, encryption.Implicit, encryption.StartTLS},
	{`StartTLSEncryption(None, SSL_NONE, SSL_FORCE_SSL, server_verify=good)`, encryption.Plain, encryption.Implicit},
	{`StartTLSEncryption(mail, SSL_REQUIRE_STARTTLS, SSL_FORWARD_STARTTLS, server_verify=good)`, encryption.StartTLSRequired, encryption.Forward},
}

// Each scenario encrypts what it says: its sides handshake, with the certificate and the verification of the policy.
func TestEncryptionScenarios(t *testing.T) {
	for _, c := range encryptionCases {
		t.Run(c.says, func(t *testing.T) {
			p := encryptions(t, "EncryptionPolicy('tls', "+c.says+")\n")["tls"]
			if p == nil || p.Client.Mode != c.client || p.Server.Mode != c.server {
				t.Fatalf("%+v", p)
			}
			if c.client != encryption.Plain {
				if _, err := meets(t, p, &tls.Config{RootCAs: certtest.Roots(), ServerName: "mail.example.com"}); err != nil {
					t.Errorf("a client is refused: %v", err)
				}
			}
			if c.server != encryption.Plain {
				if err := reaches(t, p, "mail"); err != nil {
					t.Errorf("the server is refused: %v", err)
				}
				if err := reaches(t, p, "expired"); err == nil || !strings.Contains(err.Error(), "it expired on 2024-04-01") {
					t.Errorf("a server whose certificate has expired: %v", err)
				}
			}
		})
	}
}

// What verifiers and options say has an effect.
func TestEncryptionWords(t *testing.T) {
	client := func(change func(*tls.Config)) *tls.Config {
		c := &tls.Config{RootCAs: certtest.Roots(), ServerName: "mail.example.com"}
		change(c)
		return c
	}
	plain := func(*tls.Config) {}
	shows := func(name string) func(*tls.Config) {
		return func(c *tls.Config) {
			pair := certtest.Pair(name)
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
	}
	version := func(v uint16) func(*tls.Config) { return func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v } }
	const required = `ClientOnlyEncryption(mail, ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca"))`
	for _, c := range []struct {
		says   string
		client func(*tls.Config)
		want   string
	}{
		{required, shows("other"), ""},
		{required, plain, "client didn't provide a certificate"},
		{required, shows("sha1"), "certificate refused: no authority that is trusted issued it"},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca/root.pem", required=FALSE))`, plain, ""},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(trusted=FALSE))`, shows("sha1"), ""},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(trusted=FALSE))`, shows("expired"), "it expired"},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(trusted=FALSE, permit_invalid_certificates=TRUE))`, shows("expired"), ""},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", verify_depth=1))`, shows("other"), "2 authorities stand above it"},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", verify_crl_directory="/etc/zorpgo/crl"))`, shows("other"), "there is no revocation list"},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", verify_crl_directory="/etc/zorpgo/crl", permit_missing_crl=TRUE))`, shows("other"), ""},
		{`ClientOnlyEncryption(mail, ClientCertificateVerifier(fingerprint="sha256:" + 32 * "00"))`, shows("other"), "it is another certificate"},
		{`ClientOnlyEncryption(mail, ClientNoneVerifier())`, plain, ""},
		{`ClientOnlyEncryption(mail)`, version(tls.VersionTLS11), "unsupported versions"},
		{`ClientOnlyEncryption(mail, None, ClientSSLOptions(disable_tlsv1_1=FALSE))`, version(tls.VersionTLS11), ""},
		{`ClientOnlyEncryption(mail, None, ClientSSLOptions(disable_tlsv1_2=TRUE))`, version(tls.VersionTLS12), "unsupported versions"},
		{`ClientOnlyEncryption(mail, None, ClientSSLOptions(cipher="ECDHE-RSA-AES256-GCM-SHA384"))`, version(tls.VersionTLS12), "no cipher suite"},
		{`ClientOnlyEncryption(mail, None, ClientSSLOptions(cipher="ECDHE-ECDSA-AES256-GCM-SHA384"))`, version(tls.VersionTLS12), ""},
		{`ClientOnlyEncryption(SNIBasedCertificate({RegexpMatcher(["^mx"]): mail}))`, plain, `there is no certificate for the name "mail.example.com"`},
		{`ClientOnlyEncryption(SNIBasedCertificate({RegexpMatcher(["^mx"]): pair("expired"), RegexpMatcher(["^mail"]): mail}))`, plain, ""},
		{`ClientOnlyEncryption(SNIBasedCertificate({RegexpMatcher(["^mx"]): pair("expired")}, default=mail))`, plain, ""},
	} {
		p := encryptions(t, "EncryptionPolicy('tls', "+c.says+")\n")["tls"]
		if _, err := meets(t, p, client(c.client)); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.says, err, c.want)
		}
	}
	for _, c := range []struct{ says, shows, want string }{
		{`ServerCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", server_name="origin.example.com")`, "mail", "it is not for the name origin.example.com"},
		{`ServerCertificateVerifier(verify_ca_directory="/etc/zorpgo/ca", check_subject=FALSE)`, "mail", ""},
		{`ServerCertificateVerifier(server_name="mail.example.com")`, "mail", "no authority that is trusted"},
		{`ServerCertificateVerifier(trusted=FALSE)`, "sha1", ""},
		{`ServerNoneVerifier()`, "expired", ""},
	} {
		p := encryptions(t, "EncryptionPolicy('tls', ServerOnlyEncryption(server_verify="+c.says+"))\n")["tls"]
		if err := reaches(t, p, c.shows); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.says, err, c.want)
		}
	}
}

// The order of a dictionary is that in which it is written.
func TestFirstMatcherChooses(t *testing.T) {
	for first, second := range map[string]string{"mail": "other", "other": "mail"} {
		p := encryptions(t, fmt.Sprintf(`class Every(AbstractMatcher):
    def checkMatch(self, name):
        return name == "mail.example.com"

EncryptionPolicy("tls", ClientOnlyEncryption(SNIBasedCertificate({Every(): pair(%q), Every(): pair(%q)})))
`, first, second))["tls"]
		want, got := certtest.Pair(first), []byte(nil)
		client := &tls.Config{RootCAs: certtest.Roots(), ServerName: "mail.example.com", VerifyConnection: func(s tls.ConnectionState) error {
			got = s.PeerCertificates[0].Raw
			return nil
		}}
		if _, err := meets(t, p, client); err != nil || string(got) != string(want.Certificate[0]) {
			t.Errorf("the second is shown, or %v", err)
		}
	}
}

// A service's policy comes before that of its class, which may depend on the session.
func TestEncryptionOfService(t *testing.T) {
	config := load(t, encryptionHead+`
EncryptionPolicy("one", ClientOnlyStartTLSEncryption(mail))
EncryptionPolicy("two", ClientOnlyEncryption(mail))

class Body(SmtpProxy):
    encryption_policy = "one"

class Config(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.encryption_policy = "one"

class Session(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        if self.session.client_address.ip_s == "10.1.2.3":
            self.encryption_policy = "one"

Service("none", SmtpProxy)
Service("body", Body)
Service("config", Config)
Service("both", Config, encryption_policy="two")
Service("session", Session)
`)
	for service, want := range map[string]string{"none": "", "body": "one", "config": "one", "both": "two", "session": "one"} {
		if got := encryptionIn(t, config, service); got != want {
			t.Errorf("service %s has encryption policy %q, want %q", service, got, want)
		}
	}
}

// encryptionIn is the name of the encryption policy of a session.
func encryptionIn(t *testing.T, config *engine.Config, service string) string {
	t.Helper()
	s := newSession(service, "10.1.2.3:4000", slog.New(slog.DiscardHandler), config)
	s.Encryption = config.Services[service].Encryption
	p, err := config.Services[service].Class.New(s)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if s.Encryption == nil {
		return ""
	}
	return s.Encryption.Name
}

// An encryption policy that a class chooses in sessions is not said to be unused.
func TestUsedInSessions(t *testing.T) {
	opts := options(map[string]string{"p.star": encryptionHead + `
EncryptionPolicy("one", ClientOnlyStartTLSEncryption(mail))

class Session(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        if self.session.client_address.ip_s == "10.1.2.3":
            self.encryption_policy = "one"

Service("mail", Session)
Rule(service="mail", dst_subnet="172.16.40.1", dst_port=25)
`})
	opts.Lint = lint.Check
	if _, found, err := builtins.Load(opts, "p.star"); err != nil || strings.Contains(found.Error(), "unused-encryption-policy") {
		t.Errorf("%v\n%v", err, found.Error())
	}
}

// A class may derive from a scenario to give its parameters values.
func TestDerivedScenario(t *testing.T) {
	p := encryptions(t, `
class Both(TwoSidedEncryption):
    def __init__(self, certificate):
        TwoSidedEncryption.__init__(self, client_certificate_generator=certificate, server_verify=good)

EncryptionPolicy("tls", Both(mail))
`)["tls"]
	if p.Client.Mode != encryption.Implicit || p.Server.Mode != encryption.Implicit || !p.Server.Verifies() {
		t.Errorf("%+v", p)
	}
}

// What a session's TLS is can be read in callbacks.
func TestTLSOfSession(t *testing.T) {
	config := load(t, `from Zorp.Smtp import *

class Mail(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.noop)

    def noop(self, command, param):
        tls = self.tls
        shown = tls.client_peer_certificate
        self.error_code = "550"
        self.error_info = "%s %s %s" % (tls.client_version, tls.server_version, tls.server_peer_certificate)
        if shown != None:
            self.error_info = "%s %s|%s|%s|%s|%s|%d|%d|%s" % (tls.client_version, tls.client_cipher, shown.subject, shown.issuer,
            shown.common_name, shown.dns_names[0], len(shown.email_addresses), len(shown.blob) > 500, shown.fingerprint[:7])
        return SMTP_REQ_REJECT

Service("mail", Mail)
`)
	pair := certtest.Pair("mail")
	for _, c := range []struct {
		tls  *tls.ConnectionState
		want string
	}{
		{nil, "550 None None None"},
		{&tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256}, "550 TLS 1.3 None None"},
		{&tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, PeerCertificates: []*x509.Certificate{pair.Leaf}},
			"550 TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256|CN=mail.example.com|CN=intermediate authority of examples|mail.example.com|mail.example.com|0|1|sha256:"},
	} {
		s := newSession("mail", "10.1.2.3:4000", slog.New(slog.DiscardHandler), config)
		s.ClientTLS = c.tls
		p, err := config.Services["mail"].Class.New(s)
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{protocol: p}
		p.Open(w, nil)
		w.say(proxy.Server, "220 origin")
		w.say(proxy.Client, "EHLO c.example")
		w.say(proxy.Server, "250 origin")
		if got := w.say(proxy.Client, "NOOP"); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}
