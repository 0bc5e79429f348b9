package chain

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// memory knows which targets failed. Sessions read it without waiting for each other; it is written to when a target
// goes down or comes up, not with every session.
type memory struct {
	targets sync.Map // key -> *state
	known   atomic.Int64
}

// key is what a target is remembered by: with one port of a host its others are down, too, as in Zorp.
type key struct {
	addr netip.Addr
	path string
}

func (k key) String() string {
	if k.path != "" {
		return k.path
	}
	return k.addr.String()
}

func (m *memory) outages() map[string]Outage {
	list := map[string]Outage{}
	m.targets.Range(func(k, v any) bool {
		if o := v.(*state).outage.Load(); o != nil {
			list[k.(key).String()] = Outage{Since: o.since, Until: o.until, Why: o.why}
		}
		return true
	})
	return list
}

// state is one target: its outage, or nil while it is up.
type state struct{ outage atomic.Pointer[outage] }

// outage is the time from the first failure until a connection succeeds.
type outage struct {
	since time.Time
	until time.Time // the target is passed over; after that it may be tried
	why   error
}

// remembered bounds how many targets are known at a time; a transparent router has as many as its clients can think of.
const remembered = 1024

func (m *memory) isDown(k key, now time.Time) bool {
	o := m.outage(k)
	return o != nil && now.Before(o.until)
}

func (m *memory) outage(k key) *outage {
	v, ok := m.targets.Load(k)
	if !ok {
		return nil
	}
	return v.(*state).outage.Load()
}

// down notes a failure, which does not prolong the time in which the target is passed over anyway. It reports whether
// the target was up before.
func (m *memory) down(k key, found outage) (news bool) {
	s := m.state(k, found.since)
	if s == nil {
		return false
	}
	switch o := s.outage.Load(); {
	case o == nil:
		return s.outage.CompareAndSwap(nil, &found)
	case !found.since.Before(o.until):
		found.since = o.since
		s.outage.CompareAndSwap(o, &found)
	}
	return false
}

// excuse has a target tried again. Its outage lasts until that succeeds.
func (m *memory) excuse(k key, now time.Time) {
	v, ok := m.targets.Load(k)
	if !ok {
		return
	}
	s := v.(*state)
	if o := s.outage.Load(); o != nil && now.Before(o.until) {
		s.outage.CompareAndSwap(o, &outage{since: o.since, until: now, why: o.why})
	}
}

// up notes a success. It reports whether that ended an outage, and when that had begun.
func (m *memory) up(k key) (since time.Time, was bool) {
	if m.outage(k) == nil {
		return since, false
	}
	v, ok := m.targets.LoadAndDelete(k)
	if !ok {
		return since, false
	}
	m.known.Add(-1)
	if o := v.(*state).outage.Load(); o != nil {
		return o.since, true
	}
	return since, false
}

// state is that of a target, made if need be; nil if too many are down already.
func (m *memory) state(k key, now time.Time) *state {
	if v, ok := m.targets.Load(k); ok {
		return v.(*state)
	}
	if m.known.Load() >= remembered && !m.sweep(now) {
		return nil
	}
	v, known := m.targets.LoadOrStore(k, &state{})
	if !known {
		m.known.Add(1)
	}
	return v.(*state)
}

// sweep forgets targets that may be tried again, and reports whether there were any.
func (m *memory) sweep(now time.Time) (room bool) {
	m.targets.Range(func(k, v any) bool {
		if o := v.(*state).outage.Load(); o != nil && !now.Before(o.until) {
			if m.targets.CompareAndDelete(k, v) {
				m.known.Add(-1)
				room = true
			}
		}
		return true
	})
	return room
}
