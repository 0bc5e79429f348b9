package builtins_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/stream"
)

// A look-up that is not answered suspends the session that wants it, and no other: not even on the same loop.
func TestSlowMatcher(t *testing.T) {
	for _, loops := range []int{0, 1} {
		t.Run(fmt.Sprintf("%d loops", loops), func(t *testing.T) { slowMatcher(t, loops) })
	}
}

func slowMatcher(t *testing.T, loops int) {
	origin := startOrigin(t)
	asked, answer := make(chan bool), make(chan bool)
	opts := options(map[string]string{"p.star": fmt.Sprintf(`from Zorp.Smtp import *

class Checked(SmtpProxy):
    sender_matcher = DNSMatcher("%%s.list.example")

def default_instance():
    Service("smtp", Checked, router=DirectedRouter(SockAddrInet("127.0.0.1", %d)))
    Rule(service="smtp", dst_port=%d, dst_subnet="127.0.0.1")
`, origin.Port(), freePort(t))})
	opts.Log = slog.New(slog.DiscardHandler)
	opts.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
		if strings.HasPrefix(host, "slow.") {
			asked <- true
			select {
			case <-answer:
			case <-ctx.Done():
			}
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
	}
	config, found, err := builtins.Load(opts, "p.star")
	if err != nil || config == nil {
		t.Fatal(err, found)
	}
	e := engine.New(engine.Options{Log: opts.Log, Loops: loops})
	if err := e.Start(config); err != nil {
		t.Fatal(err)
	}
	defer func() {
		now, cut := context.WithCancel(t.Context())
		cut()
		_ = e.Shutdown(now) // it says that sessions were cut
	}()
	at := e.Listening()[0].At
	slow, other := greeted(t, at), greeted(t, at)
	slow.say("MAIL FROM:<a@slow.example>")
	<-asked
	other.say("MAIL FROM:<a@quick.example>")
	other.hears("550 Sender address refused.")
	other.say("NOOP")
	other.hears("250 ok")
	answer <- true
	slow.hears("550 Sender address refused.")
}

// startOrigin is a server that says 250 to everything.
func startOrigin(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := stream.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends when l is closed
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agree(conn) // ends with the connection
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func agree(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 origin\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		fmt.Fprint(conn, "250 ok\r\n")
	}
}

// freePort is a port of which nothing listens on a moment before.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// mailClient is a client line by line.
type mailClient struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Scanner
}

func greeted(t *testing.T, at netip.AddrPort) *mailClient {
	t.Helper()
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &mailClient{t, conn, bufio.NewScanner(conn)}
	c.hears("220 origin")
	c.say("HELO client")
	c.hears("250 ok")
	return c
}

func (c *mailClient) say(line string) { fmt.Fprint(c.conn, line+"\r\n") }

func (c *mailClient) hears(want string) {
	c.t.Helper()
	if c.lines.Scan(); c.lines.Text() != want {
		c.t.Fatalf("heard %q (%v), want %q", c.lines.Text(), c.lines.Err(), want)
	}
}
