package faults

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestManyIdle: as many sessions as the descriptors allow, up to 9,000, are idle at a time; a message still goes through,
// and all of them end when zorpgo does.
func TestManyIdle(t *testing.T) {
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	// Of each session the test holds two descriptors, the client's and the origin's, and zorpgo two.
	many := int(min(limit.Max/2-200, 9000))
	if testing.Short() {
		many = min(many, 1000)
	}
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit.Max, Max: limit.Max}))
	t.Run("on loops", func(t *testing.T) { manyIdle(t, "--loops=2", many) })
	t.Run("on goroutines", func(t *testing.T) { manyIdle(t, "--loops=0", many/4) })
}

func manyIdle(t *testing.T, loops string, many int) {
	s := newStage(t)
	p := s.start(nil, loops, "--log-level=warn", "--drain-timeout=30s")
	before := p.use()
	start := time.Now()
	crowd := make([]*client, many)
	for i := range crowd {
		crowd[i] = s.session()
	}
	at := p.use()
	t.Logf("%d sessions in %s: before: %s; now: %s; %d bytes each", many, time.Since(start).Round(time.Millisecond), before, at, (at.rss-before.rss)/many)
	must(t, s.session().deliver("among many"))
	start = time.Now()
	p.signal(syscall.SIGTERM)
	for _, c := range crowd {
		if err := c.wants("421"); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	if got := p.wait(); got != 0 {
		t.Errorf("exit status %d", got)
	}
	t.Logf("ended in %s", time.Since(start).Round(time.Millisecond))
}
