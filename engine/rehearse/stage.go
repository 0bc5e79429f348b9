package rehearse

import (
	"context"
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
	return stream.Dial(ctx, stream.Addr{AddrPort: o.address()}, stream.Source{})
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
	o := startOrigin(l, target, r.recorder, r.store)
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
