package tlspeers

import (
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
	"zorpgo/cmd/zorpgo/peers"
)

// gnutls runs gnutls-cli, which verifies the server.
func (s *stand) gnutls(h how, lines []talk, args ...string) (status int, said string) {
	s.t.Helper()
	base := append([]string{"gnutls-cli", "--crlf", "--x509cafile=" + s.ca, "--verify-hostname=" + front, firewall}, h.args...)
	return s.ends(lines, append(base, args...)...)
}

var gnutlsHows = []how{
	{"STARTTLS", []string{"--starttls-proto=smtp", "--port=25"}, "- Simple Client Mode"},
	{"implicit", []string{"--port=465"}, "220 "},
}

// TestGnuTLS: what gnutls-cli asks for.
func TestGnuTLS(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls, smtps)
	for _, h := range gnutlsHows {
		quits := []talk{{h.ready, "quit"}}
		for version, shown := range map[string]string{"1.2": "Description: (TLS1.2", "1.3": "Description: (TLS1.3"} {
			_, said := s.gnutls(h, quits, "--priority=NORMAL:-VERS-ALL:+VERS-TLS"+version)
			says(t, said, shown, "The certificate is trusted", "Handshake was completed", "221 ")
		}
		_, said := s.gnutls(h, quits, "--resume")
		says(t, said, "This is a resumed session", "221 ")
		status, said := s.gnutls(h, nil, "--priority=NORMAL:-VERS-ALL:+VERS-TLS1.1")
		says(t, said, "A TLS fatal alert has been received", "protocol version")
		if status == 0 {
			t.Error("TLS 1.1 is spoken")
		}
	}
}

// letter is what swaks is told to send.
var letter = []string{"--to", "bob@example.com", "--body", "under TLS"}

// TestSwaks: STARTTLS, TLS from the first byte, TLS if there is any; and login under each.
func TestSwaks(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	origin := peers.StartAuth(t, s.Lab)
	s.serve(starttls, smtps)
	for _, begin := range [][]string{
		{"--tls"}, {"--tlsc", "--port", "465"}, {"--tls-optional"}, {"--tls-optional-strict"},
		{"--tls", "--tls-protocol", "tlsv1_2"}, {"--tls", "--tls-protocol", "tlsv1_3"}, {"--tls", "--pipeline"},
	} {
		for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5"} {
			args := append([]string{"--tls-verify", "--tls-ca-path", s.ca, "--tls-sni", front,
				"--auth", mechanism, "--auth-user", peers.User, "--auth-password", peers.Password}, letter...)
			p := s.Client.Swaks(firewall, append(args, begin...)...)
			says(t, p.String(), "=== TLS started with cipher TLSv1.", `=== TLS peer DN="/CN=`+front+`"`)
			if got := origin.Next(); got.User != peers.User || got.Mechanism != mechanism || !strings.Contains(string(got.Content), "under TLS") {
				t.Errorf("%v, %s: %+v", begin, mechanism, got)
			}
		}
	}
}

// TestSwaksWithoutTLS: where none is offered --tls gives up and --tls-optional goes on; where it is required nothing goes without.
func TestSwaksWithoutTLS(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	origin := s.Origin()
	s.serve(`serve(25, NoneEncryption())`,
		`serve(587, StartTLSEncryption(certificate("front"), client_security=SSL_REQUIRE_STARTTLS))`)
	swaks := func(args ...string) (int, string) {
		p := s.Client.Start(lab.Command{Args: append(append([]string{"swaks", "--server", firewall, "--from", "alice@example.net"}, letter...), args...)})
		return p.Wait(), p.String()
	}
	status, said := swaks("--tls")
	says(t, said, "Host did not advertise STARTTLS")
	if status == 0 {
		t.Error("mail goes without TLS")
	}
	s.Client.Swaks(firewall, append([]string{"--tls-optional"}, letter...)...)
	s.arrived++
	status, said = swaks("--port", "587")
	says(t, said, "530 ")
	if status == 0 {
		t.Error("mail goes without TLS")
	}
	s.Client.Swaks(firewall, append([]string{"--port", "587", "--tls"}, letter...)...)
	s.arrived++
	s.holds(origin, "swaks")
}
