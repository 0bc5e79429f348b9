package stream

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// The last words and the end come in one segment; by Write, in two.
func TestWriteMore(t *testing.T) {
	for name, write := range map[string]func(int, []byte) (int, error){"WriteMore": WriteMore, "Write": Write} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		before := segments(t, peer)
		onSocket(t, conn, func(fd int) {
			if n, err := write(fd, []byte("221 bye\r\n")); n != 9 || err != nil {
				t.Errorf("%s: %d, %v", name, n, err)
			}
			if err := CloseWrite(fd); err != nil {
				t.Error(err)
			}
		})
		if b, err := io.ReadAll(peer); string(b) != "221 bye\r\n" || err != nil {
			t.Errorf("%s: the peer got %q, %v", name, b, err)
		}
		if got, want := segments(t, peer)-before, map[string]uint32{"WriteMore": 1, "Write": 2}[name]; got != want {
			t.Errorf("%s: %d segments, want %d", name, got, want)
		}
		peer.Close()
		conn.Close()
		l.Close()
	}
}

// segments is how many have come.
func segments(t *testing.T, conn net.Conn) (n uint32) {
	onSocket(t, conn, func(fd int) {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		n = info.Segs_in
	})
	return n
}

func onSocket(t *testing.T, conn net.Conn, f func(fd int)) {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a listener is told of Nagle's algorithm, its connections have.
func TestNoDelayIsInherited(t *testing.T) {
	for name, want := range map[string]int{"told": 1, "not told": 0} {
		listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer Close(listener)
		if want == 1 && NoDelay(listener) != nil || unix.Listen(listener, 1) != nil {
			t.Fatal("no listener")
		}
		peer, err := net.Dial("tcp", LocalAddr(listener).String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		fd, _, err := Accept(listener)
		if err != nil {
			t.Fatal(err)
		}
		defer Close(fd)
		if got, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}
