package trace

import "slices"

// Tap is where one session tells what happens in it. It belongs to the session, and is for whoever works on that.
type Tap struct {
	hub      *Hub
	audience *audience // that the listeners were chosen from
	all      []listener
	heard    int // of all, that follow the session
	waits    bool
}

// listener is a tracer, and what a session has to do with it.
type listener struct {
	*Tracer
	state answer
	bytes int  // of text that it was shown
	full  bool // and told that there is no more
}

// NewTap makes the tap of a session.
func NewTap(h *Hub) *Tap { return &Tap{hub: h} }

// Tune looks for who came and went, and reports whether somebody follows the session, which is what about says.
func (t *Tap) Tune(about func() Subject) bool {
	a := t.hub.audience.Load()
	if a == nil {
		return false
	}
	if a != t.audience {
		t.change(a)
	}
	if t.waits {
		t.choose(about())
	}
	return t.heard > 0
}

// change takes over another audience: who stays is not asked again.
func (t *Tap) change(a *audience) {
	var all []listener
	for _, tracer := range a.tracers {
		l := listener{Tracer: tracer, state: later}
		if i := slices.IndexFunc(t.all, func(old listener) bool { return old.Tracer == tracer }); i >= 0 {
			l = t.all[i]
		}
		all = append(all, l)
	}
	t.audience, t.all, t.waits = a, all, true
	t.count()
}

// choose decides, for the listeners that it is not known of, whether they follow the session.
func (t *Tap) choose(s Subject) {
	for i := range t.all {
		l := &t.all[i]
		if l.state != later {
			continue
		}
		l.state = l.options.picks(&s)
		if l.state == yes && !l.take() {
			l.state = no
		}
		if l.state == yes {
			kind := Begin
			if s.Started.Before(l.began) {
				kind = Joined
			}
			l.put(Event{Time: t.hub.now(), Session: s.ID, Kind: kind, About: &s})
		}
	}
	t.count()
}

func (t *Tap) count() {
	t.heard, t.waits = 0, false
	for i := range t.all {
		switch t.all[i].state {
		case yes:
			t.heard++
		case later:
			t.waits = true
		}
	}
}

// WantsContent reports whether somebody is to be shown what messages say.
func (t *Tap) WantsContent() bool {
	return slices.ContainsFunc(t.all, func(l listener) bool { return l.state == yes && l.options.Content && !l.full })
}

// Said tells what one party said to another.
func (t *Tap) Said(id string, from, to Party, text string) {
	t.tell(Event{Session: id, Kind: Said, From: from, To: to, Text: text}, false)
}

// Content is Said of a line of a message.
func (t *Tap) Content(id string, from, to Party, text string) {
	t.tell(Event{Session: id, Kind: Said, From: from, To: to, Text: text}, true)
}

// Note tells what was decided, or happened. The text may hold foreign words.
func (t *Tap) Note(id, text string) { t.tell(Event{Session: id, Kind: Note, Text: Clean(text)}, false) }

// End tells that the session is over, and lets it go.
func (t *Tap) End(s Subject) {
	e := Event{Time: t.hub.now(), Session: s.ID, Kind: End, About: &s}
	for i := range t.all {
		if l := &t.all[i]; l.state == yes {
			l.put(e)
			l.following.Add(-1)
			l.state = no
		}
	}
	t.count()
}

// tell has the listeners hear of e, each within its bounds.
func (t *Tap) tell(e Event, content bool) {
	e.Time = t.hub.now()
	for i := range t.all {
		l := &t.all[i]
		if l.state != yes || l.full || content && !l.options.Content {
			continue
		}
		if l.bytes += len(e.Text); l.bytes > l.options.Bytes {
			l.full = true
			l.put(Event{Time: e.Time, Session: e.Session, Kind: Note, Text: "more than is to be shown of one session (--max-bytes): only its end will be"})
			continue
		}
		l.put(e)
	}
}
