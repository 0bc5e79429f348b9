package faults

import (
	"os"
	"testing"
	"time"
)

// TestSoak is mixed traffic and reloads for the time of $SOAK (20s if that is not set): what zorpgo takes of its host is
// the same in the middle and at the end.
func TestSoak(t *testing.T) {
	length := 20 * time.Second
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		must(t, err)
	} else if testing.Short() {
		length = 5 * time.Second
	}
	for name, c := range map[string]struct {
		s     *stage
		loops string
	}{
		"plain, on loops":    {newStage(t), "--loops=1"},
		"TLS, on loops":      {newStage(t).encrypt(), "--loops=2"},
		"TLS, on goroutines": {newStage(t).encrypt(), "--loops=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.s.t = t
			soak(t, c.s, c.loops, length)
		})
	}
}

func soak(t *testing.T, s *stage, loops string, length time.Duration) {
	p := s.start(nil, loops, "--log-level=error", "--pprof")
	calm := p.use()
	load := s.traffic("soak", 4)
	start := time.Now()
	warm, middle, end := p.soak(s, start.Add(length/10)), p.soak(s, start.Add(length/2)), p.soak(s, start.Add(length))
	load.unharmed()
	calm.files = max(calm.files, 20) // of the runtime, which come with the first traffic
	calm.goroutines += 8             // stacks that loops keep for handshakes
	p.settles(calm)
	t.Logf("%s, %d messages", time.Since(start).Round(time.Second), load.count())
	for _, u := range []struct {
		when string
		use
	}{{"at first", calm}, {"warm", warm}, {"middle", middle}, {"end", end}, {"after", p.use()}} {
		t.Logf("%s: %s", u.when, u.use)
	}
	if end.rss > middle.rss+middle.rss/4+8<<20 {
		t.Error("memory grew from the middle to the end")
	}
	if end.goroutines > middle.goroutines+20 || end.files > middle.files+20 {
		t.Error("goroutines or descriptors grew from the middle to the end")
	}
}

// soak reloads from time to time until then, and gives the most that zorpgo was seen to use in the last half.
func (p *process) soak(s *stage, until time.Time) (most use) {
	p.t.Helper()
	half := time.Now().Add(time.Until(until) / 2)
	tick := time.NewTicker(min(time.Until(until)/20, 10*time.Second))
	defer tick.Stop()
	for time.Now().Before(until) {
		<-tick.C
		p.reloads(s, 2)
		if u := p.use(); time.Now().After(half) {
			most = use{max(most.goroutines, u.goroutines), max(most.files, u.files), max(most.rss, u.rss)}
		}
	}
	return most
}
