package proxy

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/encryption"
	"zorpgo/engine/stream"
)

// flowWire is a side's connection as crypto/tls sees it. A read that would have to wait answers ErrWait, or waits if it
// is part of a handshake; a write takes everything.
type flowWire struct {
	end    *flowEnd
	wait   func() // of the handshake's task; nil: there is none
	broken error  // why nothing can be read any more
	dry    bool   // the socket had no more bytes
	corked bool   // more is about to be written
	ahead  []byte // read from the socket already: within receiveTLS, in the loop's second buffer
}

var _ net.Conn = (*flowWire)(nil)

// Read implements net.Conn.
func (w *flowWire) Read(b []byte) (n int, err error) {
	for {
		switch n, err = w.read(b); {
		case err == unix.EINTR:
		case err == encryption.ErrWait && w.wait != nil:
			w.wait()
		default:
			return n, err
		}
	}
}

func (w *flowWire) read(b []byte) (int, error) {
	switch {
	case w.broken != nil:
		return 0, w.broken
	case len(w.ahead) > 0:
		n := copy(b, w.ahead)
		w.ahead = w.ahead[n:]
		return n, nil
	case w.dry:
		return 0, encryption.ErrWait
	}
	n, err := stream.Read(w.end.fd, b)
	switch {
	case err == unix.EINTR:
		return 0, err
	case err == unix.EAGAIN:
		w.dry = true
		return 0, encryption.ErrWait
	case n <= 0: // the socket tells a reset once
		w.broken = endOf(n, err)
		return 0, w.broken
	}
	w.dry = n < len(b) && !w.end.rest
	return n, nil
}

// Write implements net.Conn.
func (w *flowWire) Write(b []byte) (int, error) {
	e := w.end
	if e.fd < 0 || e.lost != nil {
		return 0, io.ErrClosedPipe
	}
	n, err := 0, error(nil)
	for again := !w.corked && !e.full && e.waits.empty(); again; again = err == unix.EINTR {
		n, err = e.send(b)
	}
	switch {
	case err != nil && err != unix.EAGAIN:
		e.lose(os.NewSyscallError("write", err))
		return 0, e.lost
	case n < len(b):
		e.full = e.full || !w.corked
		e.waits.send(b[max(n, 0):], stream.Borrow)
	}
	return len(b), nil
}

// RemoteAddr implements net.Conn.
func (w *flowWire) RemoteAddr() net.Addr {
	s := w.end.flow.s
	if w.end.side == Client {
		return net.TCPAddrFromAddrPort(s.Client)
	}
	return net.TCPAddrFromAddrPort(s.Server.AddrPort)
}

// LocalAddr implements net.Conn.
func (w *flowWire) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }

// Close implements net.Conn; the flow closes its sockets itself, and has its own deadlines.
func (w *flowWire) Close() error { return nil }

// SetDeadline implements net.Conn.
func (w *flowWire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (w *flowWire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (w *flowWire) SetWriteDeadline(time.Time) error { return nil }

// readAhead takes much from the socket at once: crypto/tls would ask for a record or two.
func (w *flowWire) readAhead(room int) {
	if b := w.end.flow.loop.Second(); len(w.ahead) == 0 && room >= len(b) {
		if n, err := w.read(b); err == nil { // the end, or an error, is told again
			w.ahead = b[:n]
		}
	}
}

// receiveTLS is receive through TLS: as many records as there are, and b has room for.
func (e *flowEnd) receiveTLS(b []byte) (n int) {
	e.wire.readAhead(len(b))
	for err := error(nil); n < len(b) && err == nil; {
		var k int
		k, err = e.tls.Read(b[n:])
		if n += k; err == nil {
			continue
		}
		if e.more = false; err != encryption.ErrWait {
			e.stop(err)
		}
	}
	e.wire.ahead = slices.Clone(e.wire.ahead) // most often nothing: crypto/tls keeps the rest of a record itself
	countRead(e.flow.s, e.side, int64(n))
	return n
}

// maxRecord is the most that one record holds (RFC 8446 §5.1).
const maxRecord = 16 << 10

// seal has TLS take the output of this turn. What is more than a record goes out in as few writes as if it were in clear.
func (e *flowEnd) seal() {
	q := &e.queue
	switch {
	case q.empty() || e.lost != nil:
		return
	case len(q.pieces) > 1 && q.size <= together:
		b := stream.Borrow(q.size)
		e.put(q.join(b))
		stream.GiveBack(b)
	default:
		e.wire.corked = q.size > maxRecord
		for i := 0; i < len(q.pieces) && e.lost == nil; i++ {
			e.put(q.pieces[i])
		}
		e.wire.corked = false
	}
	q.clear(stream.GiveBack)
	if !e.full && !e.waits.empty() {
		e.write(&e.waits)
	}
}

// put writes b through TLS.
func (e *flowEnd) put(b []byte) {
	n, err := e.tls.Write(b)
	countWritten(e.flow.s, e.side, int64(n))
	if err != nil && e.lost == nil {
		e.lose(err)
	}
}

// sayEnd tells a peer under TLS, once, that what it was sent is complete (RFC 8446 §6.1).
func (e *flowEnd) sayEnd() {
	ended := e.why == nil || e.why == io.EOF || errors.Is(e.why, os.ErrDeadlineExceeded)
	if e.tls != nil && e.lost == nil && ended {
		_ = e.tls.CloseWrite() // nobody is left who could be told
	}
}
