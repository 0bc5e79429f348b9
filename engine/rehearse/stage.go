package rehearse

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"

	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// listen opens the loopback listener that stands for a listener of the policy.
func (r *Rehearsal) listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	l, err := loopback(ctx, at.String())
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.really[at] = addrPort(l.Addr())
	return l, nil
}

// present gives the rules the client that is played and the policy's own listener.
func (r *Rehearsal) present(conn net.Conn) (client, local netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.stage[addrPort(conn.LocalAddr())]
	return e.Client, e.At
}

// play makes e what the next client of its listener is.
func (r *Rehearsal) play(e Entrance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stage[e.Really] = e
	r.received = nil
}

// dial connects to the origin that plays a server; a wanted source address is only shown, see Describe.
func (r *Rehearsal) dial(ctx context.Context, to stream.Addr, _ route.Local) (net.Conn, error) {
	o, err := r.origin(ctx, to)
	if err != nil {
		return nil, err
	}
	conn, err := stream.Dial(ctx, stream.Addr{AddrPort: o.address()}, stream.Source{})
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		return &unannounced{TCPConn: tcp}, nil
	}
	return conn, err
}

// unannounced keeps a PROXY header from an origin that is not told of clients in that way.
type unannounced struct {
	*net.TCPConn
	begun bool
}

// Write leaves out a header at the beginning.
func (u *unannounced) Write(b []byte) (int, error) {
	first := !u.begun
	u.begun = true
	if first && (bytes.HasPrefix(b, []byte("PROXY ")) || bytes.HasPrefix(b, []byte("\r\n\r\n\x00\r\nQUIT\n"))) {
		return len(b), nil
	}
	return u.TCPConn.Write(b)
}

// ReadFrom goes by Write.
func (u *unannounced) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{u}, r)
}

// origin is the one that plays target; it is started if there is none.
func (r *Rehearsal) origin(ctx context.Context, target stream.Addr) (*origin, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o := r.origins[target.String()]; o != nil {
		return o, nil
	}
	l, err := loopback(ctx, target.String())
	if err != nil {
		return nil, err
	}
	o := startOrigin(l, target, r.recorder, tellsServers(r.options.Config), r.store)
	r.origins[target.String()] = o
	return o, nil
}

// store keeps a message for Send and tells of it.
func (r *Rehearsal) store(m Received) {
	r.mu.Lock()
	r.received = append(r.received, m)
	r.mu.Unlock()
	if r.options.Received != nil {
		r.options.Received(m)
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
