package tlspeers

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"zorpgo/cmd/zorpgo/lab"
	"zorpgo/engine/encryption/certtest"
)

func TestMain(m *testing.M) { os.Exit(lab.Main(m)) }

const (
	firewall = "172.16.40.1" // where zorpgo listens
	server   = "172.16.20.254"

	front = "mx.example.com"     // whom clients take the firewall for
	back  = "origin.example.com" // the server behind it
)

// stand is a lab with an authority that everybody trusts, and certificates in files.
type stand struct {
	*lab.Lab
	t         *testing.T
	authority *certtest.Authority
	ca        string // its file
	arrived   int    // messages that the server must have got
}

// newStand makes a stand with the certificate front, or skips t.
func newStand(t *testing.T) *stand {
	t.Helper()
	l := lab.New(t)
	if why := Missing(); why != "" {
		if os.Getenv("ZORPGO_REQUIRE_LAB") != "" {
			t.Fatal(why)
		}
		t.Skip("no TLS peers: " + why)
	}
	s := &stand{Lab: l, t: t, authority: certtest.New(t)}
	s.ca = s.File("ca.pem", string(s.authority.PEM))
	s.certificate("front", front)
	return s
}

// certificate writes NAME.pem and NAME.key for a host, of an authority below the one that is trusted.
func (s *stand) certificate(name string, hosts ...string) (pem, key string) {
	s.t.Helper()
	return s.issued(name, s.authority.Below("intermediate authority").Make(certtest.Wanted{Names: hosts}))
}

func (s *stand) issued(name string, i certtest.Issued) (pem, key string) {
	s.t.Helper()
	pem, key = s.File(name+".pem", i.PEM), s.File(name+".key", i.KeyPEM(s.t))
	must(s.t, os.Chmod(key, 0o600))
	return pem, key
}

// words are what the policies of these tests are written with.
const words = `from Zorp.Smtp import *
from Zorp.Encryption import *

Zone("dmz", addrs=["172.16.40.0/24"])

def certificate(name):
    return StaticCertificate(Certificate.fromFile(name + ".pem", PrivateKey.fromFile(name + ".key")))

def serve(port, encryption):
    name = "port-%d" % port
    EncryptionPolicy(name, encryption)
    Service(name, SmtpProxy, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)), encryption_policy=name)
    Rule(service=name, dst_port=port, src_zone="dmz", dst_subnet="172.16.40.1")

def default_instance():
`

// serve starts zorpgo with a policy: each statement a line of default_instance.
func (s *stand) serve(statements ...string) *lab.Process {
	s.t.Helper()
	return s.Zorpgo(s.File("mail.star", words+"    "+strings.Join(statements, "\n    ")+"\n"))
}

// starttls and smtps are the usual statements: STARTTLS at port 25, TLS from the first byte at port 465.
const (
	starttls = `serve(25, ClientOnlyStartTLSEncryption(certificate("front")))`
	smtps    = `serve(465, ClientOnlyEncryption(certificate("front")))`
)

// talk is a line that a program is given when it has said something.
type talk struct{ after, line string }

// ends runs a program of the client's to its end, whichever that is, and gives what it said.
func (s *stand) ends(lines []talk, args ...string) (status int, said string) {
	s.t.Helper()
	input, lead, err := os.Pipe()
	must(s.t, err)
	defer lead.Close()
	p := s.Client.Start(lab.Command{Args: append([]string{"sh", "-c", `exec "$@" <&3`, "sh"}, args...), Files: []*os.File{input}})
	must(s.t, input.Close())
	for _, l := range lines {
		p.LogHas(l.after)
		fmt.Fprintln(lead, l.line) // a program that ended does not hear it
	}
	return p.Wait(), p.String()
}

// says complains if a program did not say all of it.
func says(t *testing.T, said string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
}

// port is an address at the firewall.
func port(n int) string { return fmt.Sprintf("%s:%d", firewall, n) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
