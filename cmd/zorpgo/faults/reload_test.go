package faults

import (
	"net/http"
	"testing"
)

// each runs a test with sessions on goroutines and on loops.
func each(t *testing.T, test func(t *testing.T, loops string)) {
	for _, loops := range []string{"0", "2"} {
		t.Run(loops+" loops", func(t *testing.T) { test(t, "--loops="+loops) })
	}
}

// TestReloads: policies come one after another, every tenth of them broken, while clients send and one of them stays.
func TestReloads(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 60
	}
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		if loops == "--loops=0" {
			s.encrypt()
		}
		p := s.start(nil, loops, "--log-level=warn", "--pprof")
		stays, err := connect(s.at)
		must(t, err)
		defer stays.Close()
		must(t, stays.says("250", "EHLO stays.example"))
		p.reloads(s, 20)
		before := p.use()
		load := s.traffic("reload", 3)
		for i := range times / 20 {
			p.reloads(s, 20)
			must(t, stays.says("250", "NOOP"))
			if i == times/40 {
				load.await(5)
			}
		}
		load.unharmed()
		must(t, stays.deliver("stays"))
		p.settles(before)
		after := p.use()
		t.Logf("%d reloads; before: %s; after: %s", times, before, after)
		if after.rss > before.rss+64<<20 {
			t.Error("memory grew")
		}
		must(t, stays.quit())
	})
}

// reloads reloads n times; every tenth policy has an error and is refused.
func (p *process) reloads(s *stage, n int) {
	p.t.Helper()
	for i := range n {
		want, class := http.StatusOK, []string{"", "        self.max_request_length = 512\n"}[i%2]
		if i%10 == 5 {
			want, class = http.StatusUnprocessableEntity, "        self.request[\n"
		}
		s.write(class)
		if got, text := p.ask(http.MethodPost, "/reload"); got != want {
			p.t.Fatalf("reload %d: %d, %s", i, got, text)
		}
	}
}
