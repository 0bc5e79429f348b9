package journal

import (
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// The bounds of what repeats.
const (
	repeatLimit  = 10          // records of one event in a window
	repeatWindow = time.Minute // that begins with the first of them
	repeatEvents = 4096        // that are told apart
	repeatOthers = 1000        // records in a window of all other events

	repeatVerbosity = 2 // up to which records are of what goes wrong
)

// Repeats writes the first records of an event, and how many more there were when a minute is over. An event is a
// message with a tag and a code, of the clients of one network (/24, /64), or of one service where the client is not
// said.
//
// Only refusals and errors of sessions and clients are events: up to verbosity 2. Always written are the engine's own
// records, those of summary and accounting, and all of verbosity 3 and above.
type Repeats struct {
	mu      sync.Mutex
	events  map[event]*tally
	running *time.Timer // nil: no window is open
	left    int64       // records left out so far
}

type event struct {
	message, tag, code, service string
	network                     netip.Prefix
}

// tally is how often there was an event.
type tally struct {
	records int
	by      *Handler    // of the last one
	last    slog.Record // what is written of those that were left out
}

// admits reports whether r is to be written now.
func (p *Repeats) admits(h *Handler, c Class, r *slog.Record) bool {
	if p == nil || c.Verbosity > repeatVerbosity || strings.HasSuffix(c.Tag, ".summary") || strings.HasSuffix(c.Tag, ".accounting") {
		return true
	}
	e, counts := eventOf(h, c, r)
	return !counts || p.count(e, h, r)
}

// eventOf is the event that r tells of; it does not count if it is the engine's own.
func eventOf(h *Handler, c Class, r *slog.Record) (e event, counts bool) {
	e = event{message: r.Message, tag: c.Tag}
	for a := range r.Attrs {
		switch a.Key {
		case "client":
			e.network = networkOf(a.Value)
		case "code":
			e.code = a.Value.String()
		}
	}
	if !e.network.IsValid() {
		e.service = h.service()
	}
	return e, e.network.IsValid() || h.session != ""
}

// networkOf is the network that a client is of, however its address is said.
func networkOf(v slog.Value) netip.Prefix {
	at, is := v.Any().(netip.AddrPort)
	if !is {
		at, _ = netip.ParseAddrPort(v.String()) // else it is in no network
	}
	bits := 64
	if at.Addr().Unmap().Is4() {
		bits = 24
	}
	network, _ := at.Addr().Unmap().Prefix(bits)
	return network
}

func (p *Repeats) count(e event, h *Handler, r *slog.Record) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.events = map[event]*tally{}
		p.running = time.AfterFunc(repeatWindow, p.Flush)
	}
	t, limit := p.events[e], repeatLimit
	if t == nil && len(p.events) >= repeatEvents {
		e = event{}
		t = p.events[e]
	}
	if e == (event{}) {
		limit = repeatOthers
	}
	if t == nil {
		t = &tally{}
		p.events[e] = t
	}
	if t.records++; t.records <= limit {
		return true
	}
	t.by, t.last = h, *r
	p.left++
	return false
}

// Flush ends the window: it writes how often there was what was left out.
func (p *Repeats) Flush() {
	p.mu.Lock()
	events := p.events
	p.events = nil
	if p.running != nil {
		p.running.Stop()
		p.running = nil
	}
	p.mu.Unlock()
	for e, t := range events {
		if t.by == nil {
			continue
		}
		r, limit := t.last.Clone(), repeatLimit
		if e == (event{}) {
			r.Message, limit = "more events than are told apart", repeatOthers
		}
		r.AddAttrs(slog.Int("repeated", t.records-limit))
		_ = t.by.write(r) // Output counts what fails
	}
}

// Left is how many records were left out so far.
func (p *Repeats) Left() int64 {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}
