package proxy

import "time"

var _ Exchange = (*driver)(nil)

// Send implements Exchange.
func (d *driver) Send(to Side, b []byte) {
	if e := &d.ends[to]; !e.deaf() {
		e.queue.send(b, d.take)
	}
}

// Pass implements Exchange. Bytes that are not of a running Receive are copied.
func (d *driver) Pass(to Side, b []byte) {
	e := &d.ends[to]
	switch {
	case e.deaf() || len(b) == 0:
	case !d.offering || e.queue.fits(b):
		e.queue.send(b, d.take)
	default:
		e.queue.pass(b, d.from)
		d.ends[d.from].passed++
	}
}

// Probe implements Exchange. While Receive runs, the bytes that it was given do not count.
func (d *driver) Probe(from Side) bool {
	e := &d.ends[from]
	if e.conn == nil {
		return false
	}
	if e.unused() > 0 && !(d.offering && d.from == from) {
		return true
	}
	return e.probe()
}

// Await implements Exchange. The time that the driver needs to write counts.
func (d *driver) Await(from Side, limit time.Duration) {
	e := &d.ends[from]
	if e.conn == nil || e.hanging {
		return
	}
	var due time.Time
	if limit > 0 {
		due = time.Now().Add(limit)
	}
	e.await(due)
}

// Ask implements Exchange.
func (d *driver) Ask(question func()) {
	if d.question != nil {
		panic("proxy: the protocol asks while its last question is not answered")
	}
	d.question = question
}

// Finish implements Exchange.
func (d *driver) Finish(to Side) { d.ends[to].finishing = true }

// Reset implements Exchange.
func (d *driver) Reset(side Side) {
	e := &d.ends[side]
	e.hanging, e.resets = true, true
	d.forget(e.queue)
}

// Wake implements Exchange.
func (d *driver) Wake(after time.Duration) { d.alarm.set(d, after) }

// Hangup implements Exchange.
func (d *driver) Hangup(side Side) { d.ends[side].hanging = true }

var _ Parter = (*driver)(nil)

// Part implements Parter.
func (d *driver) Part(side Side) { d.ends[side].hanging, d.ends[side].parts = true, true }
