package stream

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// listen opens a listener that keeps what it accepts, and returns where it is.
func listen(t *testing.T, at string) (Addr, <-chan net.Conn) {
	t.Helper()
	l, err := Listen(t.Context(), netip.MustParseAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for len(conns) > 0 {
			(<-conns).Close()
		}
	})
	return Addr{AddrPort: l.Addr().(*net.TCPAddr).AddrPort()}, conns
}

func needForging(t *testing.T) {
	t.Helper()
	if err := CanForge(IPv4); err != nil {
		t.Skip("may not forge addresses: ", err)
	}
}

func dial(t *testing.T, to Addr, from Source) netip.AddrPort {
	t.Helper()
	conn, err := Dial(t.Context(), to, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.TCPAddr).AddrPort()
}

func option(t *testing.T, conn net.Conn, level, name int) int {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	value := 0
	var failed error
	if err := raw.Control(func(fd uintptr) { value, failed = unix.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	return value
}

func TestNoKeepAliveUnlessAsked(t *testing.T) {
	to, accepted := listen(t, "127.0.0.1:0")
	client, err := Dial(t.Context(), to, Source{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := <-accepted
	defer server.Close()
	for _, c := range []net.Conn{client, server} {
		if option(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE) != 0 {
			t.Error("keep-alive is on")
		}
		if err := KeepAlive(c); err != nil || option(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE) == 0 {
			t.Error("keep-alive is not on:", err)
		}
	}
}

func TestInheritedListenerHasNoKeepAlive(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := Inherit(l).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if option(t, server, unix.SOL_SOCKET, unix.SO_KEEPALIVE) != 0 {
		t.Error("keep-alive is on")
	}
}

func TestResetIsSeen(t *testing.T) {
	to, accepted := listen(t, "127.0.0.1:0")
	client, err := Dial(t.Context(), to, Source{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := Reset(<-accepted); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("read: %v, want a reset", err)
	}
}
