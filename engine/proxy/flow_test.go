package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/poll"
)

// startFlow runs the session on a loop of its own; failure is why there is no server.
func (r *rig) startFlow(failure error) *rig {
	l, err := poll.New()
	if err != nil {
		r.t.Fatal(err)
	}
	r.loop = l
	var inner [2]net.Conn
	r.client, inner[Client] = pair(r.t, "tcp")
	r.server, inner[Server] = pair(r.t, "tcp")
	stopped := make(chan struct{})
	go func() { defer close(stopped); l.Run() }()
	r.t.Cleanup(func() { r.client.Close(); r.server.Close(); l.Close(); <-stopped })
	client, server := raw(r.t, inner[Client]), raw(r.t, inner[Server])
	r.cancel = func() { l.Post(r.flow.Cut) }
	if !r.tls {
		r.begin(client, func() { r.connect(server, failure) })
		return r
	}
	p, forClient, forServer := policyFor(r.t)
	r.s.Encryption = p
	r.begin(client, func() { r.flow.Encrypt(func() { r.connect(server, failure) }) })
	r.client = r.upgrade(tls.Client(r.client, forClient))
	if failure == nil {
		r.server = r.upgrade(tls.Server(r.server, forServer))
	}
	return r
}

func (r *rig) begin(client int, then func()) {
	begun := make(chan error)
	r.loop.Post(func() {
		var err error
		r.flow, err = Begin(r.loop, r.p, r.s, client, func(_ *Flow, crash any) { r.done <- crash })
		if r.shake > 0 {
			r.flow.shaking = r.shake
		}
		begun <- err
		then()
	})
	if err := <-begun; err != nil {
		r.t.Fatal(err)
	}
}

// connect is on the loop.
func (r *rig) connect(server int, failure error) {
	if failure != nil {
		unix.Close(server)
		r.flow.Unconnected(failure)
		return
	}
	if err := r.loop.Add(server, FlowEvents, nil); err != nil {
		r.t.Error(err)
	}
	if events := uint32(unix.EPOLLIN | unix.EPOLLOUT); r.tls {
		r.flow.Reached(server, events, func(err error) {
			if err != nil {
				r.t.Error(err)
			}
		})
	} else {
		r.flow.Connected(server, events)
	}
}

// checkFlow says what a flow left behind.
func (r *rig) checkFlow() {
	r.t.Helper()
	for i := range r.flow.ends {
		if e := &r.flow.ends[i]; e.fd >= 0 || e.input != nil || !e.waits.empty() || !e.queue.empty() {
			r.t.Errorf("the %s keeps %+v", e.side, e)
		}
	}
	if r.flow.upgrade != nil {
		r.t.Error("a handshake is left")
	}
}

// onLoops runs a test on a loop, in clear and under TLS.
func onLoops(t *testing.T, test func(t *testing.T, network string)) {
	for _, network := range []string{"loop", "loop tls"} {
		t.Run(network, func(t *testing.T) { test(t, network) })
	}
}

// withBoth runs a test over each kind of connection, and on loops.
func withBoth(t *testing.T, test func(t *testing.T, network string)) {
	everywhere(t, test)
	onLoops(t, test)
}

// bottom is the TCP connection below conn.
func bottom(conn net.Conn) *net.TCPConn {
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	return conn.(*net.TCPConn)
}

// halfClose ends what is said through conn.
func halfClose(conn net.Conn) { conn.(interface{ CloseWrite() error }).CloseWrite() }

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

// Both peers send far more than the sockets hold before either reads.
func TestFlowFullDuplex(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
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
		r.over()
	})
}

func TestFlowEnds(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		for _, c := range []struct {
			name string
			play func(r *rig)
			want string
		}{
			{"client", func(r *rig) { r.client.Close() }, "client EOF"},
			{"server", func(r *rig) { r.server.Close() }, "server EOF"},
			{"client after bytes", func(r *rig) {
				r.say(r.client, "one\ntwo")
				halfClose(r.client)
				r.hear(r.server, "one\n")
			}, "client EOF"},
			{"server reset", func(r *rig) {
				r.say(r.server, "one\n")
				r.hear(r.client, "one\n")
				bottom(r.server).SetLinger(0)
				bottom(r.server).Close()
			}, "server error"},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := &fake{}
				r := serve(t, network, f)
				c.play(r)
				r.over()
				if len(f.ended) == 0 || f.ended[0] != c.want {
					t.Errorf("ended %q", f.ended)
				}
			})
		}
	})
}

// refused is serve without a server.
func refused(t testing.TB, network string, p Protocol) *rig {
	r := prepare(t, network, p)
	r.connected <- errRefused
	return r.start()
}

func TestFlowNoServer(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		f := &fake{}
		r := refused(t, network, f)
		r.hear(r.client, "no server\n")
		r.client.Close()
		r.over()
	})
}

func TestFlowDeadline(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		f := &fake{onOpen: func(x Exchange, _ error) { x.Await(Client, time.Hour); x.Await(Server, 5*time.Millisecond) }}
		r := serve(t, network, f)
		r.hearEnd(r.client)
		r.client.Close()
		r.over()
		if len(f.ended) != 1 || f.ended[0] != "server deadline" {
			t.Errorf("ended %q", f.ended)
		}
	})
}

// A question runs beside the loop; until it is answered nothing is offered.
func TestFlowAsk(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		asked, answer := make(chan bool), make(chan bool)
		f := &fake{answered: func(x Exchange) { x.Send(Client, []byte("answered\n")) }}
		f.line = func(x Exchange, from Side, line []byte) {
			if string(line) == "ask\n" {
				x.Ask(func() { asked <- true; <-answer })
				return
			}
			x.Send(Client, line)
		}
		r := serve(t, network, f)
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
		r.over()
	})
}

func TestFlowPanic(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
		r.say(r.client, "panic\n")
		if crash := r.over(); crash != "the protocol panics" {
			t.Errorf("crash %v", crash)
		}
	})
}

func TestFlowSlowReader(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		p := &patient{limit: 20 * time.Millisecond}
		r := serve(t, network, p)
		go func() { // until the flow ends
			for {
				if _, err := io.WriteString(r.server, "a line that nobody reads\n"); err != nil {
					return
				}
			}
		}()
		r.over()
		if len(p.ended) == 0 || p.ended[0] != "client deadline" {
			t.Errorf("ended %q", p.ended)
		}
	})
}

// A client that goes on sending after the last word still gets to read it.
func TestFlowLinger(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		r := serve(t, network, &fake{})
		r.say(r.client, "quit\n"+strings.Repeat("more\n", 1000))
		r.hear(r.client, "bye\n")
		r.hearEnd(r.client)
		r.client.Close()
		r.over()
	})
}

// A peer that is gone when it is written to: its side ends, what else is for it is thrown away.
func TestFlowLostPeer(t *testing.T) {
	onLoops(t, func(t *testing.T, network string) {
		f := &fake{onEnded: func(x Exchange, side Side, _ error) {
			if side == Server {
				x.Send(Client, []byte("gone\n"))
				x.Hangup(Client)
			}
			x.Hangup(Server)
		}}
		r := serve(t, network, f)
		r.say(r.client, "one\n")
		r.hear(r.server, "one\n")
		bottom(r.server).SetLinger(0)
		bottom(r.server).Close()
		r.client.SetWriteDeadline(time.Now().Add(patience))
		go r.client.Write(bytes.Repeat([]byte("mix after the end\n"), 1<<12))
		r.hear(r.client, "gone\n")
		r.client.Close()
		r.over()
	})
}

// A handshake that comes when others have had their share of the round waits for the next one.
func TestFlowTakesTurns(t *testing.T) {
	f := newStarter(t)
	r := serveStarter(t, "loop", f)
	r.say(r.client, "clear\n")
	r.hear(r.server, "clear\n")
	put := make(chan bool)
	r.loop.Post(func() {
		for !r.loop.Crowded() {
			r.loop.Begin(func(func()) { time.Sleep(time.Millisecond) })
		}
		r.flow.Secure(Client)
		r.flow.turn()
		put <- r.flow.upgrade.later && r.flow.upgrade.task == nil
	})
	if !<-put {
		t.Error("the handshake does not wait")
	}
	client := r.upgrade(tls.Client(r.client, f.client))
	r.say(client, "quit\n")
	r.hear(client, "bye\n")
	client.Close()
	r.over()
}

// A reset is an error, whatever else is read after it.
func TestFlowReset(t *testing.T) {
	reasons := make(chan error, 1)
	r := serve(t, "loop tls", &fake{onEnded: func(x Exchange, _ Side, why error) {
		reasons <- why
		x.Hangup(Client)
		x.Hangup(Server)
	}})
	r.say(r.client, "one\n")
	r.hear(r.server, "one\n")
	bottom(r.client).SetLinger(0)
	bottom(r.client).Close()
	if why := <-reasons; !errors.Is(why, unix.ECONNRESET) {
		t.Errorf("it ended by %v", why)
	}
	r.server.Close()
	r.over()
}
