package tlspeers

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
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

// record is a server that takes anything and tells of each connection what it heard.
func (s *stand) record() <-chan string {
	heard := make(chan string, 100)
	listener := s.Server.Listen(server + ":25")
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // with the test
			}
			go func() { heard <- hear(conn) }()
		}
	}()
	return heard
}

func hear(conn net.Conn) string {
	defer conn.Close()
	var all strings.Builder
	fmt.Fprint(conn, "220 origin.example.com ESMTP\r\n")
	for lines := bufio.NewReader(io.TeeReader(conn, &all)); ; {
		line, err := lines.ReadString('\n')
		switch {
		case err != nil:
			return all.String()
		case strings.HasPrefix(line, "DATA"):
			fmt.Fprint(conn, "354 go on\r\n")
			io.Copy(io.Discard, lines)
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

// TestCutOnTheWire: no byte that ends a body goes to the server.
func TestCutOnTheWire(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	heard := s.record()
	s.serve(starttls)
	for _, piece := range pieces {
		for _, properly := range []bool{false, true} {
			c := s.within()
			c.sends(piece)
			c.cut(properly)
			select {
			case all := <-heard:
				if !strings.Contains(all, "DATA\r\n") || strings.Contains(all, "\r\n.\r\n") || strings.HasSuffix(all, "\r\n.\r") {
					t.Errorf("the server heard %.300q", all)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("the server's connection does not end")
			}
		}
	}
}

// TestInjected: what came in clear with STARTTLS is not heard under TLS (CVE-2011-0411).
func TestInjected(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	heard := s.record()
	s.serve(starttls)
	c := s.dial()
	c.says("EHLO client.example.net", "250 ")
	c.says("STARTTLS\r\nMAIL FROM:<mallory@example.net>", "5")
	c.conn.Close()
	if all := <-heard; strings.Contains(all, "mallory") {
		t.Errorf("the server heard %q", all)
	}
}
