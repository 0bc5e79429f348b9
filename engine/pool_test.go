package engine

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// mailServer answers SMTP, and remembers what it was told, by connection.
type mailServer struct {
	mu    sync.Mutex
	conns []net.Conn
	told  [][]string
}

func (s *mailServer) serve(conn net.Conn) {
	defer conn.Close()
	s.mu.Lock()
	me := len(s.told)
	s.told, s.conns = append(s.told, nil), append(s.conns, conn)
	s.mu.Unlock()
	fmt.Fprintf(conn, "220 connection %d\r\n", me)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		s.mu.Lock()
		s.told[me] = append(s.told[me], lines.Text())
		s.mu.Unlock()
		answer := "250 ok"
		if lines.Text() == "QUIT" {
			answer = "221 bye"
		}
		fmt.Fprintf(conn, "%s\r\n", answer)
	}
}

func (s *mailServer) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(s.told)
}

// drop closes the connections that it has.
func (s *mailServer) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

// pooling is an engine on one loop whose service keeps two server connections.
func pooling(t *testing.T, change func(*smtp.Settings, *route.Directed)) (server *mailServer, at string) {
	t.Helper()
	server = &mailServer{}
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
	t.Cleanup(func() { l.Close(); server.drop(); all.Wait() })
	settings := smtp.DefaultSettings()
	settings.LoadESMTP()
	settings.ServerPoolSize = 2
	router := &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(l.Addr().String())}}}
	if change != nil {
		change(settings, router)
	}
	class, problems := smtp.Compile("Pooling", settings)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e, _ := hosted(t, 1)
	at = free(t, "127.0.0.1")
	c := config(at + " in")
	c.Services["in"].Router, c.Services["in"].Class = router, class
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	return server, at
}

// session says lines to a fresh connection, and returns what it was answered.
func smtpSession(t *testing.T, at string, lines ...string) (answers []string) {
	t.Helper()
	conn := dial(t, at)
	defer conn.Close()
	r := bufio.NewReader(conn)
	read := func() {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", answers, err)
		}
		answers = append(answers, strings.TrimSpace(line))
	}
	read()
	for _, line := range lines {
		fmt.Fprintf(conn, "%s\r\n", line)
		read()
	}
	if slices.Contains(lines, "QUIT") {
		if _, err := r.ReadByte(); err == nil {
			t.Error("more was said after QUIT")
		}
	}
	return answers
}

func TestServerConnectionsServeSeveralSessions(t *testing.T) {
	server, at := pooling(t, nil)
	for range 2 {
		got := smtpSession(t, at, "EHLO c", "MAIL FROM:<a@x.example>", "QUIT")
		if want := "[220 connection 0 250 ok 250 ok 221 Bye]"; fmt.Sprint(got) != want {
			t.Errorf("got %q, want %s", got, want)
		}
	}
	if got, want := server.all(), "[[EHLO c MAIL From:<a@x.example> RSET EHLO c MAIL From:<a@x.example> RSET]]"; got != want {
		t.Errorf("the server was told %s, want %s", got, want)
	}
	server.drop() // while it waits
	if got := smtpSession(t, at, "EHLO c", "QUIT"); got[0] != "220 connection 1" || got[2] != "221 Bye" {
		t.Errorf("after the server went: %q", got)
	}
}

func TestServerConnectionsThatAreNotKept(t *testing.T) {
	for name, change := range map[string]func(*smtp.Settings, *route.Directed){
		"not asked for": func(s *smtp.Settings, _ *route.Directed) { s.ServerPoolSize = 0 },
		"forged source": func(_ *smtp.Settings, r *route.Directed) { r.Forge.Addr = true },
	} {
		t.Run(name, func(t *testing.T) {
			if err := stream.CanForge(stream.IPv4); name == "forged source" && err != nil {
				t.Skip("no right to forge: ", err)
			}
			server, at := pooling(t, change)
			for i := range 2 {
				if got := smtpSession(t, at, "EHLO c", "QUIT"); got[0] != fmt.Sprintf("220 connection %d", i) || got[2] != "221 bye" {
					t.Errorf("got %q", got)
				}
			}
			if got := server.all(); got != "[[EHLO c QUIT] [EHLO c QUIT]]" {
				t.Errorf("the server was told %s", got)
			}
		})
	}
}

// TestClientThatDoesNotQuit leaves nothing that others could use.
func TestClientThatDoesNotQuit(t *testing.T) {
	server, at := pooling(t, nil)
	smtpSession(t, at, "EHLO c")
	if got := smtpSession(t, at, "EHLO c", "QUIT"); got[0] != "220 connection 1" {
		t.Errorf("got %q; the server was told %s", got, server.all())
	}
}
