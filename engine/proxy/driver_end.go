package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// end is one side of a session. Its unused input is buf[first:last]: the reader appends to it, whoever feeds takes from it.
// buf itself is changed by the reader alone, and only while nothing is unused or with the lock; so the others may
// look into it, with the lock, where something is unused.
type end struct {
	side Side
	conn net.Conn         // nil: there is no such side
	tls  *tls.Conn        // over conn; nil: the side is in clear
	wire *encryption.Wire // between the two
	take func(size int) []byte
	give func([]byte)

	buf         []byte // pooled; nil while the reader waits and nothing was unused when it began to
	first, last int
	size        int  // of the next buffer
	kept        bool // buf holds unused bytes and stays while the reader waits

	socket  socket
	arrival atomic.Int32 // what the reader is at, for Probe

	ending
	hungry  bool // the protocol used nothing of what is unused and wants more
	hanging bool // the protocol hung up
	resets  bool // at once, with a reset
	hungup  bool // and all was written, the connection is closed or lingers
	parts   bool // the peer is to close first
	lingers bool

	finishing bool // the protocol has nothing more to send
	finished  bool // and the peer was told

	due, armed time.Time // what Await set; what the connection's read deadline is, unless it has fired

	queue, flight *queue // output that waits; that is being written
	queues        [2]queue
	busy          bool // somebody writes flight
	passed        int  // pieces of buf in either side's queue or flight
	writable      time.Time
}

// What a reader is at.
const (
	waiting int32 = iota
	trying
	arrived
)

func (e *end) setup(d *driver, side Side) {
	e.side, e.size = side, stream.SmallBuffer
	e.take, e.give = d.take, d.give
	e.queue, e.flight = &e.queues[0], &e.queues[1]
}

// attach gives the end its connection, encrypted or not, and returns the one at the bottom. Only sockets are read without
// holding a buffer: anything around them, but for TLS of ours, has bytes of its own.
func (e *end) attach(conn net.Conn) net.Conn {
	if c, ok := conn.(*tls.Conn); ok && encryption.WireOf(c) != nil {
		e.encrypt(c)
		conn = e.wire.Conn
	}
	e.conn = conn
	switch c := conn.(type) {
	case *net.TCPConn:
		e.socket.open(c, e)
	case *net.UnixConn:
		e.socket.open(c, e)
	}
	return conn
}

// encrypt has the end read and write through c from now on.
func (e *end) encrypt(c *tls.Conn) { e.tls, e.wire = c, encryption.WireOf(c) }

// outer is what the end reads from and writes to.
func (e *end) outer() net.Conn {
	if e.tls != nil {
		return e.tls
	}
	return e.conn
}

func (e *end) unused() int { return e.last - e.first }

// writes reports whether output is not written yet.
func (e *end) writes() bool { return e.busy || !e.queue.empty() }

// deaf reports whether output for the side is thrown away.
func (e *end) deaf() bool { return e.conn == nil || e.lost != nil || e.hanging || e.finishing }

// over reports whether the session can do without the side.
func (e *end) over() bool { return e.conn == nil || e.hungup || e.told && !e.writes() }

// makeRoom prepares buf for a read behind its unused bytes. They move into a larger buffer when this one is full or
// data comes in bulk, and back again. No byte of buf may be passed.
func (e *end) makeRoom() {
	unused := e.unused()
	switch {
	case unused == 0:
		e.release()
	case len(e.buf) != e.size && unused < e.size:
		next := e.take(e.size)
		copy(next, e.buf[e.first:e.last])
		e.give(e.buf)
		e.buf = next
	default:
		copy(e.buf, e.buf[e.first:e.last])
	}
	e.first, e.last = 0, unused
	e.kept = e.buf != nil
}

// release gives buf back if there is one.
func (e *end) release() {
	if e.buf != nil {
		e.give(e.buf)
		e.buf = nil
	}
}

// releaseAll gives everything back at the end of the session.
func (e *end) releaseAll() {
	e.release()
	e.queue.clear(e.give)
	e.flight.clear(e.give)
}

// fill accounts for n bytes that were read behind last, and chooses the size of the next buffer: large after a read
// that filled its buffer, small after one that a small buffer could have held.
func (e *end) fill(n int) {
	e.last += n
	e.arrival.Store(waiting)
	if n > 0 {
		e.hungry = false
	}
	switch {
	case e.buf != nil && e.last == len(e.buf):
		e.size = stream.LargeBuffer
	case n < stream.SmallBuffer:
		e.size = stream.SmallBuffer
	}
}

// receive waits for bytes and reads them behind last, without the lock.
func (e *end) receive() (int, error) {
	if e.socket.raw != nil {
		return e.socket.receive()
	}
	if e.buf == nil {
		e.buf = e.take(e.size)
	}
	n, err := e.outer().Read(e.buf[e.last:])
	if n > 0 {
		e.arrival.Store(arrived)
	}
	return n, err
}

// await sets the deadline. The connection's own is set only to make it earlier: when it fires too early it is set again.
func (e *end) await(due time.Time) {
	e.due = due
	if !due.IsZero() && (e.armed.IsZero() || due.Before(e.armed)) {
		e.armed = due
		e.conn.SetReadDeadline(due)
	}
}

// notDue handles a read deadline that fired: if the time has not come it is set to when it will.
func (e *end) notDue() bool {
	if e.hungup || !e.due.IsZero() && !time.Now().Before(e.due) {
		return false
	}
	e.armed = e.due
	e.conn.SetReadDeadline(e.due)
	return true
}

// halfClose sends the end of our output, and reports whether the peer may still be sending.
func (e *end) halfClose() bool {
	if e.lost != nil || e.why != nil && !errors.Is(e.why, os.ErrDeadlineExceeded) {
		return false
	}
	return e.closeWrite()
}

// closeWrite sends the end of our output; false: the connection has none.
func (e *end) closeWrite() bool {
	if e.tls != nil {
		_ = e.tls.CloseWrite() // what fails here fails at the next read, too
	}
	half, ok := e.conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// countRead counts bytes that a side sent.
func countRead(s *session.Session, side Side, n int64) {
	count, _ := counters(s, side)
	*count += n
	s.Meter.AddRead(int(side), n)
}

// countWritten counts bytes that a side was sent.
func countWritten(s *session.Session, side Side, n int64) {
	_, count := counters(s, side)
	*count += n
	s.Meter.AddWritten(int(side), n)
}

// counters are those of s for what was read from and written to a side.
func counters(s *session.Session, side Side) (read, written *int64) {
	if side == Client {
		return &s.Count.FromClient, &s.Count.ToClient
	}
	return &s.Count.FromServer, &s.Count.ToServer
}
