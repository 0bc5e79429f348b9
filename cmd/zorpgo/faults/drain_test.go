package faults

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDrain: after SIGTERM a message that is under way is finished, whoever is between messages hears 421, and whoever
// does not go is cut when the time is over.
func TestDrain(t *testing.T) {
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		p := s.start(nil, loops, "--drain-timeout=4s")
		busy, idle, hangs := s.session(), s.session(), s.session()
		for _, c := range []*client{busy, hangs} {
			must(t, c.says("250", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>"))
			must(t, c.says("354", "DATA"))
		}
		load := s.traffic("drain", 3)
		load.await(20)
		start := time.Now()
		p.signal(syscall.SIGTERM)
		if got, err := idle.reply(); !strings.HasPrefix(got, "421 ") {
			t.Errorf("between messages it is told %q, %v", got, err)
		}
		must(t, busy.says("250", "finished\r\n\r\nhello\r\n."))
		if s.origin.has("finished") != 1 {
			t.Error("the message is not at the origin")
		}
		if got, err := busy.reply(); !strings.HasPrefix(got, "421 ") {
			t.Errorf("after its message it is told %q, %v", got, err)
		}
		if got := p.wait(); got != 0 {
			t.Errorf("exit status %d", got)
		}
		if took := time.Since(start); took < 3*time.Second {
			t.Errorf("it waited %s for the session that hangs", took)
		}
		if _, err := hangs.reply(); err == nil {
			t.Error("the session that hangs goes on")
		}
		s.closeDoor()
		load.end()
		log := p.logs()
		for _, want := range []string{`1 sessions were cut`, `verdict=ABORTED_BY_POLICY_ACTION reason="cut: zorpgo is stopping"`, `note="cut: zorpgo is stopping"`, `messages=1`} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %s", want)
			}
		}
		p.told("STOPPING=1")
	})
}

// session opens a session that the test goes on with.
func (s *stage) session() *client {
	s.t.Helper()
	c, err := connect(s.at)
	must(s.t, err)
	s.t.Cleanup(func() { c.Close() })
	must(s.t, c.says("250", "EHLO client.example"))
	return c
}

// closeDoor refuses who still waits at the listening socket.
func (s *stage) closeDoor() { s.door.Close() }
