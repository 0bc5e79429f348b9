package interp

import (
	"fmt"
	"time"

	"go.starlark.net/starlark"
)

// watch sees to it that a call keeps to its limits. One step may be long, where it goes through a list or a text, so the
// clock is looked at every few steps; a call that has fewer never looks.
type watch struct {
	limits Limits
	began  time.Time // zero: the clock was not looked at yet
}

const (
	watchKey  = "watch"
	lookEvery = 256 // steps
)

// begin is the beginning of a call.
func (w *watch) begin(thread *starlark.Thread) {
	w.began = time.Time{}
	w.next(thread)
}

func (w *watch) next(thread *starlark.Thread) {
	at := w.limits.Steps
	if w.limits.Work > 0 {
		at = min(at, thread.Steps+lookEvery)
	}
	thread.SetMaxExecutionSteps(at)
}

func (w *watch) look(thread *starlark.Thread) {
	switch {
	case thread.Steps >= w.limits.Steps:
		thread.Cancel(fmt.Sprintf("the call took more than %d steps", w.limits.Steps))
		return
	case w.began.IsZero():
		w.began = time.Now()
	case time.Since(w.began) > w.limits.Work:
		thread.Cancel(fmt.Sprintf("the call worked longer than %s", w.limits.Work))
		return
	}
	w.next(thread)
}

// Waiting is told before thread waits for something outside; what it returns is called afterwards. That time is no work.
func Waiting(thread *starlark.Thread) (over func()) {
	w, ok := thread.Local(watchKey).(*watch)
	if !ok || w.began.IsZero() {
		return func() {}
	}
	at := time.Now()
	return func() { w.began = w.began.Add(time.Since(at)) }
}
