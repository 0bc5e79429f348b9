package stream

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// Listen opens a TCP listener at an IP address and port; an unspecified address is all addresses of its family.
//
// Its connections have no TCP keep-alive, which would cost several system calls each; KeepAlive turns it on.
func Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return config.Listen(ctx, FamilyOf(at.Addr()).network(), at.String())
}

// Intercept opens a TCP listener at a loopback address that accepts connections to any address that the kernel leads to
// it (IP_TRANSPARENT); their local address is the one that the client wanted.
func Intercept(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	family := FamilyOf(at.Addr())
	config := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) (err error) {
		if failed := c.Control(func(fd uintptr) { err = os.NewSyscallError("setsockopt", family.setTransparent(int(fd))) }); failed != nil {
			return failed
		}
		return err
	}}
	config.SetMultipathTCP(false)
	return config.Listen(ctx, family.network(), at.String())
}

// Inherit makes of a listener that another program opened one as Listen opens it.
func Inherit(l net.Listener) net.Listener { return quiet{l} }

// quiet undoes what package net does to connections of a listener that it did not open.
type quiet struct{ net.Listener }

func (q quiet) Accept() (net.Conn, error) {
	conn, err := q.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return NoKeepAlive(conn), nil
}

// Unwrap is the listener itself.
func (q quiet) Unwrap() net.Listener { return q.Listener }

// NoKeepAlive turns off the TCP keep-alive that package net gives to sockets that it did not open.
func NoKeepAlive(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAlive(false) // what fails here fails at the first read
	}
	return conn
}

// KeepAlive turns TCP keep-alive on, with the kernel's times. Other connections than TCP are left as they are.
func KeepAlive(conn net.Conn) error {
	tcp, ok := conn.(interface{ SetKeepAlive(bool) error })
	if !ok {
		return nil
	}
	return tcp.SetKeepAlive(true)
}

// Reset closes conn so that the peer sees a reset (RST), not an end.
func Reset(conn net.Conn) error {
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0) // what fails here fails in Close, too
	}
	return conn.Close()
}
