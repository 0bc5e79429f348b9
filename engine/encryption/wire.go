package encryption

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"zorpgo/engine/stream"
)

// Wire is the connection below one that Accept or Connect made encrypted. Its end without TLS's own end is an error:
// crypto/tls would take it for the end of what was sent (RFC 8446 §6.1).
type Wire struct {
	net.Conn
	quick     *stream.Quick // moves the bytes; nil: Conn does
	fd        int           // read without waiting; -1: Conn is read
	protocols []string      // that are spoken, by their ALPN names; nil: not known
	refused   error         // why the client is, in better words than those of crypto/tls
}

// WireOf is the Wire below c, or nil.
func WireOf(c *tls.Conn) *Wire {
	w, _ := c.NetConn().(*Wire)
	return w
}

// Bare is the connection that carries conn: the one below its TLS, or conn itself.
func Bare(conn net.Conn) net.Conn {
	if c, ok := conn.(*tls.Conn); ok {
		if w := WireOf(c); w != nil {
			return w.Conn
		}
		return c.NetConn()
	}
	return conn
}

func newWire(conn net.Conn) *Wire {
	w := &Wire{Conn: conn, fd: -1}
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			w.quick = new(stream.Quick)
			w.quick.Open(raw)
		}
	}
	return w
}

// From makes Read read the socket fd, which must be conn's own, and answer ErrWait where it would have to wait; reading
// goes on after that as if nothing had been.
func (w *Wire) From(fd int) { w.fd = fd }

// ErrWait is the answer of a Read that does not wait.
var ErrWait net.Error = wait{}

// ErrCut is the end of a connection that did not end as TLS does: something may be missing.
var ErrCut = errors.New("connection closed without the end that TLS has for it")

// Read implements net.Conn.
func (w *Wire) Read(b []byte) (n int, err error) {
	switch {
	case w.fd >= 0:
		n, err = w.readNow(b)
	case w.quick != nil:
		n, err = w.quick.Read(b)
	default:
		n, err = w.Conn.Read(b)
	}
	if err == io.EOF {
		err = ErrCut
	}
	return n, err
}

// Write implements net.Conn.
func (w *Wire) Write(b []byte) (int, error) {
	if w.quick != nil {
		return w.quick.Write(b)
	}
	return w.Conn.Write(b)
}

func (w *Wire) readNow(b []byte) (int, error) {
	for {
		switch n, err := stream.Read(w.fd, b); {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return 0, ErrWait
		case err != nil:
			return 0, &net.OpError{Op: "read", Net: "tcp", Err: err}
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// wait is temporary: crypto/tls takes any other error for the end.
type wait struct{}

func (wait) Error() string   { return "nothing to read yet" }
func (wait) Timeout() bool   { return true }
func (wait) Temporary() bool { return true }

// offered are the protocols that TLS is to choose from for a client that says what it wants to speak. One that wants
// something else alone is refused by TLS: its bytes would be taken for what they are not (ALPACA, CVE-2021-3618).
func offered(hello *tls.ClientHelloInfo) []string {
	w, ok := hello.Conn.(*Wire)
	if !ok || len(w.protocols) == 0 || len(hello.SupportedProtos) == 0 {
		return nil
	}
	if !slices.ContainsFunc(hello.SupportedProtos, func(name string) bool { return slices.Contains(w.protocols, name) }) {
		w.refused = fmt.Errorf("the client wants another protocol than %s (ALPN)", w.protocols[0])
	}
	return w.protocols
}
