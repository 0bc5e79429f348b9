package plug

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/proxy"
)

// tape is an Exchange that keeps what it is told.
type tape struct {
	out      [2][]byte
	finished [2]bool
	closed   [2]bool
	question func()
}

func (x *tape) Send(to proxy.Side, b []byte)    { x.out[to] = append(x.out[to], b...) }
func (x *tape) Pass(to proxy.Side, b []byte)    { x.Send(to, b) }
func (x *tape) Probe(proxy.Side) bool           { return false }
func (x *tape) Await(proxy.Side, time.Duration) {}
func (x *tape) Ask(question func())             { x.question = question }
func (x *tape) Finish(to proxy.Side)            { x.finished[to] = true }
func (x *tape) Hangup(side proxy.Side)          { x.closed[side] = true }
func (x *tape) Secure(proxy.Side)               {}
func (x *tape) Reset(side proxy.Side)           { x.closed[side] = true }
func (x *tape) Wake(time.Duration)              {}

// FuzzMachine plays any interleaving of bytes, ends, losses and wake-ups, and holds that what a side is sent is what
// the other one sent, in order and once.
func FuzzMachine(f *testing.F) {
	f.Add([]byte("abcABC"), byte(0))
	f.Add([]byte("aA.bB,c"), byte(1))
	f.Add([]byte("a!Aw.B-"), byte(3))
	f.Add([]byte("wwaAw?"), byte(0x1d))
	f.Fuzz(func(t *testing.T, events []byte, how byte) {
		m, _ := machine(t, func(s *Settings) {
			s.ShutdownSoft, s.CopyToServer, s.CopyToClient = how&1 != 0, how&2 == 0, how&4 == 0
			if how&8 != 0 {
				s.PacketStatsIntervalPacket, s.PacketStatsIntervalTime = 1+int(how>>5), time.Second
				s.PacketStats = func(v *View) (bool, error) { return v.Stats.ClientPackets < 9 || how&16 == 0, nil }
			}
		}, new(strings.Builder))
		play(t, m, events)
	})
}

// play gives m one event for each byte: a small letter is sent by the client and a capital by the server.
func play(t *testing.T, m *Machine, events []byte) {
	x := &tape{}
	var sent [2][]byte
	m.Open(x, nil)
	for _, e := range events {
		side := proxy.Side(e & 1)
		switch {
		case e >= 'a' && e < 'w' || e >= 'A' && e < 'W':
			if side = proxy.Client; e < 'a' {
				side = proxy.Server
			}
			if m.ended[side] || x.closed[side] || !m.Ready(side) {
				continue
			}
			if n := m.Receive(x, side, []byte{e, e + 1}); n != 2 {
				t.Fatalf("%d of 2 bytes used", n)
			}
			if m.copies(side) {
				sent[side.Other()] = append(sent[side.Other()], e, e+1)
			}
		case e == 'w':
			m.Woken(x)
		case !x.closed[side] && !m.ended[side]:
			m.Ended(x, side, []error{io.EOF, io.EOF, os.ErrDeadlineExceeded, errors.New("reset")}[e/2%4])
		}
		if question := x.question; question != nil {
			x.question = nil
			question()
			m.Answered(x)
		}
		check(t, m, x, sent)
	}
	m.Close()
}

func check(t *testing.T, m *Machine, x *tape, sent [2][]byte) {
	for side := range sent {
		if !bytes.Equal(sent[side], x.out[side]) {
			t.Fatalf("the %s was sent %q, not %q", proxy.Side(side), x.out[side], sent[side])
		}
	}
	if x.closed[0] != x.closed[1] || m.ended[0] && m.ended[1] && !x.closed[0] {
		t.Fatalf("closed %v after the ends %v", x.closed, m.ended)
	}
	if (x.finished[0] || x.finished[1]) && !m.settings.ShutdownSoft {
		t.Fatal("half a close that the policy did not ask for")
	}
}
