package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Traffic is clients that open session after session until they are told to stop.
type Traffic struct {
	Done, Lost atomic.Int64          // sessions that were carried on from the greeting to the end, and those that were not
	Later      atomic.Int64          // sessions that were told to come again, by 421 (RFC 5321 §3.8)
	last       atomic.Pointer[error] // the last loss

	stop chan struct{}
	ends sync.WaitGroup
}

// Traffic starts so many clients, which wait for patience at most.
func (h *Host) Traffic(clients int, to string) *Traffic {
	h.t.Helper()
	t := &Traffic{stop: make(chan struct{})}
	for range clients {
		t.ends.Go(func() { t.run(h, to) })
	}
	h.t.Cleanup(t.Stop)
	return t
}

func (t *Traffic) run(h *Host, to string) {
	for {
		select {
		case <-t.stop:
			return
		default:
		}
		switch err := h.session(to); err {
		case nil:
			t.Done.Add(1)
		case errLater:
			t.Later.Add(1)
		default:
			t.last.Store(&err)
			t.Lost.Add(1)
		}
	}
}

var errLater = errors.New("the service is closing")

// session says hello and goodbye.
func (h *Host) session(to string) error {
	conn, err := h.open(net.Dialer{Timeout: patience}, to)
	if err != nil {
		return err
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	for _, step := range [][2]string{{"", "220 "}, {"EHLO client.example.net\r\n", "250"}, {"QUIT\r\n", "221 "}} {
		if _, err := io.WriteString(conn, step[0]); err != nil {
			return err
		}
		switch line, err := from.ReadString('\n'); {
		case strings.HasPrefix(line, "421 "):
			return errLater
		case err != nil || !strings.HasPrefix(line, step[1]):
			return fmt.Errorf("after %q: %q, %v", step[0], line, err)
		}
	}
	return nil
}

// Await waits until so many more sessions were done.
func (t *Traffic) Await(more int64) { t.AwaitFor(more, patience) }

// AwaitFor is Await with a patience of its own.
func (t *Traffic) AwaitFor(more int64, limit time.Duration) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	want := t.Done.Load() + more
	for end := time.Now().Add(limit); t.Done.Load() < want && time.Now().Before(end); <-tick.C {
	}
}

// Stop has the clients end their sessions.
func (t *Traffic) Stop() {
	select {
	case <-t.stop:
	default:
		close(t.stop)
	}
	t.ends.Wait()
}

// String is what came of it.
func (t *Traffic) String() string {
	last := errors.New("none")
	if err := t.last.Load(); err != nil {
		last = *err
	}
	return fmt.Sprintf("%d sessions done, %d to come again, %d lost; the last: %v", t.Done.Load(), t.Later.Load(), t.Lost.Load(), last)
}

// Counter is a small SMTP server that counts its clients by their addresses.
type Counter struct {
	mu   sync.Mutex
	seen map[netip.Addr]int
}

// Counter starts one as the origin server.
func (l *Lab) Counter() *Counter {
	l.t.Helper()
	c := &Counter{seen: map[netip.Addr]int{}}
	go c.serve(l.Server.Listen("[::]:25")) // ends with the listener
	return c
}

func (c *Counter) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.seen[conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()]++
		c.mu.Unlock()
		go answer(conn)
	}
}

// Seen is how many connections came from an address.
func (c *Counter) Seen(from string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[netip.MustParseAddr(from)]
}
