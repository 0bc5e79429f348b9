package limit

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxNetworks bounds what a Table tells apart. Where it is full, networks without a session are forgotten, together with
// their rate; if all have one, those that come then count as one network: they are limited too early, never too late.
const maxNetworks = 1 << 16

// Table counts sessions. The zero Table has none. Its methods may be called from any goroutine.
type Table struct {
	live    atomic.Int64
	refused [Kinds]atomic.Int64

	mu       sync.Mutex // of what follows, which is only used where more is limited than the sessions at a time
	began    time.Time  // what times are counted from
	latest   int64      // the last beginning
	due      int64      // see pace
	networks map[network]*counted
	came     uint // networks so far
	room     int  // how many networks there may be; 0 is maxNetworks
}

// counted is what is known of a client network.
type counted struct {
	network network
	live    int
	due     int64
}

// past reports whether nothing of c matters any more.
func (c *counted) past(at int64) bool { return c.live <= 0 && c.due <= at }

// Pass is what a session has entered with.
type Pass struct {
	in *counted // nil: networks were not counted
}

// Live is how many sessions there are.
func (t *Table) Live() int64 { return t.live.Load() }

// Refuse counts a session that k refused.
func (t *Table) Refuse(k Kind) { t.refused[k].Add(1) }

// Refused is how many sessions k refused so far.
func (t *Table) Refused(k Kind) int64 { return t.refused[k].Load() }

// Networks is how many client networks are told apart now.
func (t *Table) Networks(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(t.since(now), sweepMost)
	return len(t.networks)
}

// Enter counts a session of client that begins at now, unless a limit refuses it: then nothing is counted, so that what
// one network is refused costs the others nothing.
func (t *Table) Enter(l *Limits, client netip.Addr, now time.Time) (Pass, Kind) {
	if l.Rate == 0 && !l.PerClient() {
		return Pass{}, t.take(l)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.since(now)
	t.latest = max(t.latest, at)
	due, ok := pace(t.due, at, l.Rate)
	if !l.PerClient() {
		if !ok {
			return Pass{}, Rate
		}
		return Pass{}, t.begin(l, due)
	}
	n := t.place(l.network(client), at)
	if l.SessionsPerClient > 0 && n.live >= l.SessionsPerClient {
		return Pass{}, SessionsPerClient
	}
	own, inTime := pace(n.due, at, l.RatePerClient)
	switch {
	case !inTime:
		return Pass{}, RatePerClient
	case !ok:
		return Pass{}, Rate
	}
	if k := t.begin(l, due); k != None {
		return Pass{}, k
	}
	n.due = own
	n.live++
	return Pass{n}, None
}

// Leave ends a session that has entered.
func (t *Table) Leave(p Pass) {
	t.live.Add(-1)
	if p.in == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p.in.live--
	if p.in.past(t.latest) {
		delete(t.networks, p.in.network)
	}
}

// take counts a session, unless there are as many as there may be.
func (t *Table) take(l *Limits) Kind {
	for {
		n := t.live.Load()
		if l.Sessions > 0 && n >= int64(l.Sessions) {
			return Sessions
		}
		if t.live.CompareAndSwap(n, n+1) {
			return None
		}
	}
}

// begin is take, and what it does to the rate.
func (t *Table) begin(l *Limits, due int64) Kind {
	k := t.take(l)
	if k == None {
		t.due = due
	}
	return k
}

// since is a time as the table counts it.
func (t *Table) since(now time.Time) int64 {
	if t.began.IsZero() {
		t.began = now
	}
	return int64(now.Sub(t.began))
}

// pace is the generic cell rate algorithm: of a session that begins at now, where each pushes the time at which nothing
// remains of what has begun so far, due, on by its share of a minute, and that must not be more than a minute away. So
// `most` may begin at once, then one with each share.
func pace(due, now int64, most int) (next int64, ok bool) {
	if most == 0 {
		return due, true
	}
	next = max(due, now) + int64(time.Minute)/int64(most)
	return next, next-now <= int64(time.Minute)
}
