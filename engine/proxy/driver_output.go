package proxy

import (
	"net"
	"time"

	"zorpgo/engine/stream"
)

// together is the most bytes that are copied to make one piece of several.
const together = 4 << 10

// queue is the output for one side that waits to be written, in order. It may not be copied.
type queue struct {
	pieces  [][]byte
	scratch [][]byte // pooled buffers that hold what was sent
	room    []byte   // what is free in the last of them
	grows   bool     // the last piece ends where room begins
	passed  [2]int   // pieces of each side's input buffer, merged ones included
	size    int
	vector  net.Buffers // pieces, while they are written
	few     [2][]byte   // where the first pieces are kept
	first   [1][]byte   // and the first of scratch
}

func (q *queue) empty() bool { return len(q.pieces) == 0 }

// send appends a copy of b.
func (q *queue) send(b []byte, take func(int) []byte) {
	for len(b) > 0 {
		if len(q.room) == 0 {
			q.room, q.grows = take(len(b)), false
			if q.scratch == nil {
				q.scratch = q.first[:0]
			}
			q.scratch = append(q.scratch, q.room)
		}
		n := copy(q.room, b)
		if q.grows {
			last := &q.pieces[len(q.pieces)-1]
			*last = (*last)[:len(*last)+n]
		} else {
			q.add(q.room[:n])
		}
		q.room, q.grows = q.room[n:], true
		q.size += n
		b = b[n:]
	}
}

// fits reports whether b is better copied behind what was sent.
func (q *queue) fits(b []byte) bool { return q.grows && len(b) <= together && len(b) <= len(q.room) }

// pass appends b itself, a part of the input buffer of side from. What lies behind the last piece prolongs it.
func (q *queue) pass(b []byte, from Side) {
	q.passed[from]++
	q.size += len(b)
	if n := len(q.pieces); n > 0 && !q.grows {
		last := q.pieces[n-1]
		if end := len(last) + len(b); end <= cap(last) && &last[:end][len(last)] == &b[0] {
			q.pieces[n-1] = last[:end]
			return
		}
	}
	q.add(b)
	q.grows = false
}

func (q *queue) add(piece []byte) {
	if q.pieces == nil {
		q.pieces = q.few[:0]
	}
	q.pieces = append(q.pieces, piece)
}

// skip takes n written bytes off the front.
func (q *queue) skip(n int) {
	q.size -= n
	for n > 0 {
		k := min(n, len(q.pieces[0]))
		if q.pieces[0] = q.pieces[0][k:]; len(q.pieces[0]) == 0 {
			q.pieces = q.pieces[1:]
		}
		n -= k
	}
}

// clear forgets everything and gives the pooled buffers back.
func (q *queue) clear(give func([]byte)) {
	for _, b := range q.scratch {
		give(b)
	}
	clear(q.scratch)
	clear(q.pieces)
	if cap(q.pieces) > 1<<8 || cap(q.pieces) < len(q.few) {
		q.pieces = nil // too much to keep, or taken off the front by skip
	}
	*q = queue{pieces: q.pieces[:0], scratch: q.scratch[:0]}
}

// write writes the queue to e, in one call.
func (q *queue) write(e *end) (int64, error) {
	switch {
	case len(q.pieces) == 1:
		n, err := e.put(q.pieces[0])
		return int64(n), err
	case q.size <= together:
		b := e.take(stream.SmallBuffer)
		defer e.give(b)
		n, err := e.put(q.join(b))
		return int64(n), err
	}
	q.vector = q.pieces
	return q.vector.WriteTo(e.outer())
}

// join copies the pieces into b.
func (q *queue) join(b []byte) []byte {
	size := 0
	for _, piece := range q.pieces {
		size += copy(b[size:], piece)
	}
	return b[:size]
}

// put writes b.
func (e *end) put(b []byte) (int, error) {
	if e.tls == nil && e.socket.raw != nil {
		return e.socket.quick.Write(b)
	}
	return e.outer().Write(b)
}

// flush writes what waits for a side, without the lock; false: nothing does. If the other goroutine is writing to the
// side, it waits: the peer is too slow for more.
func (d *driver) flush(side Side) bool {
	e := &d.ends[side]
	if e.queue.empty() || d.turn.of(e) {
		return false
	}
	return d.writeOut(e)
}

// writeOut is flush of a side that has something to be written.
func (d *driver) writeOut(e *end) bool {
	for e.busy && !d.dead {
		d.changed.Wait()
	}
	if d.dead || e.queue.empty() {
		return true
	}
	e.queue, e.flight = e.flight, e.queue
	e.busy = true
	n, err := d.write(e)
	e.busy = false
	countWritten(d.s, e.side, n)
	d.forget(e.flight)
	if err != nil {
		e.lost = err
		e.stop(err)
		d.forget(e.queue)
	}
	d.changed.Broadcast()
	return true
}

// write writes e.flight without the lock. The deadline of writing is set early and seldom.
func (d *driver) write(e *end) (int64, error) {
	if now := time.Now(); e.writable.Sub(now) < d.writing {
		e.writable = now.Add(d.writing * 3 / 2)
		e.conn.SetWriteDeadline(e.writable)
	}
	d.mu.Unlock()
	defer d.mu.Lock()
	return e.flight.write(e)
}

// forget empties q: the bytes that were passed are free.
func (d *driver) forget(q *queue) {
	for side := range q.passed {
		d.ends[side].passed -= q.passed[side]
	}
	q.clear(d.give)
}
