package stream

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ahead is a TCP connection whose next bytes can be looked at before they are read.
type Ahead struct{ net.Conn }

// Peek fills a part of b with what the next Reads will give. It waits for the first byte, and as long as a Read would.
func (a Ahead) Peek(b []byte) (n int, err error) {
	tcp, ok := a.Conn.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("nothing can be looked at ahead: not a TCP connection but %T", a.Conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for {
			if n, _, failed = unix.Recvfrom(int(fd), b, unix.MSG_PEEK); failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed != nil:
		return 0, os.NewSyscallError("recvfrom", failed)
	case n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return n, nil
}
