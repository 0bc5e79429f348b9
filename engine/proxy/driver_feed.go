package proxy

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"zorpgo/engine/stream"
)

// run is the goroutine of one side: it waits for bytes, feeds the protocol, and at last closes its connection.
func (d *driver) run(e *end) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.feed()
	for d.mayRead(e) {
		if d.turn.of(e) {
			d.secure(e)
			d.feed()
			continue
		}
		n, err := d.read(e)
		d.took(e, n, err)
		d.feed()
	}
	for !d.dead && !e.hungup && !d.done() {
		if e.told && e.passed == 0 {
			e.release()
		}
		d.changed.Wait()
	}
	if e.lingers && !d.dead {
		d.drain(e)
	}
	d.conns.close(e.side)
}

// mayRead waits until reading from e makes sense; false: it never will again. Where bytes are left that the protocol
// is not Ready for, the peer has to wait: nothing can be awaited from it meanwhile, so its deadline need not fire.
func (d *driver) mayRead(e *end) bool {
	for {
		switch unused := e.unused(); {
		case d.dead || e.conn == nil || e.why != nil || e.hungup:
			return false
		case e.passed > 0: // to be written from the buffer that would be read into
		case e.hungry && unused == stream.LargeBuffer:
			d.s.Record(undecided, "protocol does not decide on its input", slog.Any("side", e.side), slog.Int("bytes", unused))
			d.conns.closeAll()
			d.dead = true
			d.changed.Broadcast()
			return false
		case d.turn.of(e):
			if !d.turn.over {
				return true
			}
		case unused == 0 || e.hungry:
			return true
		}
		d.changed.Wait()
	}
}

// read waits for bytes of e, without the lock.
func (d *driver) read(e *end) (int, error) {
	e.makeRoom()
	d.mu.Unlock()
	defer d.mu.Lock()
	return e.receive()
}

// took records what a read brought.
func (d *driver) took(e *end, n int, err error) {
	e.fill(n)
	countRead(d.s, e.side, int64(n))
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && (d.turn.of(e) || e.notDue()) {
		err = nil
	}
	if err != nil {
		e.stop(err)
	}
}

// feed calls the protocol until it has nothing more to do. Output is written only when the protocol can use no more
// input, so that all that it sends to a side goes out together.
func (d *driver) feed() {
	for !d.dead {
		if d.tellSecured() || d.question == nil && d.turn.end == nil && (d.open() || d.retire() || d.wake() || d.offer(Client) || d.offer(Server) || d.tell()) {
			continue
		}
		written := d.flush(Client)
		if d.flush(Server) || written {
			continue
		}
		d.sendEnd(Client)
		d.sendEnd(Server)
		if !d.hangup(Server) && !d.hangup(Client) && !d.ask() {
			break
		}
	}
	d.closeEnded()
	d.changed.Broadcast()
}

// open tells the protocol once that connecting is over.
func (d *driver) open() bool {
	if d.opened || !d.opening {
		return false
	}
	d.opened = true
	d.p.Open(d, d.failure)
	return d.called()
}

// wake calls a protocol that asked for it.
func (d *driver) wake() bool {
	if !d.opened || !d.alarm.rung {
		return false
	}
	d.alarm.rung = false
	d.p.(Waker).Woken(d)
	return d.called()
}

// called notes that the protocol's state may have changed: what it could not use before is offered again.
func (d *driver) called() bool {
	d.ends[Client].hungry, d.ends[Server].hungry = false, false
	return true
}

// offer gives the protocol the unused bytes of a side once. False: there are none that it can use.
func (d *driver) offer(from Side) bool {
	e := &d.ends[from]
	if !d.opened || e.hungry || e.told || e.hanging || e.unused() == 0 || !d.p.Ready(from) {
		return false
	}
	d.from, d.offering = from, true
	n := d.p.Receive(d, from, e.buf[e.first:e.last:e.last])
	d.offering = false
	if n == 0 {
		e.hungry = true
		return d.question != nil
	}
	e.first += n
	return d.called()
}

// tell reports the end of a side after its last bytes were offered; what is unused of them is lost.
func (d *driver) tell() bool {
	for i := range d.ends {
		e := &d.ends[i]
		if !d.opened || !e.news(&d.ends[e.side.Other()].ending) {
			continue
		}
		why := e.tell()
		if !e.hanging {
			d.p.Ended(d, e.side, why)
		}
		e.first = e.last
		return d.called()
	}
	return false
}

// ask runs the question that the protocol asked. It keeps the lock: nothing of the session may happen meanwhile.
func (d *driver) ask() bool {
	question := d.question
	if question == nil {
		return false
	}
	question()
	d.question = nil
	d.p.Answered(d)
	return d.called()
}

// hangup closes a side that the protocol hung up and that everything was written to.
func (d *driver) hangup(side Side) bool {
	e := &d.ends[side]
	if !e.hanging || e.hungup || e.conn == nil || e.writes() && !e.resets || d.turn.of(e) {
		return false
	}
	e.hungup = true
	if e.resets {
		d.conns.reset(side)
		return true
	}
	switch {
	case e.parts && e.why == nil:
		e.sayEnd()
	case side == Server || !e.halfClose():
		e.sayEnd()
		d.conns.close(side)
		return true
	}
	e.lingers = true
	e.conn.SetReadDeadline(time.Now().Add(d.linger))
	return true
}

// sendEnd tells a side, after everything was written to it, that this was all.
func (d *driver) sendEnd(to Side) {
	e := &d.ends[to]
	if e.finishing && !e.finished && !e.hungup && e.conn != nil && !e.writes() && !d.turn.of(e) {
		e.finished = true
		e.closeWrite()
	}
}

// drain reads what a side that was hung up is still sending, within the bounds of lingering.
func (d *driver) drain(e *end) {
	for left := LingerBytes; left > 0 && !d.dead; {
		for e.passed > 0 && !d.dead {
			d.changed.Wait()
		}
		e.first = e.last
		n, err := d.read(e)
		e.fill(n)
		left -= n
		if err != nil {
			return
		}
	}
}

// done reports whether no side is needed any more.
func (d *driver) done() bool {
	return d.opened && d.question == nil && d.turn.end == nil && d.ends[Client].over() && d.ends[Server].over()
}

// closeEnded closes, when all is done, the sides that ended by themselves.
func (d *driver) closeEnded() {
	if !d.done() {
		return
	}
	for i := range d.ends {
		if !d.ends[i].hungup {
			d.conns.close(Side(i))
		}
	}
}
