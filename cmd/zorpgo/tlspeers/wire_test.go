package tlspeers

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

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
	for _, properly := range []bool{false, true} {
		for _, piece := range pieces {
			all := s.cutAfter(piece, properly, heard)
			if !strings.Contains(all, "DATA\r\n") || strings.Contains(all, "\r\n.\r\n") || strings.HasSuffix(all, "\r\n.\r") {
				t.Errorf("the server heard %.300q", all)
			}
		}
		if all := s.cutAfter("Subject: whole\r\n\r\na line\r\n.\r\n", properly, heard); !strings.HasSuffix(all, "a line\r\n.\r\n") {
			t.Errorf("of what was whole the server heard %q", all)
		}
	}
}

// cutAfter is what the server hears of a body.
func (s *stand) cutAfter(body string, properly bool, heard <-chan string) string {
	s.t.Helper()
	c := s.within()
	c.sends(body)
	c.cut(properly)
	select {
	case all := <-heard:
		return all
	case <-time.After(30 * time.Second):
		s.t.Fatal("the server's connection does not end")
		return ""
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
