package tlspeers

import (
	"fmt"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
	"zorpgo/engine/encryption/certtest"
)

// message is what Postfix is told to send.
var message = []byte("Subject: under TLS\n\nhello\n")

// What becomes of a message of Postfix's.
const (
	sent     = "status=sent (250 "
	deferred = "status=deferred ("
	bounced  = "status=bounced ("
)

// The policies that Postfix meets as a client, all on port 25.
const (
	clear    = `serve(25, NoneEncryption())`
	required = `serve(25, StartTLSEncryption(certificate("front"), client_security=SSL_REQUIRE_STARTTLS))`
)

// postfixClients are Postfix's levels before each policy. CA stands for the file of the authority, and OTHER for another's.
var postfixClients = []struct {
	policy string
	config string
	logs   []string // what its log says
	fate   string
}{
	{clear, "smtp_tls_security_level = none", nil, sent},
	{clear, "smtp_tls_security_level = may", nil, sent},
	{clear, "smtp_tls_security_level = encrypt", []string{"TLS is required, but was not offered"}, deferred},
	{starttls, "smtp_tls_security_level = none", nil, sent},
	{starttls, "smtp_tls_security_level = may", []string{"Untrusted TLS connection established to 172.16.40.1"}, sent},
	{starttls, "smtp_tls_security_level = may; smtp_tls_CAfile = CA", []string{"Trusted TLS connection established to 172.16.40.1"}, sent},
	{starttls, "smtp_tls_security_level = encrypt; smtp_tls_CAfile = CA", []string{"Trusted TLS connection established to 172.16.40.1"}, sent},
	{starttls, "smtp_tls_security_level = verify; smtp_tls_CAfile = CA; smtp_tls_verify_cert_match = mx.example.com",
		[]string{"Verified TLS connection established to 172.16.40.1"}, sent},
	{starttls, "smtp_tls_security_level = secure; smtp_tls_CAfile = CA; smtp_tls_secure_cert_match = mx.example.com; smtp_tls_servername = mx.example.com",
		[]string{"Verified TLS connection established to 172.16.40.1"}, sent},
	{starttls, "smtp_tls_security_level = secure; smtp_tls_CAfile = CA; smtp_tls_secure_cert_match = another.example.com", []string{"Server certificate not verified"}, deferred},
	{starttls, "smtp_tls_security_level = verify; smtp_tls_CAfile = OTHER; smtp_tls_verify_cert_match = mx.example.com", []string{"untrusted issuer /CN=test authority"}, deferred},
	{starttls, "smtp_tls_security_level = encrypt; smtp_tls_mandatory_protocols = TLSv1.2", []string{": TLSv1.2 with cipher ECDHE-ECDSA-AES"}, sent},
	{starttls, "smtp_tls_security_level = encrypt; smtp_tls_mandatory_protocols = TLSv1.3", []string{": TLSv1.3 with cipher TLS_AES_"}, sent},
	{starttls, "smtp_tls_wrappermode = yes; smtp_tls_security_level = encrypt; relayhost = [172.16.40.1]:465; smtp_tls_CAfile = CA",
		[]string{"Trusted TLS connection established to 172.16.40.1[172.16.40.1]:465: TLSv1.3"}, sent},
	{required, "smtp_tls_security_level = none", []string{"said: 530"}, bounced},
	{required, "smtp_tls_security_level = may", []string{"Untrusted TLS connection established"}, sent},
}

// TestPostfixClient has Postfix send mail through zorpgo at each of its levels.
func TestPostfixClient(t *testing.T) {
	for _, policy := range []string{clear, starttls, required} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			origin := s.Origin()
			s.serve(policy, smtps)
			files := strings.NewReplacer("OTHER", s.File("ca2.pem", string(certtest.New(t).PEM)), "= CA", "= "+s.ca, "; ", "\n")
			for _, c := range postfixClients {
				if c.policy == policy {
					s.sends(origin, c.fate, c.logs, files.Replace(c.config))
				}
			}
		})
	}
}

// sends has a Postfix with that configuration send the message.
func (s *stand) sends(origin *lab.Postfix, fate string, logs []string, config string) {
	s.t.Helper()
	relay := s.Relay(firewall, "smtp_tls_loglevel = 1\n"+config)
	defer relay.Stop()
	relay.Send("bob@example.com", message)
	relay.LogHas(fate)
	says(s.t, relay.String(), logs...)
	if len(logs) == 0 {
		relay.LogLacks("TLS connection established")
	}
	if fate == sent {
		s.arrived++
	}
	s.holds(origin, config)
}

// holds waits until the server has delivered what has arrived; it must have nothing else.
func (s *stand) holds(origin *lab.Postfix, after string) {
	s.t.Helper()
	origin.LogHasTimes(s.arrived, ": removed")
	if n := origin.Queued(); n != 0 || strings.Count(origin.String(), "status=sent") != s.arrived {
		s.t.Errorf("%s: the server holds %d messages, %d arrived:\n%s", after, n, s.arrived, origin)
	}
}

// postfixServers are Postfix's own TLS behind zorpgo and what zorpgo thinks of it. Its certificate is for back.
var postfixServers = []struct {
	name   string
	policy string // what stands in StartTLSEncryption after the side of the clients
	level  string // of Postfix's TLS
	cipher string // that Postfix logs; "" for none
	fails  bool
}{
	{"required, verified", `server_security=SSL_REQUIRE_STARTTLS, server_verify=VERIFIED`, "may", ": TLSv1.3 with cipher TLS_AES_", false},
	{"optional, verified", `server_security=SSL_ACCEPT_STARTTLS, server_verify=VERIFIED`, "may", ": TLSv1.3 with cipher TLS_AES_", false},
	{"optional, not there", `server_security=SSL_ACCEPT_STARTTLS, server_verify=VERIFIED`, "none", "", false},
	{"required, not there", `server_security=SSL_REQUIRE_STARTTLS, server_verify=VERIFIED`, "none", "", true},
	{"required of us", `server_security=SSL_REQUIRE_STARTTLS, server_verify=VERIFIED`, "encrypt", ": TLSv1.3 with cipher TLS_AES_", false},
	{"TLS 1.2", `server_security=SSL_REQUIRE_STARTTLS, server_verify=VERIFIED`, "may\nsmtpd_tls_protocols = TLSv1.2", ": TLSv1.2 with cipher ECDHE-ECDSA-AES", false},
	{"TLS 1.1", `server_security=SSL_REQUIRE_STARTTLS, server_verify=VERIFIED`,
		"may\nsmtpd_tls_protocols = TLSv1.1\nsmtpd_tls_ciphers = low\ntls_low_cipherlist = ALL:@SECLEVEL=0", "", true},
	{"not verified", `server_security=SSL_REQUIRE_STARTTLS, server_verify=ServerNoneVerifier()`, "may", ": TLSv1.3 with cipher TLS_AES_", false},
	{"wrong name", `server_security=SSL_REQUIRE_STARTTLS, server_verify=ServerCertificateVerifier(verify_ca_directory="ca.pem", server_name="another.example.com")`, "may", "", true},
	{"unknown authority", `server_security=SSL_REQUIRE_STARTTLS, server_verify=ServerCertificateVerifier(verify_ca_directory="ca2.pem", server_name="origin.example.com")`, "may", "", true},
	{"optional, wrong name", `server_security=SSL_ACCEPT_STARTTLS, server_verify=ServerCertificateVerifier(verify_ca_directory="ca.pem", server_name="another.example.com")`, "may", "", true},
}

const verified = `ServerCertificateVerifier(verify_ca_directory="ca.pem", server_name="origin.example.com")`

// TestPostfixServer: Postfix's TLS on the second leg, for clients with TLS and without.
func TestPostfixServer(t *testing.T) {
	for _, c := range postfixServers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			s.File("ca2.pem", string(certtest.New(t).PEM))
			pem, key := s.certificate("back", back)
			origin := s.Origin("smtpd_tls_loglevel = 1", "smtpd_tls_cert_file = "+pem, "smtpd_tls_key_file = "+key, "smtpd_tls_security_level = "+c.level)
			s.serve(`serve(25, StartTLSEncryption(certificate("front"), ` + strings.ReplaceAll(c.policy, "VERIFIED", verified) + `))`)
			for i, tls := range []string{"--tls", "--timeout=20"} {
				args := []string{"swaks", "--server", firewall, "--helo", "client.example.net", "--from", "alice@example.net", tls}
				p := s.Client.Start(lab.Command{Args: append(args, letter...)})
				if status := p.Wait(); (status != 0) != c.fails {
					t.Errorf("%s: status %d\n%s", tls, status, p)
				}
				if c.fails {
					says(t, p.String(), "451 ")
					origin.LogHasTimes(i+1, "lost connection after ")
					continue
				}
				s.arrived++
				if c.cipher != "" {
					origin.LogHasTimes(i+1, "TLS connection established from unknown[172.16.20.1]"+c.cipher)
				}
			}
			if c.fails || c.cipher == "" {
				origin.LogLacks("TLS connection established")
			}
			s.holds(origin, c.name)
		})
	}
}

// TestPostfixBothWays: Postfix before zorpgo and behind, each with a certificate of its own, and both verify.
func TestPostfixBothWays(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	pem, key := s.certificate("back", back)
	s.certificate("ours", "firewall.example.com")
	theirPEM, theirKey := s.certificate("theirs", "client.example.net")
	origin := s.Origin("smtpd_tls_loglevel = 1", "smtpd_tls_cert_file = "+pem, "smtpd_tls_key_file = "+key,
		"smtpd_tls_security_level = encrypt", "smtpd_tls_req_ccert = yes", "smtpd_tls_CAfile = "+s.ca)
	s.serve(`serve(25, StartTLSEncryption(certificate("front"), client_security=SSL_REQUIRE_STARTTLS,
        client_verify=ClientCertificateVerifier(verify_ca_directory="ca.pem"), server_security=SSL_REQUIRE_STARTTLS,
        server_certificate_generator=certificate("ours"), server_verify=` + verified + `))`)
	common := "smtp_tls_security_level = verify\nsmtp_tls_verify_cert_match = " + front + "\nsmtp_tls_CAfile = " + s.ca
	mine := fmt.Sprintf("\nsmtp_tls_cert_file = %s\nsmtp_tls_key_file = %s", theirPEM, theirKey)
	s.sends(origin, sent, []string{"Verified TLS connection established to 172.16.40.1"}, common+mine)
	origin.LogHas("Trusted TLS connection established from unknown[172.16.20.1]: TLSv1.3")
	s.sends(origin, deferred, []string{"deferred"}, common) // without a certificate of its own
}
