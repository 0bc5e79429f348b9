package proxy

import (
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/stream"
)

// readBoth reads once from each side that has something: neither waits until the other is silent.
func (f *Flow) readBoth() bool {
	client := f.read(Client)
	return f.read(Server) || client
}

// read reads once from a side if that makes sense, and offers what came. False: there was nothing to do.
func (f *Flow) read(from Side) bool {
	e := &f.ends[from]
	switch {
	case e.lingers > 0 && e.more:
		e.throwAway()
		return true
	case !e.more || e.fd < 0 || e.why != nil || e.hanging || f.asking || f.upgrades(e) || !f.roomFor(e):
		return false
	case len(e.input) > 0:
		return e.readMore()
	}
	buffer := f.loop.Buffer()
	n := e.receive(buffer)
	if n > 0 {
		e.hungry = false
		f.use(e, buffer[:n])
	}
	return true
}

// roomFor reports whether what comes from e has somewhere to go: back-pressure, in each direction on its own. Bytes that
// the protocol cannot use yet are not followed by more, and who does not read the answers gets no more of them.
func (f *Flow) roomFor(e *flowEnd) bool {
	other := &f.ends[e.side.Other()]
	if !other.waits.empty() || e.answers && e.waits.size > together {
		return false
	}
	return len(e.input) == 0 || e.hungry
}

// use offers data, which lies in the loop's buffer, and keeps what is left of it.
func (f *Flow) use(e *flowEnd, data []byte) {
	used := f.offerAll(e, data)
	f.flushBoth()
	if used < len(data) && !e.hanging {
		e.keep(data[used:])
	}
}

// keep puts unused bytes into a pooled buffer.
func (e *flowEnd) keep(data []byte) {
	b := stream.Borrow(len(data))
	e.input = b[:copy(b, data)]
}

// readMore reads behind the unused bytes, in a larger buffer if this one is full.
func (e *flowEnd) readMore() bool {
	if len(e.input) == cap(e.input) {
		if cap(e.input) == stream.LargeBuffer {
			e.flow.s.Record(undecided, "protocol does not decide on its input", slog.Any("side", e.side), slog.Int("bytes", len(e.input)))
			e.flow.finish(nil)
			return false
		}
		e.grow()
	}
	n := e.receive(e.input[len(e.input):cap(e.input)])
	e.input = e.input[:len(e.input)+n]
	if n > 0 {
		e.hungry = false
	}
	return true
}

// grow moves the unused bytes into a large buffer.
func (e *flowEnd) grow() {
	b := stream.Borrow(stream.LargeBuffer)
	n := copy(b, e.input)
	stream.GiveBack(e.input[:cap(e.input)])
	e.input = b[:n]
}

// receive reads into b. A read that does not fill it has emptied the socket, unless the peer's end is there as well.
func (e *flowEnd) receive(b []byte) int {
	if e.tls != nil {
		return e.receiveTLS(b)
	}
	n, err := stream.Read(e.fd, b)
	switch {
	case err == unix.EINTR:
		return 0
	case err == unix.EAGAIN:
		e.more = false
		return 0
	case n <= 0:
		e.stop(endOf(n, err))
		return 0
	}
	e.more = n == len(b) || e.rest
	countRead(e.flow.s, e.side, int64(n))
	return n
}

// throwAway reads what a side that was hung up still sends.
func (e *flowEnd) throwAway() {
	n := e.receive(e.flow.loop.Buffer())
	e.lingers -= n
	if e.why != nil || e.lingers <= 0 {
		e.close()
	}
}

// flush writes the output of this turn, or keeps what the socket does not take.
func (f *Flow) flush(side Side) {
	e := &f.ends[side]
	if e.fd >= 0 && !f.withholds(e) {
		if !e.full && !e.waits.empty() {
			e.write(&e.waits)
		}
		switch {
		case e.tls != nil:
			e.seal()
		case !e.full && e.waits.empty():
			e.write(&e.queue)
		}
	}
	e.keepOutput()
}

// write writes q until the socket takes no more.
func (e *flowEnd) write(q *queue) {
	for !q.empty() && !e.full {
		n, err := 0, error(nil)
		pieces := q.pieces[:min(len(q.pieces), stream.MaxPieces)]
		if len(pieces) == 1 {
			n, err = e.send(pieces[0])
		} else {
			n, err = stream.Writev(e.fd, pieces)
		}
		e.wrote(q, n, err)
	}
}

// send writes b. Last words wait for the end, which follows at once, so that both go in one segment.
func (e *flowEnd) send(b []byte) (int, error) {
	if e.finishing && !e.finished || e.hanging && !e.parts {
		return stream.WriteMore(e.fd, b)
	}
	return stream.Write(e.fd, b)
}

// wrote notes what a write did. A socket that is full says so at the next one, except if it took a part.
func (e *flowEnd) wrote(q *queue, n int, err error) {
	switch {
	case err == unix.EAGAIN:
		e.full = true
		return
	case err == unix.EINTR:
		return
	case err != nil:
		e.lose(os.NewSyscallError("write", err))
		return
	}
	if e.wire == nil {
		countWritten(e.flow.s, e.side, int64(n))
	}
	e.stuck = time.Time{}
	if n == q.size {
		q.clear(stream.GiveBack)
		return
	}
	whole := 0
	for _, piece := range q.pieces[:min(len(q.pieces), stream.MaxPieces)] {
		whole += len(piece)
	}
	e.full = n < whole
	q.skip(n)
}

// lose notes that nothing can be written any more.
func (e *flowEnd) lose(err error) {
	e.lost = err
	e.forgetOutput()
	e.stop(err)
}

// keepOutput moves the queue to what waits: passed bytes do not stay where they are.
func (e *flowEnd) keepOutput() {
	if e.fd < 0 || e.lost != nil {
		e.forgetOutput()
		return
	}
	for _, piece := range e.queue.pieces {
		e.waits.send(piece, stream.Borrow)
	}
	e.queue.clear(stream.GiveBack)
	switch {
	case e.waits.empty():
		e.answers = false
	case e.stuck.IsZero():
		e.stuck = e.flow.loop.Now().Add(e.flow.writing)
	}
}

func (e *flowEnd) forgetOutput() {
	e.stuck = time.Time{}
	e.waits.clear(stream.GiveBack)
	e.queue.clear(stream.GiveBack)
}

// sendEnd tells a side, after everything was written to it, that this was all.
func (f *Flow) sendEnd(to Side) {
	e := &f.ends[to]
	if e.finishing && !e.finished && !e.hanging && e.fd >= 0 && e.waits.empty() && !f.upgrades(e) {
		if e.sayEnd(); !e.waits.empty() {
			return
		}
		e.finished = true
		_ = stream.CloseWrite(e.fd) // what fails here fails at the next read, too
	}
}

// hangup closes a side that the protocol hung up and that everything was written to. The client is given time to read.
func (f *Flow) hangup(side Side) {
	e := &f.ends[side]
	if !e.hanging || e.fd < 0 || e.lingers > 0 || !e.waits.empty() && !e.resets || f.upgrades(e) {
		return
	}
	e.drop(len(e.input))
	if e.resets {
		stream.ResetOnClose(e.fd)
	} else if e.sayEnd(); !e.waits.empty() {
		return
	}
	if e.parts && e.why == nil && !e.resets {
		e.lingers, e.due = LingerBytes, f.loop.Now().Add(LingerTime)
		return
	}
	if side == Server || e.resets || e.why != nil && !isDeadline(e.why) || stream.CloseWrite(e.fd) != nil {
		e.close()
		return
	}
	e.why, e.lingers = nil, LingerBytes
	e.due = f.loop.Now().Add(LingerTime)
}

func isDeadline(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// deaf reports whether output for the side is thrown away.
func (e *flowEnd) deaf() bool { return e.fd < 0 || e.hanging || e.finishing || e.lost != nil }

var _ Exchange = (*Flow)(nil)

// Send implements Exchange.
func (f *Flow) Send(to Side, b []byte) {
	if e := &f.ends[to]; !e.deaf() {
		e.answers = e.answers || !f.offering || f.from == to
		e.queue.send(b, stream.Borrow)
	}
}

// Pass implements Exchange.
func (f *Flow) Pass(to Side, b []byte) {
	switch e := &f.ends[to]; {
	case e.deaf() || len(b) == 0:
	case !f.offering || e.queue.fits(b):
		f.Send(to, b)
	default:
		e.queue.pass(b, f.from)
	}
}

// Probe implements Exchange.
func (f *Flow) Probe(from Side) bool {
	e := &f.ends[from]
	return e.fd >= 0 && (len(e.input) > 0 && !(f.offering && f.from == from) || stream.Peek(e.fd))
}

// Await implements Exchange.
func (f *Flow) Await(from Side, limit time.Duration) {
	e := &f.ends[from]
	if e.fd < 0 || e.hanging {
		return
	}
	e.due = time.Time{}
	if limit > 0 {
		e.due = f.loop.Now().Add(limit)
	}
}

var _ Keeper = (*Flow)(nil)

// MayKeep implements Keeper.
func (f *Flow) MayKeep() bool { return f.spare != nil && f.ends[Server].tls == nil }

// Keep implements Keeper.
func (f *Flow) Keep(greeting []byte) {
	e := &f.ends[Server]
	e.kept, e.told = greeting, true
}

// Ask implements Exchange.
func (f *Flow) Ask(question func()) {
	if f.question != nil {
		panic("proxy: the protocol asks while its last question is not answered")
	}
	f.question = question
}

// Finish implements Exchange.
func (f *Flow) Finish(to Side) { f.ends[to].finishing = true }

// Reset implements Exchange.
func (f *Flow) Reset(side Side) {
	e := &f.ends[side]
	e.hanging, e.resets = true, true
	e.forgetOutput()
}

// Wake implements Exchange.
func (f *Flow) Wake(after time.Duration) {
	f.woken = false
	f.loop.Set(&f.alarm, f.loop.Now().Add(after), f.ring)
}

// Hangup implements Exchange.
func (f *Flow) Hangup(side Side) { f.ends[side].hanging = true }

var _ Parter = (*Flow)(nil)

// Part implements Parter.
func (f *Flow) Part(side Side) { f.ends[side].hanging, f.ends[side].parts = true, true }
