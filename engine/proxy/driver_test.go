package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zorpgo/engine/poll"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// fake is a line protocol: it passes lines to the other side, and does what some of the client's lines say.
type fake struct {
	lockstep bool     // after a line of the client, one of the server
	greeting bool     // the client waits for the server's first line
	line     lineFunc // instead of what follow does
	onOpen   func(x Exchange, failure error)
	onEnded  func(x Exchange, side Side, why error)
	answered func(x Exchange)

	onSecured func(x Exchange, side Side, err error)

	waits  bool
	ended  []string
	offers int // calls of Receive
	closed int
}

// What a fake sends around a line that says mix.
var before, after = []byte("<"), []byte(">")

type lineFunc func(x Exchange, from Side, line []byte)

func (f *fake) Open(x Exchange, failure error) {
	f.waits = f.greeting
	switch {
	case f.onOpen != nil:
		f.onOpen(x, failure)
	case failure != nil:
		x.Send(Client, []byte("no server\n"))
		x.Hangup(Client)
	}
}

func (f *fake) Ready(from Side) bool { return from == Server || !f.waits }

func (f *fake) Receive(x Exchange, from Side, data []byte) int {
	f.offers++
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return 0
	}
	line := data[:i+1]
	if from == Server {
		f.waits = false
	} else if f.lockstep {
		f.waits = true
	}
	if f.line != nil {
		f.line(x, from, line)
	} else {
		f.follow(x, from, line)
	}
	return i + 1
}

func (f *fake) follow(x Exchange, from Side, line []byte) {
	switch word := string(line); {
	case from == Client && word == "quit\n":
		x.Send(Client, []byte("bye\n"))
		x.Hangup(Client)
		x.Hangup(Server)
	case from == Client && word == "panic\n":
		panic("the protocol panics")
	case strings.HasPrefix(word, "mix"):
		x.Send(from.Other(), before)
		x.Pass(from.Other(), line[:len(line)-1])
		x.Send(from.Other(), after)
		x.Pass(from.Other(), line[len(line)-1:])
	case strings.HasPrefix(word, "copy"):
		x.Send(from.Other(), line)
	default:
		x.Pass(from.Other(), line)
	}
}

func (f *fake) Ended(x Exchange, side Side, why error) {
	f.ended = append(f.ended, fmt.Sprintf("%v %v", side, reason(why)))
	if f.onEnded != nil {
		f.onEnded(x, side, why)
		return
	}
	x.Hangup(Client)
	x.Hangup(Server)
}

func (f *fake) Answered(x Exchange) {
	if f.answered != nil {
		f.answered(x)
	}
}

func (f *fake) Secured(x Exchange, side Side, err error) { f.onSecured(x, side, err) }

func (f *fake) Close() { f.closed++ }

// reason is a word for why a side ended.
func reason(why error) string {
	switch {
	case why == io.EOF:
		return "EOF"
	case strings.Contains(why.Error(), "timeout"):
		return "deadline"
	}
	return "error"
}

// rig is one session under test: the far ends of its connections, and its driver.
type rig struct {
	t              testing.TB
	client, server net.Conn
	d              *driver
	s              *session.Session
	log            bytes.Buffer
	held           atomic.Int64 // pooled buffers in use
	inner          [2]net.Conn  // the driver's ends
	cancel         context.CancelFunc
	connected      chan error // connect waits for it
	done           chan any   // what Serve panicked with

	shake time.Duration // what a handshake may take; 0: as usual

	p    Protocol // of a session on a loop
	tls  bool     // both sides of that are under TLS from the first byte
	loop *poll.Loop
	flow *Flow
}

// prepare makes a session over connections of a network, without starting it. "loop" is a session on a loop, over TCP,
// "loop tls" one with TLS on both sides.
func prepare(t testing.TB, network string, p Protocol) *rig {
	r := &rig{t: t, connected: make(chan error, 1), done: make(chan any, 1)}
	r.s = &session.Session{Log: slog.New(slog.NewTextHandler(&r.log, nil))}
	if strings.HasPrefix(network, "loop") {
		r.p, r.tls = p, network == "loop tls"
		return r
	}
	r.client, r.inner[Client] = pair(t, network)
	r.server, r.inner[Server] = pair(t, network)
	r.d = newDriver(p, r.s, r.inner[Client])
	r.d.linger = patience
	for i := range r.d.ends {
		e := &r.d.ends[i]
		e.take = func(n int) []byte { r.held.Add(1); return stream.Borrow(n) }
		e.give = func(b []byte) { r.held.Add(-1); stream.GiveBack(b) }
		r.d.take, r.d.give = e.take, e.give
	}
	return r
}

// start runs the session; it connects once r.connected says so.
func (r *rig) start() *rig {
	if r.p != nil {
		return r.startFlow(<-r.connected)
	}
	if r.shake > 0 {
		r.d.shake = r.shake
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.t.Cleanup(func() { cancel(); r.client.Close(); r.server.Close() })
	go func() {
		defer func() { r.done <- recover() }()
		r.d.serve(ctx, func(ctx context.Context) (net.Conn, error) {
			select {
			case err := <-r.connected:
				return r.inner[Server], err
			case <-ctx.Done():
				r.inner[Server].Close()
				return nil, ctx.Err()
			}
		})
	}()
	return r
}

// serve runs p over a network, connected.
func serve(t testing.TB, network string, p Protocol) *rig {
	r := prepare(t, network, p)
	r.connected <- nil
	return r.start()
}

// over waits until Serve returns and checks that it left nothing behind. It returns what Serve panicked with.
func (r *rig) over() any {
	r.t.Helper()
	var crash any
	select {
	case crash = <-r.done:
	case <-time.After(patience):
		r.t.Fatalf("the session does not end\n%s", stacks())
	}
	if r.flow != nil {
		r.checkFlow()
		return crash
	}
	for _, conn := range r.inner {
		if _, err := conn.Write([]byte("x")); err == nil {
			r.t.Error("a connection is still open")
		}
	}
	if n := r.held.Load(); n != 0 {
		r.t.Errorf("%d buffers were not given back", n)
	}
	r.eventually("no goroutine is left", func() bool { return !strings.Contains(stacks(), fmt.Sprintf("(%p", r.d)) })
	return crash
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// eventually waits until ok holds.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	for limit := time.Now().Add(patience); !ok(); runtime.Gosched() {
		if time.Now().After(limit) {
			r.t.Fatalf("%s: not so\n%s", what, stacks())
		}
	}
}

// locked waits until ok holds under the driver's lock.
func (r *rig) locked(what string, ok func() bool) {
	r.t.Helper()
	r.eventually(what, func() bool {
		r.d.mu.Lock()
		defer r.d.mu.Unlock()
		return ok()
	})
}

// say writes text to conn.
func (r *rig) say(conn net.Conn, text string) {
	r.t.Helper()
	conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
}

// hear reads text from conn, neither more nor less than its length.
func (r *rig) hear(conn net.Conn, text string) {
	r.t.Helper()
	b := make([]byte, len(text))
	conn.SetReadDeadline(time.Now().Add(patience))
	if n, err := io.ReadFull(conn, b); err != nil || string(b) != text {
		r.t.Fatalf("got %.80q %v, want %.80q", b[:n], err, text)
	}
}

// hearEnd reads the end of conn, without a reset.
func (r *rig) hearEnd(conn net.Conn) {
	r.t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
		r.t.Fatalf("got %.80q %v, want the end", b, err)
	}
}

// pair makes both ends of a connection.
func pair(t testing.TB, network string) (outer, inner net.Conn) {
	address := "127.0.0.1:0"
	switch network {
	case "pipe":
		return net.Pipe()
	case "tls":
		outer, inner = pair(t, "tcp")
		return encrypted(t, outer, inner)
	case "unix":
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	outer, err = net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if inner, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return outer, inner
}

// everywhere runs a test over each kind of connection.
func everywhere(t *testing.T, test func(t *testing.T, network string)) {
	for _, network := range []string{"tcp", "unix", "pipe", "tls"} {
		t.Run(network, func(t *testing.T) { test(t, network) })
	}
}

var errRefused = errors.New("connection refused")
