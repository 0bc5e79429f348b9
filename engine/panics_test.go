package engine

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
)

// faulty is a relay that panics when a client's line says at which step.
type faulty struct {
	relay
	step string
	s    *session.Session
}

// faultyClass makes them; the next session is to panic at the step that it holds.
type faultyClass struct {
	class
	step   *atomic.Value
	config *Config
}

func (c faultyClass) New(s *session.Session) (proxy.Protocol, error) {
	f := &faulty{step: c.step.Load().(string), s: s}
	f.at("new")
	return f, nil
}

func (f *faulty) at(step string) {
	if f.step == step {
		panic("injected at " + step)
	}
}

func (f *faulty) Start() (bool, error) { f.at("start"); return true, nil }

func (f *faulty) Open(x proxy.Exchange, failure error) {
	f.at("open")
	f.relay.Open(x, failure)
}

func (f *faulty) Ready(from proxy.Side) bool { f.at("ready"); return true }

func (f *faulty) Receive(x proxy.Exchange, from proxy.Side, data []byte) int {
	f.at("from " + from.String())
	switch f.step {
	case "question":
		x.Ask(func() { f.at("question") })
	case "answered":
		x.Ask(func() {})
	case "woken":
		x.Wake(200 * time.Millisecond) // a farewell is not put into what is being written
	}
	return f.relay.Receive(x, from, data)
}

func (f *faulty) Woken(proxy.Exchange)    { f.at("woken") }
func (f *faulty) Answered(proxy.Exchange) { f.at("answered") }
func (f *faulty) Drain(proxy.Exchange)    { f.at("drain") }
func (f *faulty) Close()                  { f.at("close") }

func (f *faulty) Ended(x proxy.Exchange, side proxy.Side, why error) {
	f.at("end of " + side.String())
	f.relay.Ended(x, side, why)
}

// TestPanics: whatever step of a session meets a bug, it is that session alone which ends, with its stack in the log and
// counted; its neighbour goes on.
func TestPanics(t *testing.T) {
	steps := []string{"new", "start", "open", "ready", "from client", "from server", "question", "answered", "woken",
		"end of client", "close"}
	drivers(t, func(t *testing.T, loops int) {
		for _, step := range steps {
			t.Run(step, func(t *testing.T) { panics(t, loops, step) })
		}
	})
}

// faulting is a running engine in front of an echo, with sessions that meet bugs.
func faulting(t *testing.T, loops int) (at string, c faultyClass, b *log) {
	t.Helper()
	to := echo(t)
	e, b := hosted(t, loops)
	at = free(t, "127.0.0.1")
	c = faultyClass{step: &atomic.Value{}, config: config(at + " in")}
	c.step.Store("none")
	c.config.Services["in"].Router, c.config.Services["in"].Class = &route.Directed{Dest: to}, c
	if err := e.Start(c.config); err != nil {
		t.Fatal(err)
	}
	return at, c, b
}

func panics(t *testing.T, loops int, step string) {
	at, c, b := faulting(t, loops)
	holds := dial(t, at)
	says(t, holds, "before")
	c.step.Store(step)
	victim := dial(t, at)
	_ = victim.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(victim, "go\n")
	if strings.HasPrefix(step, "end") || step == "close" {
		_ = victim.(*net.TCPConn).CloseWrite()
	}
	told, _ := io.ReadAll(victim) // until it is closed
	if step != "close" && step != "new" && step != "start" && !strings.HasSuffix(string(told), "busy\n") {
		t.Errorf("its client was told %q", told)
	}
	if !eventually(func() bool { return strings.Contains(b.String(), "injected at "+step) }) {
		t.Fatalf("nothing is logged:\n%s", b)
	}
	c.step.Store("none")
	says(t, holds, "after")
	says(t, dial(t, at), "anew")
	v := c.config.Services["in"]
	if !eventually(func() bool { return v.Meter().Bugs.Load() == 1 }) {
		t.Errorf("%d bugs are counted", v.Meter().Bugs.Load())
	}
	if !strings.Contains(b.String(), "panics_test.go") {
		t.Errorf("there is no stack:\n%s", b)
	}
}
