package poll

import (
	"iter"
	"time"
)

// Task is work on a loop that waits for events in its midst, such as a TLS handshake: it has a stack of its own and runs
// in turns with the loop, never beside it. All of it is for what runs on the loop.
type Task struct {
	loop *Loop
	on   *coroutine
}

// coroutine is a stack on which one task runs after another: it has grown to what they need.
type coroutine struct {
	work func(wait func())
	next func() (over bool, ok bool)
	stop func()
}

// share is how long the tasks of a loop may have the processor while its other handlers wait.
const share = 2 * time.Millisecond

// Crowded reports whether tasks have had their share since the loop last woke up: what can wait should be posted.
func (l *Loop) Crowded() bool { return l.tasked >= share }

// sparesMax is how many stacks a loop keeps for tasks to come.
const sparesMax = 32

// Begin runs work until it ends, then it returns nil, or waits; then Resume goes on with it. A panic of work comes out
// of either.
func (l *Loop) Begin(work func(wait func())) *Task {
	t := &Task{loop: l}
	if n := len(l.spares); n > 0 {
		t.on, l.spares = l.spares[n-1], l.spares[:n-1]
	} else {
		t.on = newCoroutine()
	}
	t.on.work = work
	if t.Resume() {
		return nil
	}
	return t
}

// Resume goes on with the work until it ends or waits again.
func (t *Task) Resume() (ended bool) {
	c, l := t.on, t.loop
	began := time.Now()
	over, _ := c.next()
	l.tasked += time.Since(began)
	if !over {
		return false
	}
	c.work = nil
	if len(l.spares) < sparesMax {
		l.spares = append(l.spares, c)
	} else {
		c.stop()
	}
	return true
}

func newCoroutine() *coroutine {
	c := &coroutine{}
	c.next, c.stop = iter.Pull(func(yield func(over bool) bool) {
		wait := func() { yield(false) }
		for more := true; more; more = yield(true) {
			c.work(wait)
		}
	})
	return c
}

// stopSpares ends what Begin has left.
func (l *Loop) stopSpares() {
	for _, c := range l.spares {
		c.stop()
	}
	l.spares = nil
}
