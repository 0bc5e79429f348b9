package proxy

import "zorpgo/engine/journal"

// undecided is what the record of a protocol's bug is of.
var undecided = journal.Class{Tag: "core.error", Verbosity: 1}

// ending is how far the end of one side is, in either driver.
type ending struct {
	why  error // the side sends no more
	told bool  // and the protocol knows
	lost error // a write failed: no more of them
	cut  bool  // and the protocol knows that, too
}

// news reports whether the protocol is to be told of an end: of the second one only if it can still act on it.
func (e *ending) news(other *ending) bool {
	return e.why != nil && !e.told || e.told && e.lost != nil && !e.cut && !other.told
}

// tell is the end that the protocol is told of now.
func (e *ending) tell() (why error) {
	why = e.why
	if e.told {
		why = e.lost
	}
	e.told, e.cut = true, e.lost != nil
	return why
}

// stop notes why the side sends no more; the first reason stands.
func (e *ending) stop(why error) {
	if e.why == nil {
		e.why = why
	}
}
