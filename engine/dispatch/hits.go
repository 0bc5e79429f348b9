package dispatch

import (
	"sync/atomic"
	"time"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
)

// Hits counts the connections that met a rule. A rule of the same place and service goes on counting after a reload.
type Hits struct {
	n    atomic.Int64
	last atomic.Int64 // in nanoseconds since 1970; 0: never
}

func (h *Hits) count() {
	if h != nil {
		h.n.Add(1)
		h.last.Store(time.Now().UnixNano())
	}
}

// Count is how many there were, and Last when; the zero time if there was none.
func (h *Hits) Count() int64    { return h.n.Load() }
func (h *Hits) Last() time.Time { return since(h.last.Load()) }

// hits are those of the policy in use.
type hits map[hitKey]*Hits

type hitKey struct {
	pos     source.Pos
	id      int
	service string
}

// of makes the counters of rules, and forgets those of others.
func (h *hits) of(rules []*rule.Rule) map[*rule.Rule]*Hits {
	known, byRule := hits{}, map[*rule.Rule]*Hits{}
	for _, r := range rules {
		k := hitKey{r.Pos, r.ID, r.Service}
		counter := (*h)[k]
		if counter == nil {
			counter = &Hits{}
		}
		known[k], byRule[r] = counter, counter
	}
	*h = known
	return byRule
}

// Hits is the counter of a rule of the policy in use; nil: it is not in use.
func (d *Dispatcher) Hits(r *rule.Rule) *Hits { return d.policy.Load().hits[r] }
