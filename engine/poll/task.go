package poll

import "iter"

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
	c := t.on
	if over, _ := c.next(); !over {
		return false
	}
	c.work = nil
	if l := t.loop; len(l.spares) < sparesMax {
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
