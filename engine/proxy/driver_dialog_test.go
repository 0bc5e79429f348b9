package proxy

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

func TestDialog(t *testing.T) {
	withBoth(t, func(t *testing.T, network string) {
		f := &fake{}
		r := serve(t, network, f)
		r.say(r.client, "one\n")
		r.hear(r.server, "one\n")
		r.say(r.server, "two\n")
		r.hear(r.client, "two\n")
		r.say(r.client, "par")
		r.say(r.client, "tial\nmix 1\n")
		r.hear(r.server, "partial\n<mix 1>\n")
		r.say(r.server, "copy a\nb\nmix\ncopy c\n")
		r.hear(r.client, "copy a\nb\n<mix>\ncopy c\n")
		r.say(r.client, "quit\n")
		r.hear(r.client, "bye\n")
		r.hearEnd(r.client)
		r.client.Close()
		r.hearEnd(r.server)
		if crash := r.over(); crash != nil {
			t.Fatal(crash)
		}
		want := [4]int64{int64(len("one\npartial\nmix 1\nquit\n")), int64(len("two\ncopy a\nb\nmix\ncopy c\n")),
			int64(len("two\ncopy a\nb\n<mix>\ncopy c\nbye\n")), int64(len("one\npartial\n<mix 1>\n"))}
		c := r.s.Count
		if got := [4]int64{c.FromClient, c.FromServer, c.ToClient, c.ToServer}; got != want {
			t.Errorf("counted %v, want %v", got, want)
		}
		if f.closed != 1 || len(f.ended) != 0 {
			t.Errorf("closed %d times, ended %q", f.closed, f.ended)
		}
	})
}

// Serve by its own name, with the bounds and buffers that it has in service.
func TestServe(t *testing.T) {
	client, inner := pair(t, "tcp")
	server, outer := pair(t, "tcp")
	r := &rig{t: t}
	s := &session.Session{}
	over := make(chan bool)
	go func() {
		defer close(over)
		Serve(t.Context(), &fake{}, s, inner, func(context.Context) (net.Conn, error) { return outer, nil })
	}()
	r.say(client, "copy 1\nquit\n")
	r.hear(server, "copy 1\n")
	r.hear(client, "bye\n")
	client.Close()
	<-over
	if s.Count.FromClient != 12 || s.Count.ToClient != 4 {
		t.Errorf("counted %+v", s.Count)
	}
	r.hearEnd(server)
}

// A line longer than a small buffer moves to a large one; the protocol sees all of it.
func TestGiantLines(t *testing.T) {
	withBoth(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
		for _, size := range []int{stream.SmallBuffer - 1, stream.SmallBuffer, stream.SmallBuffer + 1, 100000, MaxUnused, 5} {
			line := strings.Repeat("x", size-1) + "\n"
			go r.say(r.client, line)
			r.hear(r.server, line)
			go r.say(r.server, "mix"+line[3:])
			r.hear(r.client, "<mix"+line[3:size-1]+">\n")
		}
		r.say(r.client, "quit\n")
		r.hear(r.client, "bye\n")
		r.client.Close()
		r.over()
	})
}

func TestUndecidedProtocol(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
		go r.client.Write([]byte(strings.Repeat("x", MaxUnused)))
		r.over()
		if !strings.Contains(r.log.String(), "does not decide") || !strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("log: %q", r.log.String())
		}
	})
}

// Commands that came together are written together, whatever mixture of Send and Pass they are.
func TestOneWrite(t *testing.T) {
	for _, pass := range []int{2, 3000} {
		r := serve(t, "pipe", &fake{})
		lines := strings.Repeat("mix"+strings.Repeat("z", pass)+"\ncopy\nplain\n", 2)
		want := strings.NewReplacer("mix", "<mix", "z\n", "z>\n").Replace(lines)
		go r.say(r.client, lines)
		b := make([]byte, len(want)+1)
		n, err := r.server.Read(b)
		if pass == 2 && (err != nil || string(b[:n]) != want) {
			t.Errorf("first write %q %v, want %q", b[:n], err, want)
		}
		r.hear(r.server, want[n:])
		r.cancel()
		r.over()
	}
}

// Lines that wait for the server stay in the driver; a client that goes on sending is held back.
func TestBackPressure(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		const lines = 3000
		f := &fake{lockstep: true}
		r := serve(t, network, f)
		sent := make(chan error, 1)
		go func() {
			_, err := r.client.Write([]byte(strings.Repeat("0123456789\n", lines)))
			sent <- err
		}()
		r.hear(r.server, "0123456789\n")
		var read int64
		r.locked("the client waits", func() bool {
			read = r.s.Count.FromClient
			return r.d.ends[Client].unused() > 0 && !f.Ready(Client)
		})
		if read > MaxUnused {
			t.Errorf("%d bytes were read while the protocol was not ready", read)
		}
		go func() {
			for range lines - 1 {
				r.say(r.server, "\n")
				r.hear(r.server, "0123456789\n")
			}
			r.say(r.server, "\n")
		}()
		r.hear(r.client, strings.Repeat("\n", lines))
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		r.cancel()
		r.over()
	})
}

// Bytes that were passed stay where they are until they are written, whoever writes them.
func TestPassedBytesStay(t *testing.T) {
	r := serve(t, "pipe", &fake{lockstep: true, line: func(x Exchange, from Side, line []byte) {
		if from == Client {
			x.Pass(Server, line)
		}
	}})
	r.say(r.client, "a\nb\n")
	r.hear(r.server, "a\n")
	r.say(r.server, "1\n") // so the server's goroutine passes b, and its write waits for a reader
	r.locked("b is being written", func() bool { return r.d.ends[Server].busy && r.d.ends[Client].passed == 1 })
	r.locked("the client's goroutine looks again", func() bool { r.d.changed.Broadcast(); return true })
	r.client.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _ := r.client.Write([]byte("XX")); n != 0 {
		t.Error("the client was read while its bytes waited to be written")
	}
	r.hear(r.server, "b\n")
	r.cancel()
	r.over()
}

// Both sides may send without reading: neither direction waits for the other.
func TestFullDuplex(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
		text := strings.Repeat(strings.Repeat("z", 7998)+"\n", 2500)
		go func() { // an echo that writes before it reads on
			b := make([]byte, 1<<16)
			for {
				n, err := r.server.Read(b)
				if err != nil {
					return
				}
				if _, err := r.server.Write(b[:n]); err != nil {
					return
				}
			}
		}()
		go r.say(r.client, text)
		r.hear(r.client, text)
		r.cancel()
		r.over()
	})
}

func TestAsk(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		asking, answer := make(chan bool), make(chan bool)
		rounds := 0
		f := &fake{}
		f.line = func(x Exchange, from Side, line []byte) {
			if string(line) != "ask\n" {
				x.Pass(from.Other(), line)
				return
			}
			x.Send(Client, []byte("wait\n"))
			x.Ask(func() { asking <- true; <-answer })
		}
		f.answered = func(x Exchange) {
			if rounds++; rounds < 1000 {
				x.Ask(func() {})
				return
			}
			x.Send(Client, []byte("answered\n"))
		}
		r := serve(t, network, f)
		r.say(r.client, "before\n")
		r.hear(r.server, "before\n")
		go r.say(r.client, "ask\nafter\n")
		r.hear(r.client, "wait\n")
		<-asking
		go r.say(r.server, "reply\n")
		if f.offers != 2 {
			t.Errorf("%d lines were offered before the answer", f.offers)
		}
		answer <- true
		r.hear(r.client, "answered\n")
		r.hear(r.server, "after\n")
		r.hear(r.client, "reply\n")
		r.cancel()
		r.over()
	})
}

func TestProbe(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		f := &fake{}
		f.line = func(x Exchange, from Side, line []byte) {
			word := "no\n"
			if x.Probe(Client) {
				word = "yes\n"
			}
			f.waits = word == "no\n"
			x.Send(Server, []byte(word))
		}
		r := serve(t, network, f)
		r.say(r.server, "is there something\n")
		r.hear(r.server, "no\n")
		r.say(r.client, "early\n")
		if network != "pipe" {
			r.say(r.server, "is there something\n")
			r.hear(r.server, "yes\n")
		}
		r.cancel()
		r.over()
	})
}
