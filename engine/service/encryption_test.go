package service

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/chain"
	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
	"zorpgo/engine/limit"
	"zorpgo/engine/poll"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/plug"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

const patience = 20 * time.Second

// estate is a service with TLS, its origin and its clients.
type estate struct {
	t       *testing.T
	ca      *certtest.Authority
	policy  *encryption.Policy
	service *Service
	log     safeBuffer
	session *session.Session

	origin  *tls.Config // of the origin
	lists   string      // keywords, with spaces between them
	tls     bool        // from the first byte
	refuses bool        // STARTTLS, with 454
	met     func()      // somebody connects to it; nil: nobody asks
	loops   bool        // sessions are on loops

	listeners []net.Listener

	mu       sync.Mutex
	commands []string // that the origin got, in order; "TLS" where that began
	messages []string
	cut      bool // the origin's mail data ended without its end
}

type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newEstate(t *testing.T, client, server encryption.Mode) *estate {
	e := &estate{t: t, ca: certtest.New(t)}
	e.origin = &tls.Config{Certificates: []tls.Certificate{e.ca.Issue(t, "origin.example")}}
	e.policy = &encryption.Policy{Name: "test"}
	e.policy.Client = encryption.ClientSide{Mode: client, Config: &tls.Config{Certificates: []tls.Certificate{e.ca.Issue(t, "proxy.example")}}}
	e.policy.Server = encryption.ServerSide{Mode: server, Config: func(netip.AddrPort) (*tls.Config, error) {
		return &tls.Config{RootCAs: e.ca.Pool, ServerName: "origin.example"}, nil
	}}
	settings := smtp.DefaultSettings()
	settings.LoadESMTP()
	settings.AddReceivedHeader = true
	class, problems := smtp.Compile("SmtpProxy", settings)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e.service = &Service{Name: "in", Class: class, Encryption: e.policy}
	e.service.Router = &route.Directed{Dest: []stream.Addr{{AddrPort: e.listen()}}}
	return e
}

// onBoth runs a test with sessions on goroutines, and on loops.
func onBoth(t *testing.T, test func(t *testing.T, newEstate func(client, server encryption.Mode) *estate)) {
	for _, loops := range []bool{false, true} {
		t.Run(map[bool]string{false: "goroutines", true: "loops"}[loops], func(t *testing.T) {
			test(t, func(client, server encryption.Mode) *estate {
				e := newEstate(t, client, server)
				e.loops = loops
				return e
			})
		})
	}
}

// listen opens the origin, or another one.
func (e *estate) listen() netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { l.Close() })
	e.listeners = append(e.listeners, l)
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// open has the origin serve, from when the test has said how.
func (e *estate) open() {
	for _, l := range e.listeners {
		go func() { // ends with the listener
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				e.mu.Lock()
				if e.met != nil {
					e.met()
				}
				go e.serve(conn, e.origin) // ends with the connection
				e.mu.Unlock()
			}
		}()
	}
	e.listeners = nil
}

// enter has a client come; over waits for the end of its session.
func (e *estate) enter() (client net.Conn, over func()) {
	e.open()
	near, far := pair(e.t)
	e.session = newSession(&e.log)
	done := make(chan struct{})
	far.SetDeadline(time.Now().Add(patience))
	env := &Env{Instance: "mail", Dial: chain.DialStream, Serve: proxy.Serve}
	if e.loops {
		e.enterLoop(env, near, done)
	} else {
		ctx, cancel := context.WithCancel(context.Background())
		e.t.Cleanup(cancel)
		go func() {
			defer close(done)
			e.service.Run(ctx, env, e.session, near)
		}()
	}
	return far, func() {
		e.t.Helper()
		select {
		case <-done:
		case <-time.After(patience):
			e.t.Fatal("the session does not end")
		}
	}
}

// enterLoop runs the session on a loop of its own.
func (e *estate) enterLoop(env *Env, client *net.TCPConn, done chan struct{}) {
	l, err := poll.New()
	if err != nil {
		e.t.Fatal(err)
	}
	raw, _ := client.SyscallConn()
	fd := -1
	raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil {
		e.t.Fatal(err)
	}
	client.Close()
	stopped := make(chan struct{})
	go func() { defer close(stopped); l.Run() }()
	e.t.Cleanup(func() { l.Close(); <-stopped })
	l.Post(func() {
		if _, on := e.service.RunOn(NewLoop(l), env, e.session, fd, func(*proxy.Flow) { close(done) }); !on {
			e.t.Error("it is not for loops")
		}
	})
}

// serve is the origin.
func (e *estate) serve(conn net.Conn, config *tls.Config) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	raw := conn
	if e.tls {
		conn = tls.Server(raw, config)
	}
	r := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 origin\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		e.note(line)
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "EHLO":
			fmt.Fprint(conn, "250-origin\r\n")
			for _, word := range strings.Fields(e.lists) {
				fmt.Fprintf(conn, "250-%s\r\n", word)
			}
			fmt.Fprint(conn, "250 SIZE 9000000\r\n")
		case "STARTTLS":
			if e.refuses {
				fmt.Fprint(conn, "454 no\r\n")
				continue
			}
			fmt.Fprint(conn, "220 go\r\n")
			conn = tls.Server(raw, config)
			if conn.(*tls.Conn).Handshake() != nil {
				return
			}
			e.note("TLS")
			r = bufio.NewReader(conn)
		case "DATA":
			fmt.Fprint(conn, "354 go\r\n")
			if !e.data(r) {
				return
			}
			fmt.Fprint(conn, "250 taken\r\n")
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func (e *estate) data(r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		e.mu.Lock()
		switch {
		case err != nil:
			e.cut = true
			e.mu.Unlock()
			return false
		case line == ".\r\n":
			e.messages = append(e.messages, b.String())
			e.mu.Unlock()
			return true
		}
		e.mu.Unlock()
		b.WriteString(line)
	}
}

func (e *estate) note(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.commands = append(e.commands, line)
}

func (e *estate) got() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.commands, ", ")
}

// under is conn under TLS.
func (e *estate) under(conn net.Conn) *tls.Conn {
	e.t.Helper()
	c := tls.Client(conn, &tls.Config{RootCAs: e.ca.Pool, ServerName: "proxy.example"})
	if err := c.Handshake(); err != nil {
		e.t.Fatal(err)
	}
	return c
}

// play says and hears lines in turn: "> " is said, "< " must be heard.
func play(t *testing.T, conn net.Conn, lines ...string) {
	t.Helper()
	for _, line := range lines {
		text := line[2:] + "\r\n"
		if line[0] == '>' {
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			continue
		}
		b := make([]byte, len(text))
		if n, err := io.ReadFull(conn, b); string(b[:n]) != text {
			t.Fatalf("heard %q %v, not %q", b[:n], err, text)
		}
	}
}

// closedPort is one that nobody listens at.
var closedPort = netip.MustParseAddrPort("127.0.0.1:1")

var delivery = []string{"> MAIL FROM:<a@b.example>", "< 250 ok", "> RCPT TO:<c@d.example>", "< 250 ok", "> DATA", "< 354 go"}

func TestStartTLSOnBothSides(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		e := newEstate(encryption.StartTLSRequired, encryption.StartTLSRequired)
		e.lists = "STARTTLS"
		client, over := e.enter()
		play(t, client, "< 220 origin", "> EHLO c", "< 250-origin", "< 250-SIZE 9000000", "< 250 STARTTLS", "> STARTTLS", "< 220 Ready to start TLS")
		c := e.under(client)
		play(t, c, "> EHLO c", "< 250-origin", "< 250 SIZE 9000000")
		play(t, c, delivery...)
		body := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<14)
		io.WriteString(c, "Subject: x\r\n\r\n"+body)
		play(t, c, "> .", "< 250 taken", "> QUIT", "< 221 bye")
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("then %q, %v", rest, err)
		}
		c.Close()
		over()
		if want := "EHLO c, STARTTLS, TLS, EHLO c, EHLO c, MAIL From:<a@b.example>, RCPT To:<c@d.example>, DATA, QUIT"; e.got() != want {
			t.Errorf("the origin got %s", e.got())
		}
		if len(e.messages) != 1 || !strings.HasSuffix(e.messages[0], body) || !strings.Contains(e.messages[0], "with ESMTPS") {
			t.Errorf("%d messages, %.300q", len(e.messages), e.messages)
		}
		if s := e.session; s.ClientTLS == nil || s.ServerTLS == nil || s.Verdict != session.Accepted {
			t.Errorf("%s %s", s.Verdict, s.Reason)
		}
	})
}

func TestTLSFromTheFirstByte(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		e := newEstate(encryption.Implicit, encryption.Implicit)
		e.tls = true
		client, over := e.enter()
		c := e.under(client)
		play(t, c, "< 220 origin", "> EHLO c", "< 250-origin", "< 250 SIZE 9000000")
		play(t, c, delivery...)
		play(t, c, "> x", "> .", "< 250 taken", "> QUIT", "< 221 bye")
		c.Close()
		over()
		if len(e.messages) != 1 || e.session.ServerTLS == nil {
			t.Errorf("%q", e.messages)
		}
	})
}

// TestNoServerUnderTLS: a client that begins with TLS hears of a missing server under it.
func TestNoServerUnderTLS(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		e := newEstate(encryption.Implicit, encryption.Plain)
		e.service.Router = &route.Directed{Dest: []stream.Addr{{AddrPort: closedPort}}}
		client, over := e.enter()
		c := e.under(client)
		play(t, c, "< 451 Server not available", "> QUIT", "< 221 Bye")
		c.Close()
		over()
	})
}

// TestServerThatCannotProve: its handshake is a failed try, and the next target has its turn.
func TestServerThatCannotProve(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		for _, failover := range []bool{false, true} {
			e := newEstate(encryption.Plain, encryption.Implicit)
			e.tls = true
			good := e.origin
			e.origin = &tls.Config{Certificates: []tls.Certificate{certtest.New(t).Issue(t, "origin.example")}}
			tries := 0
			if failover {
				e.service.Router = &route.Directed{Dest: []stream.Addr{{AddrPort: e.listen()}, {AddrPort: e.listen()}}}
				e.service.Chainer = &chain.StateBased{Failover: true}
			}
			e.met = func() {
				if tries++; tries == 2 {
					e.origin = good
				}
			}
			client, over := e.enter()
			if failover {
				play(t, client, "< 220 origin", "> QUIT", "< 221 bye")
			} else {
				play(t, client, "< 451 Server not available", "> QUIT", "< 221 Bye")
			}
			client.Close()
			over()
			if !strings.Contains(e.log.String(), "no TLS: ") || !strings.Contains(e.log.String(), "unknown authority") {
				t.Errorf("log %s", e.log.String())
			}
		}
	})
}

// TestServerWithoutTLS: nothing but EHLO is said to it where TLS is due, whatever the client says.
func TestServerWithoutTLS(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		for _, hello := range []string{"EHLO", "HELO"} {
			for _, refuses := range []bool{false, true} {
				e := newEstate(encryption.Plain, encryption.StartTLSRequired)
				want := "EHLO c"
				if refuses {
					e.lists, e.refuses = "STARTTLS", true
					want += ", STARTTLS"
				}
				client, over := e.enter()
				play(t, client, "< 220 origin", "> "+hello+" c", "< 451 Server not available with encryption",
					"> MAIL FROM:<a@b.example>", "< 451 Server not available", "> QUIT", "< 221 Bye")
				client.Close()
				over()
				if e.got() != want || e.session.Verdict != session.DeniedByConnectionFail || !strings.Contains(e.log.String(), "TLS failed") {
					t.Errorf("the origin got %s, verdict %s, log %s", e.got(), e.session.Verdict, e.log.String())
				}
			}
		}
	})
}

// TestNoHandshake: whoever does not begin TLS where it is due hears nothing in clear, and has no server.
func TestNoHandshake(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		for name, says := range map[string]string{"commands": "EHLO c\r\nMAIL FROM:<a@b>\r\n", "half a record": "\x16\x03\x01\x02", "nothing": ""} {
			e := newEstate(encryption.Implicit, encryption.Plain)
			client, over := e.enter()
			io.WriteString(client, says)
			client.(*net.TCPConn).CloseWrite()
			heard, _ := io.ReadAll(client)
			over()
			if bytes.ContainsAny(heard, "\n") || e.got() != "" || e.session.Verdict == session.Accepted {
				t.Errorf("%s: heard %q, the origin got %s, %s", name, heard, e.got(), e.session.Verdict)
			}
			if !strings.Contains(e.log.String(), "TLS failed") || strings.Contains(e.log.String(), "EHLO") {
				t.Errorf("%s: log %s", name, e.log.String())
			}
		}
	})
}

// TestSilence: a handshake is waited for no longer than it may take.
func TestSilence(t *testing.T) {
	e := newEstate(t, encryption.Implicit, encryption.Plain)
	near, far := pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	s := newSession(&e.log)
	e.service.Run(ctx, &Env{Serve: proxy.Serve, Dial: chain.DialStream}, s, near)
	if heard, _ := io.ReadAll(far); len(heard) > 0 || !strings.Contains(s.Reason, "took too long") {
		t.Errorf("heard %q, %s", heard, s.Reason)
	}
}

// TestOtherApplication (TLS-10): a browser gets no handshake, and if it does not say what it wants, no second line.
func TestOtherApplication(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		e := newEstate(encryption.Implicit, encryption.Plain)
		chainPEM, key := certtest.PEMOf(t, e.ca.Issue(t, "proxy.example"))
		files := &encryption.Files{}
		cert, err := encryption.NewCertificate(files, encryption.Source{Text: string(chainPEM)}, encryption.Key{Source: encryption.Source{Text: string(key)}})
		if err != nil {
			t.Fatal(err)
		}
		e.policy.Client = encryption.NewClientSide(encryption.Implicit, encryption.Client{Certificates: &encryption.Choice{Default: cert}}, files)
		for alpn, refused := range map[string]bool{"http/1.1": true, "smtp": false, "": false} {
			client, over := e.enter()
			config := &tls.Config{RootCAs: e.ca.Pool, ServerName: "proxy.example"}
			if alpn != "" {
				config.NextProtos = []string{alpn}
			}
			c := tls.Client(client, config)
			err := c.Handshake()
			if err == nil {
				_, err = c.Read(make([]byte, 1)) // under TLS 1.3 a refusal comes late
			}
			if (err != nil) != refused {
				t.Errorf("%q: %v", alpn, err)
			}
			if !refused {
				play(t, c, "< 20 origin", "> GET / HTTP/1.1", "< 421 Service not available, closing transmission channel.")
			}
			client.Close()
			over()
			if refused && !strings.Contains(e.session.Reason, "ALPN") {
				t.Errorf("%q: %s", alpn, e.session.Reason)
			}
		}
	})
}

// TestCutUnderTLS: a connection that is cut within mail data ends nothing at the origin, whatever was cut.
func TestCutUnderTLS(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		for _, proper := range []bool{false, true} {
			e := newEstate(encryption.Implicit, encryption.StartTLS)
			e.lists = "STARTTLS"
			client, over := e.enter()
			c := e.under(client)
			play(t, c, "< 220 origin", "> EHLO c", "< 250-origin", "< 250 SIZE 9000000")
			play(t, c, delivery...)
			io.WriteString(c, "half a message\r\n")
			if proper {
				c.Close()
			} else {
				client.Close()
			}
			over()
			deadline := time.Now().Add(patience)
			for cut := false; !cut && time.Now().Before(deadline); {
				e.mu.Lock()
				cut = e.cut
				e.mu.Unlock()
			}
			if len(e.messages) > 0 || !e.cut {
				t.Errorf("messages %q, cut %v", e.messages, e.cut)
			}
		}
	})
}

// TestBusyUnderTLS: who is one too many hears nothing in clear where TLS is due.
func TestBusyUnderTLS(t *testing.T) {
	for mode, want := range map[encryption.Mode]string{encryption.Implicit: "", encryption.StartTLS: "421 "} {
		e := newEstate(t, mode, encryption.Plain)
		if got := string(e.service.busy(limit.SessionsPerClient)); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("mode %d: %q", mode, got)
		}
	}
}

func TestCheckEncryption(t *testing.T) {
	mail := newEstate(t, encryption.Plain, encryption.Plain).service.Class
	relay, problems := plug.Compile("PlugProxy", plug.DefaultSettings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	modes := func(client, server encryption.Mode) *encryption.Policy {
		return newEstate(t, client, server).policy
	}
	bare := &encryption.Policy{Name: "bare", Client: encryption.ClientSide{Mode: encryption.Implicit}}
	nothing := &encryption.Policy{Name: "nothing", Server: encryption.ServerSide{Mode: encryption.Implicit}}
	for _, c := range []struct {
		class  proxy.Class
		policy *encryption.Policy
		want   string
	}{
		{mail, nil, ""}, {relay, nil, ""},
		{mail, modes(encryption.StartTLSRequired, encryption.StartTLS), ""},
		{mail, modes(encryption.StartTLS, encryption.Forward), ""},
		{relay, modes(encryption.Implicit, encryption.Implicit), ""},
		{relay, modes(encryption.StartTLS, encryption.Plain), "PlugProxy"},
		{relay, modes(encryption.Plain, encryption.StartTLSRequired), "PlugProxy"},
		{mail, modes(encryption.Implicit, encryption.Forward), "does not offer it"},
		{mail, modes(encryption.Forward, encryption.Plain), "only the server side"},
		{mail, bare, "no certificate"}, {mail, nothing, "what is verified"},
	} {
		err := (&Service{Class: c.class, Encryption: c.policy}).CheckEncryption()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// TestWrongEncryptionServesNobody: where the class of a session cannot do what the policy says.
func TestWrongEncryptionServesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		relay, _ := plug.Compile("PlugProxy", plug.DefaultSettings())
		e := newEstate(encryption.StartTLSRequired, encryption.Plain)
		e.service.Class = relay
		client, over := e.enter()
		over()
		if heard, _ := io.ReadAll(client); len(heard) > 0 || e.session.Verdict != session.AbortedByPolicyAction {
			t.Errorf("heard %q, %s", heard, e.session.Verdict)
		}
	})
}

// TestRelayUnderTLS: a class that reads nothing passes on what it gets, under TLS on both sides, with its end.
func TestRelayUnderTLS(t *testing.T) {
	onBoth(t, func(t *testing.T, newEstate func(client, server encryption.Mode) *estate) {
		e := newEstate(encryption.Implicit, encryption.Implicit)
		relay, _ := plug.Compile("PlugProxy", plug.DefaultSettings())
		e.service.Class, e.tls = relay, true
		client, over := e.enter()
		c := e.under(client)
		play(t, c, "< 220 origin", "> FOO", "< 250 ok", "> QUIT", "< 221 bye")
		if rest, err := io.ReadAll(c); err == nil {
			t.Errorf("the origin did not end as TLS does, and the client read %q as if it had", rest)
		}
		c.Close()
		over()
		if e.got() != "FOO, QUIT" {
			t.Errorf("the origin got %s", e.got())
		}
	})
}
