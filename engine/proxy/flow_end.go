package proxy

import (
	"io"
	"os"
	"time"

	"zorpgo/engine/stream"
)

// tell reports the end of a side after its last bytes were offered.
func (f *Flow) tell() bool {
	for i := range f.ends {
		e := &f.ends[i]
		if !f.opened || !e.news(&f.ends[e.side.Other()].ending) {
			continue
		}
		why := e.tell()
		if !e.hanging {
			f.p.Ended(f, e.side, why)
		}
		e.drop(len(e.input))
		return f.called()
	}
	return false
}

// done reports whether no side is needed any more.
func (f *Flow) done() bool {
	return f.opened && f.question == nil && f.upgrade == nil && f.ends[Client].over() && f.ends[Server].over()
}

func (e *flowEnd) over() bool { return e.fd < 0 || e.told && e.waits.empty() && !e.hanging }

// finish closes everything. While a question runs it only marks the flow: the answer finishes it.
func (f *Flow) finish(crash any) {
	if crash != nil && !f.dead {
		f.ends[Client].part(f.s.Parting)
	}
	f.dead = true
	f.abandon()
	f.loop.Stop(&f.timer)
	f.loop.Stop(&f.alarm)
	for i := range f.ends {
		f.ends[i].close()
	}
	if f.asking {
		return
	}
	over := f.over
	f.over = nil
	if over == nil {
		return
	}
	over(f, f.close(crash))
}

// leaveServer gives a kept server away; the client may take its time to go.
func (f *Flow) leaveServer() {
	if e := &f.ends[Server]; e.isSpare() {
		f.spare(e.fd, e.kept)
		e.fd = -1
	}
}

// isSpare reports whether another session can use the socket: it is kept, and the peer has nothing to say.
func (e *flowEnd) isSpare() bool {
	return e.kept != nil && e.fd >= 0 && e.why == nil && !e.more && !e.rest && len(e.input) == 0 && e.waits.empty()
}

func (e *flowEnd) close() {
	if e.fd >= 0 {
		e.flow.loop.Forget(e.fd, true)
		stream.Close(e.fd)
		e.fd = -1
	}
	e.drop(len(e.input))
	e.forgetOutput()
}

// drop takes n used bytes off the input, and gives its buffer back when nothing is left.
func (e *flowEnd) drop(n int) {
	if e.input == nil {
		return
	}
	rest := copy(e.input, e.input[n:])
	if e.input = e.input[:rest]; rest == 0 {
		stream.GiveBack(e.input[:cap(e.input)])
		e.input = nil
	}
}

// stop notes why the side sends no more; the first reason stands.
func (e *flowEnd) stop(why error) {
	e.more = false
	e.ending.stop(why)
}

// rearm sets the timer to the earliest of what is awaited, if it would fire later than that.
func (f *Flow) rearm() {
	var first time.Time
	for i := range f.ends {
		for _, due := range [...]time.Time{f.ends[i].due, f.ends[i].stuck} {
			if !due.IsZero() && (first.IsZero() || due.Before(first)) {
				first = due
			}
		}
	}
	if armed := f.timer.Due(); !first.IsZero() && (armed.IsZero() || first.Before(armed)) {
		f.loop.Set(&f.timer, first, f.onTime)
	}
}

// late handles the timer: a deadline that was moved meanwhile is not over.
func (f *Flow) late() {
	now := f.loop.Now()
	for i := range f.ends {
		e := &f.ends[i]
		switch {
		case e.lingers > 0 && e.is(e.due, now):
			e.close()
		case e.is(e.stuck, now):
			e.lose(os.ErrDeadlineExceeded)
		case e.is(e.due, now):
			e.due = time.Time{}
			e.stop(os.ErrDeadlineExceeded)
		}
	}
	f.turn()
}

func (*flowEnd) is(due, now time.Time) bool { return !due.IsZero() && !due.After(now) }

// endOf is what a read says of the end of a side.
func endOf(n int, err error) error {
	if err != nil {
		return os.NewSyscallError("read", err)
	}
	if n == 0 {
		return io.EOF
	}
	return nil
}
