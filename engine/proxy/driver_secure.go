package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/stream"
)

// secureTurn is a side's way into TLS. While there is one the protocol is not called; all of it is guarded by the
// driver's lock.
type secureTurn struct {
	end  *end // nil: there is none
	over bool // the handshake has ended, with err
	err  error
}

func (t *secureTurn) of(e *end) bool { return t.end == e }

// Secure implements Exchange. The handshake is done by the side's own goroutine, which may be waiting for bytes.
func (d *driver) Secure(side Side) {
	if d.turn.end != nil {
		panic("proxy: the protocol begins TLS twice")
	}
	e := &d.ends[side]
	d.turn = secureTurn{end: e}
	if e.conn == nil || e.hanging {
		d.turn.over, d.turn.err = true, io.ErrClosedPipe
		return
	}
	e.armed = time.Unix(1, 0)
	e.conn.SetReadDeadline(e.armed)
}

// tellSecured tells the protocol once how its Secure ended.
func (d *driver) tellSecured() bool {
	e := d.turn.end
	if e == nil {
		return false
	}
	if !d.turn.over && e.why != nil { // its goroutine reads no more
		d.secured(e, nil, e.why)
	}
	if !d.turn.over {
		return false
	}
	err := d.turn.err
	d.turn = secureTurn{}
	d.p.(Securer).Secured(d, e.side, err)
	return d.called()
}

// secure does the handshake of a side, on its goroutine. What came before it in clear is not used: neither what was read
// already nor what waits to be.
func (d *driver) secure(e *end) {
	if e.unused() > 0 || e.probe() {
		d.secured(e, nil, ErrInjected)
		return
	}
	if !e.queue.empty() || e.busy {
		d.writeOut(e)
	}
	switch {
	case d.dead || !d.turn.of(e):
		return
	case e.lost != nil:
		d.secured(e, nil, e.lost)
		return
	}
	e.release()
	e.due, e.armed, e.writable = time.Time{}, time.Time{}, time.Time{}
	e.conn.SetDeadline(time.Time{})
	conn, err := d.handshake(e.side)
	d.secured(e, conn, err)
}

// handshake runs without the lock.
func (d *driver) handshake(side Side) (*tls.Conn, error) {
	d.mu.Unlock()
	defer d.mu.Lock()
	ctx, cancel := context.WithTimeout(d.ctx, d.shake)
	defer cancel()
	policy, conn := d.s.Encryption, d.ends[side].conn
	switch {
	case policy == nil:
		return nil, ErrPlain
	case side == Client:
		return policy.Client.Accept(ctx, conn, d.s.ALPN...)
	}
	return policy.Server.Connect(ctx, conn, d.s.Server.AddrPort)
}

// secured records how the handshake of a side ended. There is no way back into clear text: the side is closed if it failed.
func (d *driver) secured(e *end, conn *tls.Conn, err error) {
	d.turn.over, d.turn.err = true, err
	if err == nil {
		e.encrypt(conn)
		d.s.Encrypted(e.side.String(), conn)
		return
	}
	d.s.NotEncrypted(e.side.String(), err)
	d.forget(e.queue)
	e.hanging = true
}

// sayEnd tells a peer under TLS that what it was sent is complete (RFC 8446 §6.1).
func (e *end) sayEnd() {
	ended := e.why == nil || e.why == io.EOF || errors.Is(e.why, os.ErrDeadlineExceeded)
	if e.tls != nil && e.lost == nil && ended && !e.finished {
		_ = e.tls.CloseWrite() // nobody is left who could be told
	}
}

// tryTLS is try through TLS: where much comes, records are gathered as long as there is room for one.
func (e *end) tryTLS(fd int) bool {
	if e.buf == nil {
		e.buf = e.take(e.size)
	}
	e.arrival.Store(trying)
	e.wire.From(fd)
	n, err := e.tls.Read(e.buf[e.last:])
	for more := n; err == nil && more > 0 && len(e.buf) > stream.SmallBuffer && e.last+n < len(e.buf); n += more {
		more, err = e.tls.Read(e.buf[e.last+n:])
	}
	if n > 0 { // an error comes again
		e.arrival.Store(arrived)
		e.socket.n, e.socket.err = n, nil
		return true
	}
	e.arrival.Store(waiting)
	if !e.kept {
		e.release()
	}
	e.socket.n, e.socket.err = 0, err
	return err != encryption.ErrWait
}
