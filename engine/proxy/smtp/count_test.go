package smtp

import (
	"testing"

	"zorpgo/engine/meter"
)

// TestCounts has a session counted: a message, a refused recipient, an unknown verb, a line that is none.
func TestCounts(t *testing.T) {
	m, x := quiet(t), &sink{}
	counts := &meter.Service{}
	m.(*Machine).session.Meter = counts
	m.Open(x, nil)
	play(m, x, opening)
	play(m, x, message)
	play(m, x, script("c MAIL FROM:<a@x.example>", "s 250 ok", "c RCPT TO:<no@y.example>", "s 550 no", "c NOSUCH", "c \x01", "c RCPT TO:<"))
	for what, got := range map[string][2]int64{
		"EHLO":                {counts.Commands[verbEHLO].Load(), 1},
		"MAIL":                {counts.Commands[verbMAIL].Load(), 2},
		"unknown verbs":       {counts.Commands[verbOther].Load(), 2},
		"greetings":           {counts.Replies[verbGreeting][2].Load(), 1},
		"replies 2xx to RCPT": {counts.Replies[verbRCPT][2].Load(), 1},
		"replies 3xx to DATA": {counts.Replies[verbDATA][3].Load(), 1},
		"replies 2xx to DATA": {counts.Replies[verbDATA][2].Load(), 1},
		"replies 5xx to RCPT": {counts.Replies[verbRCPT][5].Load(), 2},
		"transactions":        {counts.Transactions.Load(), 2},
		"messages":            {counts.Messages.Load(), 1},
		"refused verbs":       {counts.Refusals[ReasonVerb].Load(), 1},
		"refused lines":       {counts.Refusals[ReasonLine].Load(), 1},
		"refused addresses":   {counts.Refusals[ReasonAddress].Load(), 1},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, not %d", what, got[0], got[1])
		}
	}
}

// BenchmarkCounted is BenchmarkSession's message with the counters of a service.
func BenchmarkCounted(b *testing.B) {
	for name, counts := range map[string]*meter.Service{"uncounted": nil, "counted": {}} {
		b.Run(name, func(b *testing.B) {
			m, x := quiet(b), &sink{}
			m.(*Machine).session.Meter = counts
			m.Open(x, nil)
			play(m, x, opening)
			b.ReportAllocs()
			for b.Loop() {
				play(m, x, message)
			}
		})
	}
}
