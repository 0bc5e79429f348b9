package proxy

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/poll"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// flowRig is one flow under test, and the far ends of its sockets.
type flowRig struct {
	rig
	loop *poll.Loop
	flow *Flow
	over chan any
}

// flow runs p on a loop of its own; failure is why there is no server.
func runFlow(t testing.TB, p Protocol, failure error) *flowRig {
	l, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &flowRig{rig: rig{t: t, s: &session.Session{}}, loop: l, over: make(chan any, 1)}
	r.s.Log = slog.New(slog.NewTextHandler(&r.log, nil))
	var inner [2]net.Conn
	r.client, inner[Client] = pair(t, "tcp")
	r.server, inner[Server] = pair(t, "tcp")
	stopped := make(chan struct{})
	go func() { defer close(stopped); l.Run() }()
	t.Cleanup(func() { r.client.Close(); r.server.Close(); l.Close(); <-stopped })
	client, server := raw(t, inner[Client]), raw(t, inner[Server])
	l.Post(func() {
		r.flow, err = Begin(l, p, r.s, client, func(_ *Flow, crash any) { r.over <- crash })
		if failure != nil {
			unix.Close(server)
			r.flow.Unconnected(failure)
			return
		}
		if err := l.Add(server, FlowEvents, nil); err != nil {
			t.Error(err)
		}
		r.flow.Connected(server, unix.EPOLLIN|unix.EPOLLOUT)
	})
	return r
}

// raw takes the descriptor out of conn.
func raw(t testing.TB, conn net.Conn) (fd int) {
	defer conn.Close()
	c, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		t.Fatal(err)
	}
	return fd
}

func (r *flowRig) ends() any {
	r.t.Helper()
	select {
	case crash := <-r.over:
		for i := range r.flow.ends {
			if e := &r.flow.ends[i]; e.fd >= 0 || e.input != nil || !e.waits.empty() || !e.queue.empty() {
				r.t.Errorf("the %s keeps %+v", e.side, e)
			}
		}
		return crash
	case <-time.After(patience):
		r.t.Fatal("the flow does not end")
		return nil
	}
}

func TestFlowDialog(t *testing.T) {
	f := &fake{}
	r := runFlow(t, f, nil)
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
	r.hearEnd(r.server)
	r.client.Close()
	if crash := r.ends(); crash != nil {
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
}

func TestFlowGiantLines(t *testing.T) {
	r := runFlow(t, &fake{}, nil)
	for _, size := range []int{stream.SmallBuffer - 1, stream.SmallBuffer, stream.SmallBuffer + 1, 100000, MaxUnused, 5} {
		line := strings.Repeat("x", size-1) + "\n"
		go r.say(r.client, line)
		r.hear(r.server, line)
		go r.say(r.server, "mix"+line[3:])
		r.hear(r.client, "<mix"+line[3:size-1]+">\n")
	}
	r.client.Close()
	r.ends()
}

// Both peers send far more than the sockets hold before either reads.
func TestFlowFullDuplex(t *testing.T) {
	r := runFlow(t, &fake{}, nil)
	block := bytes.Repeat([]byte("copy 0123456789012345678901234567890123456789\n"), 1<<17)
	var got [2][]byte
	done := make(chan error, 4)
	for i, c := range []net.Conn{r.client, r.server} {
		c.SetDeadline(time.Now().Add(patience))
		go func() { _, err := c.Write(block); done <- err }()
		go func() {
			got[i] = make([]byte, len(block))
			_, err := io.ReadFull(c, got[i])
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got[0], block) || !bytes.Equal(got[1], block) {
		t.Error("bytes differ")
	}
	r.client.Close()
	r.ends()
}

func TestFlowEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(r *flowRig)
		want string
	}{
		{"client", func(r *flowRig) { r.client.Close() }, "client EOF"},
		{"server", func(r *flowRig) { r.server.Close() }, "server EOF"},
		{"client after bytes", func(r *flowRig) {
			r.say(r.client, "one\ntwo")
			r.client.(*net.TCPConn).CloseWrite()
			r.hear(r.server, "one\n")
		}, "client EOF"},
		{"server reset", func(r *flowRig) {
			r.say(r.server, "one\n")
			r.hear(r.client, "one\n")
			r.server.(*net.TCPConn).SetLinger(0)
			r.server.Close()
		}, "server error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			r := runFlow(t, f, nil)
			c.play(r)
			r.ends()
			if len(f.ended) == 0 || f.ended[0] != c.want {
				t.Errorf("ended %q", f.ended)
			}
		})
	}
}

func TestFlowNoServer(t *testing.T) {
	f := &fake{}
	r := runFlow(t, f, errors.New("refused"))
	r.hear(r.client, "no server\n")
	r.client.Close()
	r.ends()
}

func TestFlowDeadline(t *testing.T) {
	f := &fake{onOpen: func(x Exchange, _ error) { x.Await(Client, time.Hour); x.Await(Server, 5*time.Millisecond) }}
	r := runFlow(t, f, nil)
	r.hearEnd(r.client)
	r.client.Close()
	r.ends()
	if len(f.ended) != 1 || f.ended[0] != "server deadline" {
		t.Errorf("ended %q", f.ended)
	}
}

// A question runs beside the loop; until it is answered nothing is offered.
func TestFlowAsk(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool)
	f := &fake{answered: func(x Exchange) { x.Send(Client, []byte("answered\n")) }}
	f.line = func(x Exchange, from Side, line []byte) {
		if string(line) == "ask\n" {
			x.Ask(func() { asked <- true; <-answer })
			return
		}
		x.Send(Client, line)
	}
	r := runFlow(t, f, nil)
	r.say(r.client, "ask\nnext\n")
	<-asked
	other := make(chan bool)
	r.loop.Post(func() { close(other) })
	<-other // the loop goes on
	answer <- true
	r.hear(r.client, "answered\nnext\n")
	r.say(r.client, "ask\n")
	<-asked
	r.loop.Post(r.flow.Cut)
	answer <- true
	r.ends()
}

func TestFlowPanic(t *testing.T) {
	r := runFlow(t, &fake{}, nil)
	r.say(r.client, "panic\n")
	if crash := r.ends(); crash != "the protocol panics" {
		t.Errorf("crash %v", crash)
	}
}

func TestFlowSlowReader(t *testing.T) {
	p := &patient{limit: 20 * time.Millisecond}
	r := runFlow(t, p, nil)
	go func() { // until the flow ends
		for {
			if _, err := io.WriteString(r.server, "a line that nobody reads\n"); err != nil {
				return
			}
		}
	}()
	r.ends()
	if len(p.ended) == 0 || p.ended[0] != "client deadline" {
		t.Errorf("ended %q", p.ended)
	}
}

// A client that goes on sending after the last word still gets to read it.
func TestFlowLinger(t *testing.T) {
	r := runFlow(t, &fake{}, nil)
	r.say(r.client, "quit\n"+strings.Repeat("more\n", 1000))
	r.hear(r.client, "bye\n")
	r.hearEnd(r.client)
	r.client.Close()
	r.ends()
}

// A peer that is gone when it is written to: its side ends, what else is for it is thrown away.
func TestFlowLostPeer(t *testing.T) {
	f := &fake{onEnded: func(x Exchange, side Side, _ error) {
		if side == Server {
			x.Send(Client, []byte("gone\n"))
			x.Hangup(Client)
		}
		x.Hangup(Server)
	}}
	r := runFlow(t, f, nil)
	r.say(r.client, "one\n")
	r.hear(r.server, "one\n")
	r.server.(*net.TCPConn).SetLinger(0)
	r.server.Close()
	r.client.SetWriteDeadline(time.Now().Add(patience))
	go r.client.Write(bytes.Repeat([]byte("mix after the end\n"), 1<<12))
	r.hear(r.client, "gone\n")
	r.client.Close()
	r.ends()
}
