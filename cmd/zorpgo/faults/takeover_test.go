package faults

import (
	"syscall"
	"testing"
)

// TestTakeover: a second zorpgo on the same listening socket takes over before the first one drains, as it is when a
// service manager holds the socket and a new version is started beside the old. No connection is refused, nothing that was
// confirmed is lost, and whoever is put off hears 421.
func TestTakeover(t *testing.T) {
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		old := s.start(nil, loops)
		stays := s.session()
		must(t, stays.says("250", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>"))
		load := s.traffic("takeover", 4)
		for range 3 {
			load.await(20)
			next := s.start(nil, loops)
			old.signal(syscall.SIGTERM)
			if stays != nil {
				must(t, stays.says("354", "DATA"))
				must(t, stays.says("250", "stays\r\n\r\nhello\r\n."))
				stays = nil
			}
			if got := old.wait(); got != 0 {
				t.Errorf("exit status %d", got)
			}
			old = next
		}
		load.await(20)
		load.end()
		for _, err := range load.lost {
			t.Error(err)
		}
		if s.origin.has("stays") != 1 {
			t.Error("the message that was under way is lost")
		}
	})
}
