package proxy

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// A side ends in each phase; the protocol hears of it once, after the bytes that came before.
func TestEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		for _, c := range []struct {
			name  string
			play  func(r *rig)
			ended []string
		}{
			{"client while connecting", func(r *rig) {
				r.client.Close()
				r.locked("noticed", func() bool { return r.d.ends[Client].why != nil })
				r.connected <- nil
			}, []string{"client EOF"}},
			{"client with early bytes", func(r *rig) {
				r.say(r.client, "early\n")
				r.locked("noticed", func() bool { return r.d.ends[Client].unused() > 0 })
				r.client.Close()
				r.connected <- nil
				r.hear(r.server, "early\n")
			}, []string{"client EOF"}},
			{"client between lines", func(r *rig) {
				r.connected <- nil
				r.say(r.client, "one\n")
				r.hear(r.server, "one\n")
				r.client.Close()
				r.hearEnd(r.server)
			}, []string{"client EOF"}},
			{"client within a line", func(r *rig) {
				r.connected <- nil
				r.say(r.client, "one\ntw")
				r.hear(r.server, "one\n")
				r.client.Close()
				r.hearEnd(r.server)
			}, []string{"client EOF"}},
			{"server at once", func(r *rig) {
				r.server.Close()
				r.connected <- nil
				r.hearEnd(r.client)
			}, []string{"server EOF"}},
			{"server within a line", func(r *rig) {
				r.connected <- nil
				r.say(r.server, "one\ntw")
				r.hear(r.client, "one\n")
				r.server.Close()
				r.hearEnd(r.client)
			}, []string{"server EOF"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := &fake{}
				r := prepare(t, network, f).start()
				c.play(r)
				r.client.Close()
				r.over()
				if !slices.Equal(f.ended, c.ended) || f.closed != 1 {
					t.Errorf("ended %q, closed %d times", f.ended, f.closed)
				}
			})
		}
	})
}

// A client that is not Ready is read all the same while nothing of it waits: its end is noticed.
func TestClientLeavesWhileWaiting(t *testing.T) {
	f := &fake{greeting: true}
	r := serve(t, "tcp", f)
	r.client.Close()
	r.over()
	if !slices.Equal(f.ended, []string{"client EOF"}) {
		t.Error(f.ended)
	}
}

// When both sides have ended nothing is left to do, whatever the protocol thinks.
func TestBothEnded(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		f := &fake{onEnded: func(x Exchange, side Side, _ error) { x.Send(side.Other(), []byte(side.String()+" gone\n")) }}
		r := serve(t, network, f)
		r.server.Close()
		r.hear(r.client, "server gone\n")
		r.client.Close()
		r.over()
		if want := []string{"server EOF", "client EOF"}; !slices.Equal(f.ended, want) {
			t.Errorf("ended %q, want %q", f.ended, want)
		}
	})
}

// A client that has sent all it has to say still gets the answers.
func TestHalfClose(t *testing.T) {
	f := &fake{onEnded: func(x Exchange, side Side, _ error) {
		if side == Server {
			x.Hangup(Client)
		}
	}}
	r := serve(t, "tcp", f)
	r.say(r.client, "last\n")
	r.client.(*net.TCPConn).CloseWrite()
	r.hear(r.server, "last\n")
	r.say(r.server, "reply\n")
	r.server.Close()
	r.hear(r.client, "reply\n")
	r.hearEnd(r.client)
	r.over()
}

func TestNoServer(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		var failure error
		f := &fake{}
		f.onOpen = func(x Exchange, err error) {
			failure = err
			x.Send(Server, []byte("to nobody"))
			x.Await(Server, time.Nanosecond)
			x.Hangup(Server)
			x.Send(Client, []byte("no server\n"))
			x.Hangup(Client)
			x.Send(Client, []byte("too late"))
			if x.Probe(Server) {
				t.Error("nobody sent something")
			}
		}
		r := prepare(t, network, f)
		r.connected <- errRefused
		r.start()
		r.hear(r.client, "no server\n")
		r.hearEnd(r.client)
		r.client.Close()
		r.inner[Server].Close()
		r.over()
		if failure != errRefused {
			t.Error(failure)
		}
	})
}

// A client that is still sending when it is hung up sees the last reply and no reset.
func TestLinger(t *testing.T) {
	r := serve(t, "tcp", &fake{})
	r.say(r.client, "quit\n"+strings.Repeat("x", LingerBytes/2))
	r.hear(r.client, "bye\n")
	r.hearEnd(r.client)
	r.hearEnd(r.server)
	r.say(r.client, strings.Repeat("y", LingerBytes/4))
	r.client.Close()
	r.over()
}

func TestLingerBounds(t *testing.T) {
	t.Run("time", func(t *testing.T) {
		r := prepare(t, "tcp", &fake{})
		r.d.linger = time.Millisecond
		r.connected <- nil
		r.start()
		r.say(r.client, "quit\n")
		r.hear(r.client, "bye\n")
		r.over() // though the client does not close
	})
	t.Run("time, hung up over the server", func(t *testing.T) {
		r := prepare(t, "tcp", &fake{line: func(x Exchange, from Side, line []byte) {
			if from == Client {
				x.Pass(Server, line)
				return
			}
			x.Hangup(Client)
			x.Hangup(Server)
		}})
		r.d.linger = 50 * time.Millisecond // the client's reader is waiting when it is over
		r.connected <- nil
		r.start()
		r.say(r.client, "one\n")
		r.hear(r.server, "one\n")
		r.eventually("the client's reader waits", func() bool { return r.held.Load() == 0 })
		r.say(r.server, "enough\n")
		r.over()
	})
	t.Run("bytes", func(t *testing.T) {
		r := serve(t, "tcp", &fake{})
		r.say(r.client, "quit\n")
		r.hear(r.client, "bye\n")
		go io.Copy(r.client, endless{})
		r.over()
	})
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A side that cannot be written to has Ended, once, and gets no more.
func TestWriteFails(t *testing.T) {
	f := &fake{}
	f.onEnded = func(x Exchange, side Side, why error) {
		x.Send(Server, []byte("more"))
		if side == Server {
			x.Send(Client, []byte("server lost\n"))
			x.Hangup(Client)
		}
	}
	r := prepare(t, "tcp", f)
	r.inner[Server].(*net.TCPConn).CloseWrite() // writing fails, reading does not
	r.connected <- nil
	r.start()
	r.say(r.client, "one\ntwo\n")
	r.hear(r.client, "server lost\n")
	r.client.Close()
	r.over()
	if want := []string{"server error"}; !slices.Equal(f.ended, want) {
		t.Errorf("ended %q, want %q", f.ended, want)
	}
	if r.s.Count.ToServer != 0 {
		t.Errorf("%d bytes counted", r.s.Count.ToServer)
	}
}

// patient is a fake that waits for its writes no longer than it says.
type patient struct {
	fake
	limit time.Duration
}

func (p *patient) WriteLimit() time.Duration { return p.limit }

// A side that does not read is given up after the protocol's own limit, and the session with it.
func TestSlowReader(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		p := &patient{limit: 20 * time.Millisecond}
		r := serve(t, network, p)
		go func() { // until the session ends
			for {
				if _, err := io.WriteString(r.server, "a line that nobody reads\n"); err != nil {
					return
				}
			}
		}()
		if crash := r.over(); crash != nil {
			t.Fatal(crash)
		}
		if len(p.ended) == 0 || p.ended[0] != "client deadline" {
			t.Errorf("ended: %v", p.ended)
		}
	})
}
