package proxy

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// A relay that waits holds no buffer.
func TestIdleRelayHoldsNothing(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		r := serve(t, network, plain())
		for range 3 {
			r.say(r.client, strings.Repeat("one", 10000))
			r.hear(r.server, strings.Repeat("one", 10000))
			r.say(r.server, "two")
			r.hear(r.client, "two")
			r.eventually("nothing is held", func() bool { return r.held.Load() == 0 })
		}
		r.cancel()
		r.over()
	}
}

// A session that waits holds no buffer; one that holds back its client holds what the client sent.
func TestIdleHoldsNothing(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		r := serve(t, network, &fake{lockstep: true})
		r.eventually("nothing is held before the first byte", func() bool { return r.held.Load() == 0 })
		for range 3 {
			r.say(r.client, "one\ntwo\n")
			r.hear(r.server, "one\n")
			r.locked("two waits", func() bool { return r.d.ends[Client].unused() == 4 && r.held.Load() >= 1 })
			r.say(r.server, "1\n")
			r.hear(r.server, "two\n")
			r.say(r.server, "2\n")
			r.hear(r.client, "1\n2\n")
			r.eventually("nothing is held", func() bool { return r.held.Load() == 0 })
		}
		r.cancel()
		r.over()
	}
}

func TestNoDescriptorLeaks(t *testing.T) {
	count := func() int {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(names)
	}
	before := 0
	for i := range 30 {
		r := serve(t, "tcp", &fake{})
		r.say(r.client, "quit\n")
		r.hear(r.client, "bye\n")
		r.client.Close()
		r.server.Close()
		r.over()
		if i == 0 {
			before = count()
		}
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors, %d after one session", after, before)
	}
}

// A side that ended within a line holds nothing either, though the session goes on.
func TestEndedHoldsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		ended := false
		r := serve(t, network, &fake{onEnded: func(Exchange, Side, error) { ended = true }})
		r.say(r.client, "one\ntw")
		r.hear(r.server, "one\n")
		r.client.Close()
		left := map[string]int64{"pipe": 1}[network] // the server's reader has a plain connection
		r.locked("nothing is held", func() bool { return ended && r.held.Load() == left })
		r.cancel()
		r.over()
	})
}

// exchange sends line from the client and a reply from the server, and reads each at the other end.
type exchange struct {
	client, server net.Conn
	line, buf      []byte
}

func (x *exchange) run() error {
	for _, way := range [][2]net.Conn{{x.client, x.server}, {x.server, x.client}} {
		if _, err := way[0].Write(x.line); err != nil {
			return err
		}
		if _, err := io.ReadFull(way[1], x.buf); err != nil {
			return err
		}
	}
	return nil
}

// bulk sends chunks of the large buffer's size from the client to the server, which reads in another goroutine.
type bulk struct {
	chunk    []byte
	client   net.Conn
	received chan int
}

func startBulk(r *rig) *bulk {
	b := &bulk{client: r.client, received: make(chan int, 1), chunk: []byte(strings.Repeat("z", MaxUnused-1) + "\n")}
	go func() {
		buf := make([]byte, MaxUnused)
		for {
			n, err := io.ReadFull(r.server, buf)
			if err != nil {
				close(b.received)
				return
			}
			b.received <- n
		}
	}()
	return b
}

func (b *bulk) run() error {
	if _, err := b.client.Write(b.chunk); err != nil {
		return err
	}
	if <-b.received != len(b.chunk) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// plain passes everything without looking at it.
func plain() *fakePlain { return &fakePlain{} }

type fakePlain struct{ fake }

func (*fakePlain) Receive(x Exchange, from Side, data []byte) int {
	x.Await(from, time.Minute)
	x.Pass(from.Other(), data)
	return len(data)
}

func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	for _, network := range []string{"tcp", "unix"} {
		r := serve(t, network, &fake{lockstep: true})
		check(t, network+" line", (&exchange{r.client, r.server, []byte("mix MAIL FROM\n"), make([]byte, 16)}).run)
		check(t, network+" sent", (&exchange{r.client, r.server, []byte("copy\n"), make([]byte, 5)}).run)
		check(t, network+" bulk", startBulk(serve(t, network, plain())).run)
	}
}

func check(t *testing.T, name string, run func() error) {
	t.Helper()
	n := testing.AllocsPerRun(500, func() {
		if err := run(); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%s: %v allocations a run", name, n)
	}
}

func BenchmarkRelayLine(b *testing.B) {
	r := serve(b, "tcp", &fake{lockstep: true})
	x := &exchange{r.client, r.server, []byte("RCPT TO:<bob@example.com>\n"), make([]byte, 26)}
	measure(b, x.run)
}

func BenchmarkRelayBulk(b *testing.B) {
	b.SetBytes(MaxUnused)
	measure(b, startBulk(serve(b, "tcp", plain())).run)
}

func measure(b *testing.B, run func() error) {
	if err := run(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
}
