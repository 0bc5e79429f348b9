package tlspeers

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// session is a client in this process.
type session struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Reader
}

func (s *stand) dial() *session {
	s.t.Helper()
	conn, err := s.Client.Dial("", port(25))
	must(s.t, err)
	c := &session{s.t, conn, bufio.NewReader(conn)}
	c.hears("220 ")
	return c
}

// says sends lines and hears the last answer's code.
func (c *session) says(line, answer string) {
	c.t.Helper()
	c.sends(line + "\r\n")
	c.hears(answer)
}

func (c *session) sends(text string) {
	c.t.Helper()
	_, err := io.WriteString(c.conn, text)
	must(c.t, err)
}

func (c *session) hears(answer string) {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		must(c.t, err)
		if len(line) > 3 && line[3] == ' ' {
			if !strings.HasPrefix(line, answer) {
				c.t.Fatalf("heard %q, want %s", line, answer)
			}
			return
		}
	}
}

// encrypt begins TLS.
func (c *session) encrypt(s *stand) {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{RootCAs: s.authority.Pool, ServerName: front})
	must(c.t, conn.Handshake())
	c.conn, c.lines = conn, bufio.NewReader(conn)
}

// within goes on until mail data is wanted.
func (s *stand) within() *session {
	s.t.Helper()
	c := s.dial()
	c.says("EHLO client.example.net", "250 ")
	c.says("STARTTLS", "220 ")
	c.encrypt(s)
	c.says("EHLO client.example.net", "250 ")
	c.says("MAIL FROM:<alice@example.net>", "250 ")
	c.says("RCPT TO:<bob@example.com>", "250 ")
	c.says("DATA", "354 ")
	return c
}

// pieces are bodies that are cut off, some where they look as if they ended.
var pieces = []string{"Subject: cut\r\n\r\nhalf a li", "Subject: cut\r\n\r\na line\r\n", "Subject: cut\r\n\r\na line\r\n.", "Subject: cut\r\n\r\na line\r\n.\r",
	"Subject: cut\r\n\r\n" + strings.Repeat("a long body\r\n", 20000)}

// cut ends the connection within what it sent.
func (c *session) cut(properly bool) {
	c.t.Helper()
	conn := c.conn.(*tls.Conn)
	if properly {
		must(c.t, conn.CloseWrite()) // close_notify: what came is all, but no end of the body
	}
	must(c.t, conn.NetConn().Close())
}

// TestCut: mail whose connection ends before it does, with TLS's own end and without, is delivered nowhere.
func TestCut(t *testing.T) {
	for _, server := range []string{"SSL_NONE", "SSL_REQUIRE_STARTTLS"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			pem, key := s.certificate("back", back)
			origin := s.Origin("smtpd_tls_cert_file = "+pem, "smtpd_tls_key_file = "+key, "smtpd_tls_security_level = may")
			s.serve(fmt.Sprintf(`serve(25, StartTLSEncryption(certificate("front"), server_security=%s, server_verify=%s))`, server, verified))
			n := 0
			for _, piece := range pieces {
				for _, properly := range []bool{false, true} {
					c := s.within()
					c.sends(piece)
					c.cut(properly)
					n++
					origin.LogHasTimes(n, "lost connection after DATA")
				}
			}
			s.holds(origin, "what was cut")
			c := s.within() // whole, to see that such a mail is delivered
			c.says("Subject: whole\r\n\r\na line\r\n.", "250 ")
			s.arrived++
			s.holds(origin, "what was whole")
		})
	}
}
