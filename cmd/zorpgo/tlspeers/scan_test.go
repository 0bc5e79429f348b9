package tlspeers

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// The suites that clients can have of each policy, the preferred one first, as sslscan finds them.
var (
	suites13 = []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	suites12 = []string{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}
	suitesSH = []string{"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA"} // CBC, for clients that have nothing better
	defaults = slices.Concat(suites13, suites12, suitesSH)
)

var found = regexp.MustCompile(`(?m)^(?:Preferred|Accepted) +TLSv1\.[23] +\d+ bits +(\S+)`)

// TestSSLScan: versions and suites, all of them and nothing else.
func TestSSLScan(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls, smtps,
		`serve(587, ClientOnlyStartTLSEncryption(certificate("front"), client_ssl_options=ClientSSLOptions(cipher="HIGH:!SHA1")))`)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--starttls-smtp", port(25)}, defaults},
		{[]string{port(465)}, defaults},
		{[]string{"--starttls-smtp", port(587)}, slices.Concat(suites13, suites12)},
	} {
		_, said := s.ends(nil, append([]string{"sslscan", "--no-colour"}, c.args...)...)
		says(t, said, "SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled", "TLSv1.1   disabled",
			"TLSv1.2   enabled", "TLSv1.3   enabled", "Server supports TLS Fallback SCSV", "Session renegotiation not supported",
			"TLSv1.3 not vulnerable to heartbleed", "TLSv1.2 not vulnerable to heartbleed")
		var suites []string
		for _, m := range found.FindAllStringSubmatch(said, -1) {
			suites = append(suites, m[1])
		}
		if !slices.Equal(suites, c.want) {
			t.Errorf("%v: the suites are\n%q, want\n%q", c.args, suites, c.want)
		}
	}
}

// unresolved runs a program whose look-ups fail at once.
const unresolved = `mount --bind "$1" /etc/resolv.conf && shift && exec "$@"`

// scan runs testssl.sh against a port with STARTTLS.
func (s *stand) scan(n int) string {
	s.t.Helper()
	p := s.Client.Start(lab.Command{Args: []string{"unshare", "--mount", "sh", "-ec", unresolved, "sh", s.File("resolv.conf", "nameserver 127.0.0.1\n"),
		"testssl", "--fast", "-p", "-s", "-U", "--nodns", "none", "--color", "0", "--warnings", "off", "--starttls", "smtp", port(n)}})
	for _, step := range []string{"Testing protocols", "Testing cipher categories", "Testing vulnerabilities", "SWEET32", "LUCKY13", " Done "} {
		p.LogHas(step) // each has its own time
	}
	if status := p.Wait(); status >= 200 { // below: how many findings
		s.t.Errorf("testssl.sh: status %d:\n%s", status, p)
	}
	return p.String()
}

// TestTestSSL: the other scanner, which speaks TLS by itself, also what no library speaks any more.
func TestTestSSL(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls)
	said := s.scan(25)
	for _, want := range []string{
		`SSLv2 +not offered \(OK\)`, `SSLv3 +not offered \(OK\)`, `TLS 1 +not offered`, `TLS 1\.1 +not offered`,
		`TLS 1\.2 +offered \(OK\)`, `TLS 1\.3 +offered \(OK\)`,
		`NULL ciphers .*not offered \(OK\)`, `Anonymous NULL .*not offered \(OK\)`, `Export ciphers .*not offered \(OK\)`,
		`LOW: .*not offered \(OK\)`, `(Triple DES|3DES).*not offered`,
		`Heartbleed .*not vulnerable \(OK\)`, `CCS .*not vulnerable \(OK\)`, `ROBOT +Server does not support any cipher suites that use RSA`,
		`Secure Renegotiation .*supported \(OK\)`, `Secure Client-Initiated Renegotiation +not vulnerable \(OK\)`,
	} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("it says nothing like %s", want)
		}
	}
	for line := range strings.Lines(said) {
		// The suites with CBC and SHA-1 are there for old clients; crypto/tls has LUCKY13's remedy for them.
		if strings.Contains(line, "VULNERABLE") && !strings.Contains(line, "LUCKY13") {
			t.Error(line)
		}
	}
	if t.Failed() {
		t.Log(said)
	}
}
