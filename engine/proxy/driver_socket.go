package proxy

import (
	"io"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"zorpgo/engine/stream"
)

// socket reads a connection through its descriptor: waiting and reading are one step, so that a buffer is held only
// for the moment of an attempt. Its functions are made once for a connection: a closure for each read would be garbage.
type socket struct {
	raw    syscall.RawConn // nil: the connection is no plain socket
	quick  stream.Quick    // writes to it
	try    func(fd uintptr) bool
	peek   func(fd uintptr) // made by the first probe
	n      int              // what try read
	err    error
	peeked bool
}

// open makes the socket that reads c for e.
func (s *socket) open(c syscall.Conn, e *end) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	s.raw = raw
	s.quick.Open(raw)
	s.try = func(fd uintptr) bool {
		if e.tls != nil {
			return e.tryTLS(int(fd))
		}
		return e.try(int(fd))
	}
}

// receive waits until try has got bytes, the end, or an error.
func (s *socket) receive() (int, error) {
	if err := s.raw.Read(s.try); err != nil {
		return 0, err
	}
	return s.n, s.err
}

// try reads what is there behind last; false: there is nothing, and an idle buffer is given back.
func (e *end) try(fd int) bool {
	if e.buf == nil {
		e.buf = e.take(e.size)
	}
	e.arrival.Store(trying)
	n, err := stream.Read(fd, e.buf[e.last:])
	for err == unix.EINTR {
		n, err = stream.Read(fd, e.buf[e.last:])
	}
	if n > 0 {
		e.arrival.Store(arrived)
		e.socket.n, e.socket.err = n, nil
		return true
	}
	e.arrival.Store(waiting)
	if !e.kept {
		e.release()
	}
	if err == unix.EAGAIN {
		return false
	}
	e.socket.n, e.socket.err = 0, io.EOF
	if err != nil {
		e.socket.err = os.NewSyscallError("read", err)
	}
	return true
}

// probe reports whether the peer sent something that is not in the end's buffer yet. What the reader has in hand
// counts: the socket is asked first, since bytes only go from there to the reader.
func (e *end) probe() bool {
	if e.socket.raw != nil {
		if e.socket.peek == nil {
			e.socket.peek = func(fd uintptr) { e.socket.peeked = stream.Peek(int(fd)) }
		}
		e.socket.peeked = false
		if e.socket.raw.Control(e.socket.peek) == nil && e.socket.peeked {
			return true
		}
	}
	for e.arrival.Load() == trying {
		runtime.Gosched()
	}
	return e.arrival.Load() == arrived
}
