package dispatch

import (
	"sync/atomic"
	"time"

	"zorpgo/engine/rule"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// Hits counts the connections that met a rule. A rule of the same place and service goes on counting after a reload.
type Hits struct {
	n    atomic.Int64
	last atomic.Int64 // in nanoseconds since 1970; 0: never
}

// Count is how many there were.
func (h *Hits) Count() int64 { return h.n.Load() }

// Last is when; the zero time if there was none.
func (h *Hits) Last() time.Time {
	nano := h.last.Load()
	if nano == 0 {
		return time.Time{}
	}
	return time.Unix(0, nano)
}

// hits are those of the policy in use.
type hits map[hitKey]*Hits

// hitKey is what a session knows of its rule.
type hitKey struct {
	pos     source.Pos
	id      int
	service string
}

func keyOf(r *rule.Rule) hitKey {
	k := hitKey{pos: r.Pos, service: r.Service}
	if r.Listener == nil {
		k.id = r.ID
	}
	return k
}

// of makes the counters of rules; those that h has go on.
func (h hits) of(rules []*rule.Rule) hits {
	list := hits{}
	for _, r := range rules {
		k := keyOf(r)
		if list[k] = h[k]; list[k] == nil {
			list[k] = &Hits{}
		}
	}
	return list
}

// count counts the rule that s met, if it met one.
func (h hits) count(s *session.Session) {
	if own := h[hitKey{s.RulePos, s.RuleID, s.Service}]; own != nil {
		own.n.Add(1)
		own.last.Store(time.Now().UnixNano())
	}
}

// Hits is the counter of a rule of the policy in use; nil: it is not in use.
func (d *Dispatcher) Hits(r *rule.Rule) *Hits { return d.policy.Load().hits[keyOf(r)] }
