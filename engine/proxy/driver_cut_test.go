package proxy

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// The time runs from Await: a peer that goes on sending, but not what is waited for, does not prolong it.
func TestAwait(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		for _, side := range []Side{Client, Server} {
			f := &fake{}
			f.onOpen = func(x Exchange, _ error) {
				x.Await(side, time.Hour)
				x.Await(side, time.Nanosecond)
				x.Await(side, 50*time.Millisecond)
			}
			f.onEnded = func(x Exchange, side Side, why error) {
				if !errors.Is(why, os.ErrDeadlineExceeded) {
					t.Error(why)
				}
				x.Send(Client, []byte("too slow\n"))
				x.Hangup(Client)
				x.Hangup(Server)
			}
			r := serve(t, network, f)
			far := []net.Conn{r.client, r.server}[side]
			started := time.Now()
			go func() {
				for {
					if _, err := far.Write([]byte("x")); err != nil {
						return
					}
				}
			}()
			r.hear(r.client, "too slow\n")
			if d := time.Since(started); d > patience/2 {
				t.Errorf("took %v", d)
			}
			r.client.Close()
			r.over()
			if want := []string{side.String() + " deadline"}; !slices.Equal(f.ended, want) {
				t.Errorf("ended %q, want %q", f.ended, want)
			}
		}
	})
}

// A deadline that was moved or taken back does not fire, though the connection's own does.
func TestAwaitLater(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		for _, later := range []time.Duration{0, time.Hour} {
			f := &fake{onOpen: func(x Exchange, _ error) {
				x.Await(Client, time.Nanosecond)
				x.Await(Client, later)
			}}
			r := serve(t, network, f)
			r.locked("armed anew", func() bool { e := &r.d.ends[Client]; return e.conn != nil && r.d.opened && e.armed == e.due })
			r.say(r.client, "one\n")
			r.hear(r.server, "one\n")
			r.client.Close()
			r.over()
			if !slices.Equal(f.ended, []string{"client EOF"}) {
				t.Error(f.ended)
			}
		}
	})
}

func TestCancel(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		for name, play := range map[string]func(*rig){
			"connecting": func(*rig) {},
			"idle":       func(r *rig) { r.connected <- nil; r.say(r.client, "a\n"); r.hear(r.server, "a\n") },
			"held back": func(r *rig) {
				r.connected <- nil
				r.say(r.client, "a\nb\n")
				r.hear(r.server, "a\n")
			},
			"writing": func(r *rig) {
				r.connected <- nil
				go io.Copy(r.client, lines{})
				r.locked("busy", func() bool { return r.d.ends[Server].busy })
			},
		} {
			t.Run(name, func(t *testing.T) {
				f := &fake{lockstep: name == "held back"}
				r := prepare(t, network, f).start()
				play(r)
				r.cancel()
				r.over()
				if f.closed != 1 {
					t.Errorf("closed %d times", f.closed)
				}
			})
		}
	})
}

type lines struct{}

func (lines) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '\n'
	}
	return len(b), nil
}

// A panic on either goroutine comes out of Serve, with its value and everything closed.
func TestPanic(t *testing.T) {
	everywhere(t, func(t *testing.T, network string) {
		cause := errors.New("a bug")
		carried := 0
		for i := 0; i < 100 && carried == 0; i++ { // Serve's own goroutine may happen to offer what the client's has read
			for _, side := range []Side{Server, Client} {
				f := &fake{line: func(Exchange, Side, []byte) { panic(cause) }}
				r := serve(t, network, f)
				r.say([]net.Conn{r.client, r.server}[side], "panic\n")
				err, _ := r.over().(error)
				if !errors.Is(err, cause) || f.closed != 1 {
					t.Fatalf("%v: panicked with %v, closed %d times", side, err, f.closed)
				}
				if err == cause {
					continue
				}
				if carried++; !strings.Contains(err.Error(), "TestPanic") {
					t.Errorf("no stack: %v", err)
				}
			}
		}
		if carried == 0 {
			t.Error("no panic came from the client's goroutine")
		}
	})
}

// A protocol that ends its goroutine, as a failing test does, ends the session.
func TestGoexit(t *testing.T) {
	f := &fake{line: func(_ Exchange, from Side, _ []byte) { runtime.Goexit() }}
	r := serve(t, "tcp", f)
	r.say(r.client, "exit\n")
	r.over()
}

func TestAskTwice(t *testing.T) {
	f := &fake{line: func(x Exchange, _ Side, _ []byte) { x.Ask(func() {}); x.Ask(func() {}) }}
	r := serve(t, "tcp", f)
	r.say(r.client, "ask\n")
	if crash := r.over(); crash == nil {
		t.Error("two questions at once were taken")
	}
}

// counted counts how often a connection is closed.
type counted struct {
	net.Conn
	closed *int
}

func (c counted) Close() error { *c.closed++; return c.Conn.Close() }

func TestClosedOnce(t *testing.T) {
	var closed [2]int
	_, a := pair(t, "pipe")
	_, b := pair(t, "pipe")
	var c closer
	c.add(Client, counted{a, &closed[0]})
	c.close(Client)
	c.close(Client)
	c.closeAll()
	c.add(Server, counted{b, &closed[1]})
	c.closeAll()
	if want := [2]int{1, 1}; closed != want {
		t.Errorf("closed %v times", closed)
	}
}
