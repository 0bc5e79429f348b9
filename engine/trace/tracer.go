package trace

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a tracer wants to see, and how much of it.
type Options struct {
	Filter
	Content  bool // of messages, too
	Sessions int  // followed at a time; 0 is DefaultSessions
	Bytes    int  // of text of one session; 0 is DefaultBytes
}

func (o Options) bounded() Options {
	if o.Sessions <= 0 {
		o.Sessions = DefaultSessions
	}
	if o.Bytes <= 0 {
		o.Bytes = DefaultBytes
	}
	o.Sessions, o.Bytes = min(o.Sessions, MaxSessions), min(o.Bytes, MaxBytes)
	return o
}

// Tracer is one who looks on. Next and Close are for one goroutine.
type Tracer struct {
	hub     *Hub
	options Options
	began   time.Time
	events  chan Event

	following atomic.Int64 // sessions
	mu        sync.Mutex   // held for moments only
	lost      int          // events, since the last one that was queued
	passed    int          // sessions that it did not follow, likewise
}

// Next waits for an event; the error is that of ctx.
func (t *Tracer) Next(ctx context.Context) (Event, error) {
	if e, ok := t.Waiting(); ok {
		return e, nil
	}
	select {
	case e := <-t.events:
		return e, nil
	case <-ctx.Done():
		return Event{}, ctx.Err()
	}
}

// Waiting is the next event if it is there already.
func (t *Tracer) Waiting() (Event, bool) {
	select {
	case e := <-t.events:
		return e, true
	default:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missed()
}

// missed tells once what the tracer did not see.
func (t *Tracer) missed() (Event, bool) {
	if t.lost == 0 && t.passed == 0 {
		return Event{}, false
	}
	e := Event{Time: t.hub.now(), Kind: Missed, Lost: t.lost, Passed: t.passed}
	t.lost, t.passed = 0, 0
	return e, true
}

// Close ends the tracer.
func (t *Tracer) Close() { t.hub.leave(t) }

// put queues an event if there is room.
func (t *Tracer) put(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost+t.passed > 0 && len(t.events) < cap(t.events)-1 { // others only take
		missed, _ := t.missed()
		t.events <- missed
	}
	if t.lost > 0 {
		t.lost++
		return
	}
	select {
	case t.events <- e:
	default:
		t.lost++
	}
}

// take has the tracer follow one session more; false: it follows as many as it may.
func (t *Tracer) take() bool {
	if t.following.Add(1) <= int64(t.options.Sessions) {
		return true
	}
	t.following.Add(-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed++
	return false
}
