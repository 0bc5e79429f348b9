package engine

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine/announce"
	"zorpgo/engine/limit"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// told is a mail server that expects PROXY headers, and keeps what it is told.
type told struct {
	mu    sync.Mutex
	lines []string
}

func (s *told) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	greeted := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, strings.TrimSpace(line))
		s.mu.Unlock()
		switch {
		case !greeted:
			greeted = true
			_, _ = io.WriteString(conn, "220 ready\r\n")
		case line == "QUIT\r\n":
			_, _ = io.WriteString(conn, "221 bye\r\n")
		default:
			_, _ = io.WriteString(conn, "250 ok\r\n")
		}
	}
}

func (s *told) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// behind is an SMTP service behind proxies at 127.0.0.2, whose clients in 192.0.2.0/24 are served; so is the proxy itself.
func behind(t *testing.T, loops int, limits ...limit.Limits) (server *told, at string, b *log) {
	t.Helper()
	e, b := hosted(t, loops)
	server = &told{}
	l := open(t, "127.0.0.1:0")
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { server.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close() })
	settings := smtp.DefaultSettings()
	settings.LoadESMTP()
	class, problems := smtp.Compile("SmtpProxy", settings)
	if problems != nil {
		t.Fatal(problems)
	}
	at = free(t, "127.0.0.1")
	c := config(at + " in")
	front := &zone.Zone{Name: "front", Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}
	out := &zone.Zone{Name: "out", Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}}
	c.Zones, _ = zone.NewTable([]*zone.Zone{front, out})
	r := c.Rules.All()[0]
	r.SrcZone, r.ProxiesFrom = []*zone.Zone{front, out}, []*zone.Zone{front}
	c.Rules = rule.NewSet([]*rule.Rule{r})
	c.Services["in"].Class, c.Services["in"].Announce = class, 1
	for _, l := range limits {
		c.Services["in"].Limits = l
	}
	c.Services["in"].Router = &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(l.Addr().String())}}}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	return server, at, b
}

// say writes text at once from an address, half-closes, and returns all that is read, or "reset".
func say(t *testing.T, from, to, text string) string {
	t.Helper()
	conn := connect(t, from, to)
	if conn == nil {
		return "reset"
	}
	_, early := io.WriteString(conn, text) // a reset that has come already is told here, and only once
	early = errors.Join(early, conn.(*net.TCPConn).CloseWrite())
	got, err := io.ReadAll(conn)
	if (err != nil || early != nil) && len(got) == 0 {
		return "reset"
	}
	return string(got)
}

// connect is nil if the connection is reset while it is made.
func connect(t *testing.T, from, to string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

const trusted, stranger = "127.0.0.2", "127.0.0.3"

// TestProxyHeaders: who may say who a client is, and how.
func TestProxyHeaders(t *testing.T) {
	v1, early := "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n", "554 Commands sent before the reply was due\r\n"
	for _, c := range []struct{ name, from, text, want, log string }{
		{"PRX-01 header from a stranger", stranger, v1 + "EHLO x\r\n", "reset", `reason="it is no proxy of \"front\"`},
		{"PRX-02 header missing", trusted, "EHLO x\r\n", "reset", `reason="it sent no PROXY header"`},
		{"PRX-02 nothing at all", trusted, "", "reset", `reason="it left without a PROXY header"`},
		{"PRX-03 octal", trusted, "PROXY TCP4 010.0.0.1 1.1.1.1 1 25\r\n", "reset", "the PROXY header is malformed"},
		{"PRX-03 without end", trusted, "PROXY UNKNOWN " + strings.Repeat("x", 94), "reset", "the PROXY header is too long"},
		{"PRX-05 version", trusted, "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c\x7f\x00\x00\x02\x7f\x2a\x2a\x2a\xc2\x95\x04\x01", "reset", "the PROXY header is malformed"},
		{"PRX-07 another checksum", trusted, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x13\xc0\x00\x02\x01\x7f\x2a\x2a\x2a\xc2\x95\x04\x01\x03\x00\x04abcd", "reset", "does not have the checksum"},
		{"PRX-08 early bytes after the header", trusted, v1 + "EHLO x\r\nMAIL FROM:<a@x.example>\r\n", early, "client spoke before the greeting"},
		{"PRX-09 two headers", trusted, v1 + v1, early, "client spoke before the greeting"},
		{"a client that no rule is for", trusted, "PROXY TCP4 198.51.100.1 192.0.2.2 40000 25\r\n", "reset", "client=198.51.100.1:40000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			drivers(t, func(t *testing.T, loops int) {
				server, at, b := behind(t, loops)
				if got := say(t, c.from, at, c.text); got != c.want {
					t.Errorf("read %q, want %q", got, c.want)
				}
				if !eventually(func() bool { return strings.Contains(b.String(), c.log) }) {
					t.Errorf("the log lacks %s:\n%s", c.log, b)
				}
				if got := server.all(); strings.Contains(got, "EHLO") || strings.Contains(got, "MAIL") || c.want == "reset" && got != "" {
					t.Errorf("the server was told %s", got)
				}
			})
		})
	}
}

// TestAnnouncedClients: rules, servers and logs know the client that a header names, or the proxy if it names none.
func TestAnnouncedClients(t *testing.T) {
	client, dest := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:25")
	both := announce.Header{Client: client, Dest: dest}
	six := announce.Header{Client: netip.MustParseAddrPort("[2001:db8::1]:40000"), Dest: netip.MustParseAddrPort("[2001:db8::2]:25")}
	for _, c := range []struct {
		name, header, server, log string
	}{
		{"version 1", string(both.Format(1)), "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25", "client=192.0.2.1:40000 client_zone=out client_local=AT proxied_by=ME proxied_to=192.0.2.2:25"},
		{"PRX-06 version 2", string(both.Format(2)), "PROXY TCP4 192.0.2.1 192.0.2.2 40000 25", "client=192.0.2.1:40000 client_zone=out client_local=AT proxied_by=ME proxied_to=192.0.2.2:25"},
		{"IPv6 at an IPv4 listener", string(six.Format(2)), "PROXY TCP6 2001:db8::1 2001:db8::2 40000 25", "client=[2001:db8::1]:40000 client_zone=out"},
		{"PRX-04 UNKNOWN", "PROXY UNKNOWN\r\n", "PROXY TCP4 127.0.0.2 127.0.0.1 ", "client=ME client_zone=front client_local=AT server="},
		{"PRX-04 LOCAL", string(announce.Header{Own: true}.Format(2)), "PROXY TCP4 127.0.0.2 127.0.0.1 ", "client=ME client_zone=front client_local=AT server="},
	} {
		t.Run(c.name, func(t *testing.T) {
			drivers(t, func(t *testing.T, loops int) {
				server, at, b := behind(t, loops)
				conn := connect(t, trusted, at)
				me := conn.LocalAddr().String()
				r := bufio.NewReader(conn)
				text := c.header
				for i, want := range []string{"220 ready", "250 ok", "500 Invalid command", "221 bye"} {
					_, _ = io.WriteString(conn, text)
					if got, err := r.ReadString('\n'); strings.TrimSpace(got) != want {
						t.Fatalf("to %q: %q, %v", text, got, err)
					}
					text = []string{"EHLO me\r\n", "PROXY TCP4 192.0.2.7 192.0.2.8 1 25\r\n", "QUIT\r\n", ""}[i] // PRX-09
				}
				conn.Close()
				want := strings.NewReplacer("AT", at, "ME", me).Replace(c.log)
				if !eventually(func() bool { return strings.Contains(b.String(), "session closed") }) || !strings.Contains(b.String(), want) {
					t.Errorf("the log lacks %s:\n%s", want, b)
				}
				if got := server.all(); !strings.HasPrefix(got, c.server) || !strings.HasSuffix(got, "\nEHLO me\nQUIT") {
					t.Errorf("the server was told\n%s", got)
				}
			})
		})
	}
}

// TestHeaderWhereNoneIsExpected is PRX-01 at a listener for clients that come by themselves.
func TestHeaderWhereNoneIsExpected(t *testing.T) {
	server, at := pooling(t, nil)
	conn := connect(t, trusted, at)
	r := bufio.NewReader(conn)
	_, _ = r.ReadString('\n')
	_, _ = io.WriteString(conn, "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n")
	if got, err := r.ReadString('\n'); got != "500 Invalid command\r\n" {
		t.Errorf("read %q, %v", got, err)
	}
	if got := server.all(); strings.Contains(got, "PROXY") {
		t.Errorf("the server was told %s", got)
	}
}

// TestRulesThatDisagree on proxies in front cannot share a listener.
func TestRulesThatDisagree(t *testing.T) {
	s := newStand(t)
	c := config("172.16.40.1:25 in", "172.16.40.1:25 out", "172.16.40.1:587 other")
	rules := slices.Clone(c.Rules.All())
	rules[0].ProxiesFrom = rules[0].SrcZone
	c.Rules = rule.NewSet(rules)
	err := s.Start(c)
	if want := "both are met at listener 172.16.40.1:25"; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "587") {
		t.Errorf("got %v, want %s", err, want)
	}
	rules[1].ProxiesFrom = rules[0].SrcZone
	c.Rules = rule.NewSet(rules)
	if err := s.Start(c); err != nil {
		t.Error(err)
	}
}
