// Package trace lets administrators follow live sessions as they speak.
//
// A Hub is shared by all sessions of an engine. Whoever wants to look on has it make a Tracer, with a Filter and bounds;
// a session keeps a Tap, which costs one atomic load as long as nobody looks, and tells it what is said and decided.
// Package admin serves tracers, zorpgo trace is their client.
//
// Nothing here waits: a tracer that does not keep up loses lines, and is told how many.
package trace

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of tracers.
const (
	MaxTracers      = 4         // at a time
	MaxQueued       = 1024      // events of one tracer that wait to be read
	DefaultSessions = 100       // followed at a time by one tracer
	DefaultBytes    = 64 << 10  // of text of one session
	MaxSessions     = 10_000    // that may be asked for
	MaxBytes        = 256 << 20 // likewise
)

// ErrBusy says that there are MaxTracers tracers already.
var ErrBusy = errors.New("others are tracing already, as many as may at a time")

// Hub brings sessions and tracers together. The zero Hub is ready.
type Hub struct {
	Now func() time.Time // nil is time.Now

	mu       sync.Mutex
	audience atomic.Pointer[audience] // nil: nobody
}

// audience is who looks on. It is not changed, but replaced by another.
type audience struct{ tracers []*Tracer }

// Watched reports whether anybody looks on.
func (h *Hub) Watched() bool { return h.audience.Load() != nil }

// Tracers is how many look on.
func (h *Hub) Tracers() int {
	if a := h.audience.Load(); a != nil {
		return len(a.tracers)
	}
	return 0
}

// Follow begins a tracer; it must be closed.
func (h *Hub) Follow(o Options) (*Tracer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*Tracer
	if a := h.audience.Load(); a != nil {
		all = a.tracers
	}
	if len(all) >= MaxTracers {
		return nil, ErrBusy
	}
	t := &Tracer{hub: h, options: o.bounded(), began: h.now(), events: make(chan Event, MaxQueued)}
	h.audience.Store(&audience{append(slices.Clip(all), t)})
	return t, nil
}

func (h *Hub) leave(t *Tracer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.audience.Load()
	if a == nil {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(a.tracers), func(other *Tracer) bool { return other == t })
	if len(rest) == 0 {
		h.audience.Store(nil)
		return
	}
	h.audience.Store(&audience{rest})
}

func (h *Hub) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}
