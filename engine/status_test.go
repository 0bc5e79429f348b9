package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/chain"
	"zorpgo/engine/route"
)

func TestStatus(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		to := echo(t)
		e, _ := hosted(t, loops)
		at := free(t, "127.0.0.1")
		c := config(at + " in")
		c.Services["in"].Router, c.Services["in"].Chainer = &route.Directed{Dest: to}, &chain.StateBased{}
		if err := e.Start(c); err != nil {
			t.Fatal(err)
		}
		says(t, dial(t, at), "one")
		says(t, dial(t, at), "two")

		s := e.Status()
		if s.Generation != 1 || s.Started.IsZero() || s.Sessions != 2 || len(s.Listeners) != 1 || len(s.Services) != 1 || len(s.Rules) != 1 {
			t.Fatalf("status: %+v", s)
		}
		v, r := s.Services[0], s.Rules[0]
		if v.Running() != 2 || v.Service.Sessions() != 2 || len(v.Targets) != 1 || !v.Targets[0].Since.IsZero() {
			t.Errorf("service: %d running, %d in all, targets %v", v.Running(), v.Service.Sessions(), v.Targets)
		}
		if r.Hits.Count() != 2 || time.Since(r.Hits.Last()) > time.Minute {
			t.Errorf("rule: %d hits, the last at %s", r.Hits.Count(), r.Hits.Last())
		}
		if err := e.Reload(config(at + " in")); err != nil {
			t.Fatal(err)
		}
		if s := e.Status(); s.Generation != 2 || s.Rules[0].Hits.Count() != 2 {
			t.Errorf("after a reload: generation %d, %d hits", s.Generation, s.Rules[0].Hits.Count())
		}
	})
}

func TestSessionsAndKill(t *testing.T) {
	drivers(t, func(t *testing.T, loops int) {
		e, at, _, b := echoing(t, loops, 0)
		first := dial(t, at)
		says(t, first, "one")
		second := dial(t, at)
		says(t, second, "twice")
		list, err := e.Sessions(t.Context())
		if err != nil || len(list) != 2 || list[0].ID != "svc/mail/in:0" || list[1].Count.FromClient != 6 || list[1].Server == "" {
			t.Fatalf("sessions: %+v, %v", list, err)
		}
		if got := list[1].Client.String(); got != second.LocalAddr().String() {
			t.Errorf("client %s", got)
		}
		if found, err := e.Kill(t.Context(), list[0].ID); !found || err != nil {
			t.Fatalf("kill: %t, %v", found, err)
		}
		if found, err := e.Kill(t.Context(), "svc/mail/in:9"); found || err != nil {
			t.Errorf("kill of nobody: %t, %v", found, err)
		}
		if _, err := first.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Errorf("the killed session: %v", err)
		}
		says(t, second, "three")
		if !eventually(func() bool { return b.has("ABORTED_BY_POLICY_ACTION", "ended by the administrator") }) {
			t.Errorf("log:\n%s", b)
		}
	})
}

// has reports whether one line has all words.
func (l *log) has(words ...string) bool {
	for line := range strings.Lines(l.String()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return true
		}
	}
	return false
}
