package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// echo answers each client line by line, for as long as it stays.
func echo(t *testing.T) []stream.Addr {
	t.Helper()
	l := open(t, "127.0.0.1:0")
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(struct{ io.Writer }{conn}, conn) // not spliced: the runtime keeps the pipes for a while
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return []stream.Addr{{AddrPort: netip.MustParseAddrPort(l.Addr().String())}}
}

// echoing is a running engine in front of an echo.
func echoing(t *testing.T, loops, most int) (e *Engine, at string, c *Config, b *log) {
	t.Helper()
	to := echo(t)
	e, b = hosted(t, loops)
	at = free(t, "127.0.0.1")
	c = config(at + " in")
	c.Services["in"].Router = &route.Directed{Dest: to}
	c.Services["in"].MaxInstances = most
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	return e, at, c, b
}

func dial(t *testing.T, at string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

func says(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text+"\n"); err != nil {
		t.Fatal(err)
	}
	if got := readLine(conn); got != text {
		t.Fatalf("echo of %q is %q", text, got)
	}
}

func TestLimit(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		_, at, c, b := echoing(t, loops, 1)
		first := dial(t, at)
		says(t, first, "one")
		if got := readLine(dial(t, at)); got != "busy" {
			t.Errorf("second session: %q", got)
		}
		first.Close()
		if !eventually(func() bool { return c.Services["in"].Running() == 0 }) {
			t.Fatalf("still running:\n%s", b)
		}
		says(t, dial(t, at), "three")
	})
}

func TestDrainAndCut(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		e, at, _, _ := echoing(t, loops, 0)
		stays, leaves := dial(t, at), dial(t, at)
		says(t, stays, "one")
		says(t, leaves, "two")
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan error, 1)
		go func() { over <- e.Shutdown(ctx) }()
		if !eventually(func() bool {
			conn, err := net.Dial("tcp", at)
			if err == nil {
				conn.Close()
			}
			return err != nil
		}) {
			t.Error("still listening")
		}
		says(t, stays, "while draining")
		leaves.Close()
		if !eventually(func() bool { return e.dispatcher.Running() == 1 }) {
			t.Error("the session that was left is not over")
		}
		cancel()
		if err := <-over; err == nil || err.Error() != "1 sessions were cut" {
			t.Errorf("shutdown: %v", err)
		}
		if got := readLine(stays); !strings.Contains(got, "EOF") && !strings.Contains(got, "reset") {
			t.Errorf("the session goes on: %q", got)
		}
	})
}

// TestReloadUnderLoad: sessions go on, new ones come in, and none is lost.
func TestReloadUnderLoad(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		e, at, _, _ := echoing(t, loops, 0)
		to := e.config.Services["in"].Router
		stays := dial(t, at)
		says(t, stays, "before")
		var clients sync.WaitGroup
		failed := make(chan string, 100)
		for i := range 4 {
			clients.Go(func() {
				for n := range 50 {
					if err := oneLine(at, fmt.Sprintf("%d-%d", i, n)); err != nil {
						failed <- err.Error()
						return
					}
				}
			})
		}
		for range 50 {
			next := config(at + " in")
			next.Services["in"].Router = to
			if err := e.Reload(next); err != nil {
				t.Error(err)
			}
		}
		clients.Wait()
		close(failed)
		for f := range failed {
			t.Error(f)
		}
		says(t, stays, "after")
	})
}

func oneLine(at, text string) error {
	conn, err := net.Dial("tcp", at)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, text+"\n"); err != nil {
		return err
	}
	if got, err := bufio.NewReader(conn).ReadString('\n'); got != text+"\n" {
		return fmt.Errorf("%q came back as %q: %v", text, got, err)
	}
	return nil
}

// crashing is a class whose sessions panic.
type crashing struct{ class }

func (crashing) New(*session.Session) (proxy.Protocol, error) { return crash{}, nil }

type crash struct{ relay }

func (crash) Receive(proxy.Exchange, proxy.Side, []byte) int { panic("a bug") }

// TestBugEndsOneSession: the others do not notice.
func TestBugEndsOneSession(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		to := echo(t)
		e, b := hosted(t, loops)
		good, bad := free(t, "127.0.0.1"), free(t, "127.0.0.2")
		c := config(good+" good", bad+" bad")
		for _, v := range c.Services {
			v.Router = &route.Directed{Dest: to}
		}
		c.Services["bad"].Class = crashing{}
		if err := e.Start(c); err != nil {
			t.Fatal(err)
		}
		stays := dial(t, good)
		says(t, stays, "one")
		victim := dial(t, bad)
		_, _ = io.WriteString(victim, "x\n")
		if got, _ := io.ReadAll(victim); string(got) != "busy\n" {
			t.Errorf("got %q", got)
		}
		says(t, stays, "two")
		if !eventually(func() bool { return strings.Contains(b.String(), "verdict=DENIED_BY_UNKNOWN_FAIL") }) || !strings.Contains(b.String(), "a bug") {
			t.Errorf("log:\n%s", b)
		}
	})
}
