package dispatch

import (
	"errors"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// reserve is a descriptor that stands for nothing: where there is no other, it makes room for the one that a socket
// needs on its way from a loop to a goroutine, for that moment.
type reserve struct {
	mu sync.Mutex
	fd int
}

func newReserve() *reserve {
	r := &reserve{}
	r.open()
	return r
}

func (r *reserve) open() {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		fd = -1 // it is tried again
	}
	r.fd = fd
}

func (r *reserve) close() {
	if r.fd >= 0 {
		unix.Close(r.fd)
		r.fd = -1
	}
}

// conn makes a connection of the socket fd, which it closes in any case.
func (r *reserve) conn(fd int) (net.Conn, error) {
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	conn, err := net.FileConn(file) // a duplicate
	if !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE) {
		return conn, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
	conn, err = net.FileConn(file)
	file.Close() // makes room for the reserve
	r.open()
	return conn, err
}
