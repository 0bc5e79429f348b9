package match

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server with a few mailboxes. It counts transactions, and connections that are open.
type mailServer struct {
	at   netip.AddrPort
	mu   sync.Mutex
	from []string
	to   []string
	open sync.WaitGroup
}

type mailbox struct {
	smtp.Session
	server *mailServer
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{at: l.Addr().(*net.TCPAddr).AddrPort()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		m.open.Add(1)
		return &mailbox{server: m}, nil
	}))
	server.Domain = "mail.example.com"
	served := make(chan bool)
	go func() { defer close(served); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); l.Close(); <-served })
	return m
}

// Mail refuses what senders never are.
func (b *mailbox) Mail(from string, _ *smtp.MailOptions) error {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	b.server.from = append(b.server.from, from)
	if from == "nobody@example.com" {
		return &smtp.SMTPError{Code: 550, Message: "no such sender"}
	}
	return nil
}

// Rcpt knows bob, and is not sure of carol.
func (b *mailbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	b.server.to = append(b.server.to, to)
	switch to {
	case "bob@example.com":
		return nil
	case "carol@example.com":
		return &smtp.SMTPError{Code: 451, Message: "ask again"}
	}
	return &smtp.SMTPError{Code: 550, Message: "no such user"}
}

func (b *mailbox) Reset()        {}
func (b *mailbox) Logout() error { b.server.open.Done(); return nil }

func callout(at netip.AddrPort) Callout {
	return Callout{Server: at.Addr().String(), Port: at.Port(), Keep: time.Minute, Hello: func() (string, error) { return "fw.example.com", nil }}
}

func TestInvalidRecipient(t *testing.T) {
	server := startMailServer(t)
	m := NewInvalidRecipient(callout(server.at))
	for range 3 {
		asks(t, m, "bob@example.com", false)
		asks(t, m, "eve@example.com", true)
		asks(t, m, "", false)
		if _, err := m.Match(t.Context(), "carol@example.com"); !errors.Is(err, errAnswered) || !strings.Contains(err.Error(), "RCPT: 451 ask again") {
			t.Error(err)
		}
	}
	if got := fmt.Sprint(server.to); got != "[bob@example.com eve@example.com carol@example.com carol@example.com carol@example.com]" {
		t.Error(got)
	}
	if got := fmt.Sprintf("%q", server.from[0]); got != `""` {
		t.Error(got)
	}
	server.open.Wait() // all connections were closed
}

func TestInvalidRecipientOptions(t *testing.T) {
	server := startMailServer(t)
	c := callout(server.at)
	c.Server, c.Sender = "mail.example.com", "nobody@example.com"
	c.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	var from, to []string
	c.Local = netip.MustParseAddr("127.0.0.1")
	c.Dial = func(ctx context.Context, local netip.Addr, at netip.AddrPort) (net.Conn, error) {
		from, to = append(from, local.String()), append(to, at.Addr().String())
		return DialTCP(ctx, local, at)
	}
	if _, err := NewInvalidRecipient(c).Match(t.Context(), "bob@example.com"); err == nil || !strings.Contains(err.Error(), "MAIL: 550 no such sender") {
		t.Error(err)
	}
	if fmt.Sprint(from, to) != "[127.0.0.1] [127.0.0.1]" {
		t.Errorf("from %v to %v", from, to)
	}
	c.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	if _, err := NewInvalidRecipient(c).Match(t.Context(), "bob@example.com"); err == nil {
		t.Error("a server without an address answered")
	}
}

// script is a server that says what it is told, line by line: what the client must say, and the reply to it.
func script(t *testing.T, dialog string) (Callout, *sync.WaitGroup) {
	t.Helper()
	var played sync.WaitGroup
	c := callout(netip.MustParseAddrPort("192.0.2.25:25"))
	c.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		near, far := net.Pipe()
		played.Go(func() { perform(t, far, dialog) })
		return near, nil
	}
	return c, &played
}

func perform(t *testing.T, conn net.Conn, dialog string) {
	defer conn.Close()
	buf := make([]byte, 1000)
	for line := range strings.Lines(dialog) {
		want, reply, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
		if want != "" {
			n, err := conn.Read(buf)
			if got := strings.TrimSpace(string(buf[:n])); got != want {
				t.Errorf("the server was told %q (%v), want %q", got, err, want)
				return
			}
		}
		if _, err := conn.Write([]byte(strings.ReplaceAll(reply, `\n`, "\r\n") + "\r\n")); err != nil {
			return // the client has heard enough
		}
	}
}

func TestCalloutDialogs(t *testing.T) {
	const begin = " | 220 hi\nEHLO fw.example.com | 250-mx\\n250 VRFY\n"
	const transaction = "MAIL FROM:<> | 250 ok\nRCPT TO:<a@b.example> | 250 ok\n"
	const quit = "QUIT | 221 bye\n"
	for _, c := range []struct {
		name, dialog string
		force        bool
		want         byte
	}{
		{"it verifies", begin + "VRFY a@b.example | 250 a\n" + quit, false, 'f'},
		{"it cannot tell", begin + "VRFY a@b.example | 252 send some mail\n" + quit, false, 'f'},
		{"it does not know", begin + "VRFY a@b.example | 550 who\n" + quit, false, 't'},
		{"not now", begin + "VRFY a@b.example | 450 not now\n" + quit, false, 'e'},
		{"it does not verify after all", begin + "VRFY a@b.example | 502 no\n" + transaction + quit, false, 'f'},
		{"a transaction is wanted", begin + transaction + quit, true, 'f'},
		{"no VRFY", " | 220 hi\nEHLO fw.example.com | 250 mx\n" + transaction + quit, false, 'f'},
		{"HELO, so VRFY", " | 220 hi\nEHLO fw.example.com | 502 what\nHELO fw.example.com | 250 mx\nVRFY a@b.example | 250 a\n" + quit, false, 'f'},
		{"no greeting", " | 554 no\n", false, 'e'},
		{"no RCPT", begin + "MAIL FROM:<> | 250 ok\nRCPT TO:<a@b.example> | 503 first log in\n" + quit, true, 'e'},
		{"nonsense", " | hello\n", false, 'e'},
		{"endless", " | 220-" + strings.Repeat("a", 1000) + "\n" + strings.Repeat(" | 220-"+strings.Repeat("a", 1000)+"\n", 60), false, 'e'},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, played := script(t, c.dialog)
			settings.Force = c.force
			hit, err := NewInvalidRecipient(settings).Match(t.Context(), "a@b.example")
			got := byte('f')
			if err != nil {
				got = 'e'
			} else if hit {
				got = 't'
			}
			if got != c.want {
				t.Errorf("%c, %v", got, err)
			}
			played.Wait()
		})
	}
}
