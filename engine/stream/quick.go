package stream

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Quick reads and writes a socket with system calls that the Go scheduler is not told of, as those of raw.go are, and
// waits for it as package net does. One goroutine may read while another writes. It may not be copied.
type Quick struct {
	raw         syscall.RawConn
	read, write job
}

// job is one direction: what is to be moved, and what became of it. Its function is made by the first call.
type job struct {
	try func(fd uintptr) bool
	b   []byte
	n   int
	err error
}

// Open makes q move bytes through the socket raw.
func (q *Quick) Open(raw syscall.RawConn) { q.raw = raw }

// once moves what can be moved now; false: nothing can.
func (j *job) once(fd int, call func(int, []byte) (int, error)) bool {
	n, err := call(fd, j.b)
	for err == unix.EINTR {
		n, err = call(fd, j.b)
	}
	j.n, j.err = max(n, 0), err
	return err != unix.EAGAIN
}

// Read implements io.Reader.
func (q *Quick) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if q.read.try == nil {
		q.read.try = func(fd uintptr) bool { return q.read.once(int(fd), Read) }
	}
	q.read.b = b
	err := q.raw.Read(q.read.try)
	q.read.b = nil
	switch {
	case err != nil:
		return 0, err
	case q.read.err != nil:
		return 0, os.NewSyscallError("read", q.read.err)
	case q.read.n == 0:
		return 0, io.EOF
	}
	return q.read.n, nil
}

// Write implements io.Writer.
func (q *Quick) Write(b []byte) (written int, err error) {
	if q.write.try == nil {
		q.write.try = func(fd uintptr) bool { return q.write.once(int(fd), Write) }
	}
	for written < len(b) && err == nil {
		q.write.b = b[written:]
		if err = q.raw.Write(q.write.try); err == nil {
			written += q.write.n
			err = os.NewSyscallError("write", q.write.err)
		}
		q.write.b = nil
	}
	return written, err
}
