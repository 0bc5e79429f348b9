package tlspeers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// how is a way to begin TLS with the stand's usual policy.
type how struct {
	name  string
	args  []string // of openssl s_client
	ready string   // what it shows when a command may be said
}

var hows = []how{
	{"STARTTLS", []string{"-starttls", "smtp", "-connect", port(25)}, ""},
	{"implicit", []string{"-connect", port(465)}, "220 "},
}

// quits runs openssl s_client, which verifies the server and quits.
func (s *stand) quits(h how, args ...string) (status int, said string) {
	s.t.Helper()
	return s.client(h, []talk{{h.ready, "quit"}}, args...)
}

func (s *stand) client(h how, lines []talk, args ...string) (status int, said string) {
	s.t.Helper()
	base := append([]string{"openssl", "s_client", "-CAfile", s.ca, "-verify_return_error", "-crlf"}, h.args...)
	return s.ends(lines, append(base, args...)...)
}

// old allows OpenSSL what it would not do by itself.
var old = []string{"-cipher", "ALL:@SECLEVEL=0"}

// openSSLCases are what OpenSSL asks for and what becomes of it.
var openSSLCases = []struct {
	name string
	args []string
	good bool
	says []string
}{
	{"TLS 1.2", []string{"-tls1_2"}, true, []string{"New, TLSv1.2, Cipher is ECDHE-ECDSA-AES", "GCM"}},
	{"TLS 1.3", []string{"-tls1_3"}, true, []string{"New, TLSv1.3, Cipher is TLS_"}},
	{"TLS 1.1", append([]string{"-tls1_1"}, old...), false, []string{"alert protocol version"}},
	{"TLS 1.0", append([]string{"-tls1"}, old...), false, []string{"alert protocol version"}},
	{"complete chain", []string{"-verify_hostname", front}, true, []string{"Verify return code: 0 (ok)", "Verified peername: " + front}},
	{"another name", []string{"-verify_hostname", "another.example.com"}, false, []string{"hostname mismatch"}},
	{"RSA only", []string{"-tls1_2", "-cipher", "aRSA"}, false, []string{"alert handshake failure"}},
	{"no forward secrecy", []string{"-tls1_2", "-cipher", "kRSA:DHE"}, false, []string{"alert handshake failure"}},
	{"no encryption", []string{"-tls1_2", "-cipher", "eNULL:aNULL:@SECLEVEL=0"}, false, []string{"alert handshake failure"}},
	{"ALPN smtp", []string{"-alpn", "smtp"}, true, []string{"ALPN protocol: smtp"}},
	{"ALPN http/1.1", []string{"-alpn", "http/1.1"}, false, []string{"alert no application protocol"}},
	{"ALPN both", []string{"-alpn", "http/1.1,smtp"}, true, []string{"ALPN protocol: smtp"}},
	{"unknown SNI", []string{"-servername", "unknown.example.com"}, true, []string{"CN = " + front}},
	{"no SNI", []string{"-noservername"}, true, []string{"CN = " + front}},
}

// TestOpenSSL: what openssl s_client asks for.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls, smtps)
	for _, h := range hows {
		for _, c := range openSSLCases {
			t.Run(h.name+", "+c.name, func(t *testing.T) {
				if !c.good {
					status, said := s.client(h, nil, c.args...)
					says(t, said, c.says...)
					says(t, fmt.Sprint("status ", status), "status 1")
					return
				}
				_, said := s.quits(h, c.args...)
				says(t, said, append(c.says, "221 ")...)
			})
		}
	}
}

// TestOpenSSLOldVersions: a policy that allows TLS 1.0 and 1.1 has them, so that their refusal above says something.
func TestOpenSSLOldVersions(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(`old = ClientSSLOptions(disable_tlsv1=FALSE, disable_tlsv1_1=FALSE)`,
		`serve(25, ClientOnlyStartTLSEncryption(certificate("front"), client_ssl_options=old))`)
	for _, version := range []string{"-tls1", "-tls1_1"} {
		_, said := s.quits(hows[0], append([]string{version}, old...)...)
		says(t, said, "New, ", "221 ")
	}
}

// TestOpenSSLNames: the client chooses the certificate by SNI.
func TestOpenSSLNames(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.certificate("other", "mx.example.org")
	s.serve(`names = SNIBasedCertificate({RegexpMatcher(["^mx\\.example\\.org$"]): certificate("other")}, default=certificate("front"))`,
		`serve(25, ClientOnlyStartTLSEncryption(names))`, `serve(465, ClientOnlyEncryption(names))`)
	for _, h := range hows {
		for asked, want := range map[string]string{"mx.example.org": "mx.example.org", "MX.example.ORG": "mx.example.org", front: front, "unknown.example": front} {
			_, said := s.quits(h, "-servername", asked, "-verify_hostname", want)
			says(t, said, "CN = "+want, "Verified peername: "+want, "221 ")
		}
	}
}

// TestOpenSSLResumes: a session goes on with the next connection, and with that of the other port only under its own policy.
func TestOpenSSLResumes(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls, smtps)
	for i, h := range hows {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			file := filepath.Join(s.Dir(), "session")
			_, said := s.quits(h, version, "-sess_out", file)
			says(t, said, "New, TLSv1.", "221 ")
			_, said = s.quits(h, version, "-sess_in", file)
			says(t, said, "Reused, TLSv1.", "221 ")
			_, said = s.quits(hows[1-i], version, "-sess_in", file)
			says(t, said, "New, TLSv1.", "221 ")
		}
	}
}

// TestOpenSSLAsksAgain: a client cannot renegotiate; new keys of TLS 1.3 are no renegotiation.
func TestOpenSSLAsksAgain(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	s.serve(starttls, smtps)
	for _, h := range hows {
		status, said := s.client(h, []talk{{h.ready, "R"}}, "-tls1_2")
		says(t, said, "RENEGOTIATING", "alert unexpected message")
		says(t, fmt.Sprint("status ", status), "status 1")
		_, said = s.client(h, []talk{{h.ready, "K"}, {"KEYUPDATE", "quit"}}, "-tls1_3")
		says(t, said, "221 ")
	}
}

// TestOpenSSLLongChain: a certificate that needs several records.
func TestOpenSSLLongChain(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	hosts := []string{front}
	for i := range 800 {
		hosts = append(hosts, fmt.Sprintf("mx%d.long.example.com", i))
	}
	pem, _ := s.certificate("front", hosts...)
	if info, err := os.Stat(pem); err != nil || info.Size() < 24<<10 { // of PEM, which is a third longer
		t.Fatal(info, err)
	}
	s.serve(starttls, smtps)
	for _, h := range hows {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			_, said := s.quits(h, version, "-verify_hostname", "mx799.long.example.com")
			says(t, said, "Verified peername: mx799.long.example.com", "221 ")
		}
	}
}
