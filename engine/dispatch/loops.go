package dispatch

import (
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"zorpgo/engine/poll"
	"zorpgo/engine/proxy"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// worker is one loop and the flows on it.
type worker struct {
	*service.Loop
	flows map[*proxy.Flow]bool // begun and not over; for Cut
	cut   bool
}

// loops makes n workers that run until Close.
func (d *Dispatcher) loops(n int) {
	if n > 0 {
		d.reserve = newReserve()
	}
	for range n {
		l, err := poll.New()
		if err != nil {
			d.options.Log.Warn("sessions are not kept on loops", "error", err)
			return
		}
		w := &worker{Loop: service.NewLoop(l), flows: map[*proxy.Flow]bool{}}
		d.workers = append(d.workers, w)
		d.spinning.Go(w.Run)
	}
}

// Listener is a socket that the workers accept from.
type Listener struct {
	fd      int
	workers []*worker
	accepts []*acceptor
}

// Accept has the workers accept from l, whose socket it takes over; nil: l is not for them, Serve must be used. The
// connections of a listener that is not direct are intercepted ones.
func (d *Dispatcher) Accept(l net.Listener, direct bool) *Listener {
	if wrapped, ok := l.(interface{ Unwrap() net.Listener }); ok {
		l = wrapped.Unwrap()
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok || len(d.workers) == 0 {
		return nil
	}
	fd, err := take(tcp)
	if err != nil {
		return nil
	}
	_ = stream.NoDelay(fd) // its connections have it from it
	own := &Listener{fd: fd, workers: d.workers}
	for _, w := range d.workers {
		a := &acceptor{d: d, w: w, fd: fd, at: addrPort(l.Addr()), direct: direct}
		own.accepts = append(own.accepts, a)
		w.Post(a.resume)
	}
	tcp.Close()
	return own
}

// take duplicates the socket of l, so that it is this package's alone once l is closed.
func take(l *net.TCPListener) (fd int, err error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return -1, err
	}
	if failed := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil {
		return -1, failed
	}
	return fd, err
}

// Close ends accepting; when it returns no worker accepts any more.
func (l *Listener) Close() {
	done := make(chan struct{}, len(l.accepts))
	for i, a := range l.accepts {
		if !l.workers[i].Post(func() { a.stop(); done <- struct{}{} }) {
			done <- struct{}{}
		}
	}
	for range l.accepts {
		<-done
	}
	unix.Close(l.fd)
}

// acceptor is a listener on one worker.
type acceptor struct {
	d        *Dispatcher
	w        *worker
	fd       int
	at       netip.AddrPort
	direct   bool
	patience backOff
	timer    poll.Timer
	on       bool
}

// resume accepts, at first or again. Of the workers that wait only one is woken.
func (a *acceptor) resume() {
	if err := a.w.Add(a.fd, unix.EPOLLIN|unix.EPOLLEXCLUSIVE, a); err != nil {
		a.d.failures.Add(1)
		a.w.Set(&a.timer, a.w.Now().Add(a.patience.next(a.d.options.Log, err)), a.resume)
		return
	}
	a.on = true
}

func (a *acceptor) pause() {
	if a.on {
		a.w.Forget(a.fd, false)
		a.on = false
	}
}

func (a *acceptor) stop() {
	a.pause()
	a.w.Stop(&a.timer)
}

// acceptBurst bounds how many connections are taken before the sessions have their turn.
const acceptBurst = 16

// Ready implements poll.Handler.
func (a *acceptor) Ready(uint32) {
	for range acceptBurst {
		fd, peer, err := stream.Accept(a.fd)
		switch err {
		case nil:
			a.patience = 0
			a.accepted(fd, peer)
		case unix.EAGAIN:
			return
		case unix.EINTR, unix.ECONNABORTED:
		default: // no descriptors, no memory: it will be better
			a.d.failures.Add(1)
			a.pause()
			a.w.Set(&a.timer, a.w.Now().Add(a.patience.next(a.d.options.Log, os.NewSyscallError("accept", err))), a.resume)
			return
		}
	}
}

func (a *acceptor) local(fd int) netip.AddrPort {
	if !a.direct || a.at.Addr().IsUnspecified() {
		return stream.LocalAddr(fd)
	}
	return a.at
}

// accepted takes one connection to a session on the loop, or to one with goroutines: if its service needs that, with
// what was decided here; if the decision itself does (an interface is asked for, a PROXY header read), before it.
func (a *acceptor) accepted(fd int, client netip.AddrPort) {
	d, w := a.d, a.w
	d.sessions.Add(1)
	d.running.Add(1)
	p, local := d.policy.Load(), a.local(fd)
	if p.ifaces || w.cut || len(p.front(local)) > 0 {
		d.hand(fd, func(conn net.Conn) { d.handle(conn, client, a.direct) })
		return
	}
	s := d.begin(p, client, local, a.direct)
	f := p.flow(s, nil)
	v, reason := p.decide(s, &f)
	p.hits.count(s)
	if v == nil {
		reset(fd)
		d.refused(p, s, reason)
		d.left()
		return
	}
	if d.full() {
		d.hand(fd, func(conn net.Conn) { d.handleMet(met{p, s, v}, conn) })
		return
	}
	flow, ok := v.RunOn(w.Loop, &p.env, s, fd, func(f *proxy.Flow) {
		delete(w.flows, f)
		d.ended(s)
		d.left()
	})
	switch {
	case !ok:
		d.hand(fd, func(conn net.Conn) { d.handleMet(met{p, s, v}, conn) })
	case flow != nil && !flow.IsOver():
		w.flows[flow] = true
	}
}

// hand gives a connection to a goroutine of its own, which takes it to its end. A socket whose peer has reset it does
// not tell the peer any more.
func (d *Dispatcher) hand(fd int, take func(net.Conn)) {
	conn, err := d.reserve.conn(fd)
	if err != nil {
		d.failures.Add(1)
		d.options.Log.Error("connection lost", "error", err)
		d.left()
		return
	}
	go take(stream.NoKeepAlive(conn))
}

func (d *Dispatcher) left() {
	d.running.Add(-1)
	d.sessions.Done()
}

// cutLoops ends all flows.
func (d *Dispatcher) cutLoops() {
	for _, w := range d.workers {
		w.Post(func() {
			w.cut = true
			w.Empty()
			for f := range w.flows {
				f.Session().Deny(session.AbortedByPolicyAction, session.Cut)
				f.Cut()
			}
		})
	}
}

// Close ends the workers; no session may be left.
func (d *Dispatcher) Close() {
	for _, w := range d.workers {
		w.Loop.Close()
	}
	d.spinning.Wait()
	if d.reserve != nil {
		d.reserve.close()
	}
}

// reset closes fd so that the peer sees a reset.
func reset(fd int) {
	stream.ResetOnClose(fd)
	unix.Close(fd)
}
