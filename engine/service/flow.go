package service

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/chain"
	"zorpgo/engine/encryption"
	"zorpgo/engine/limit"
	"zorpgo/engine/poll"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// RunOn is Run on a loop: it begins one session over client, a socket that it owns from then on, and over is called at
// the end. False: the service may have to wait for something before or while it connects, or a limit refuses the
// session; nothing was done, Run must do it.
func (v *Service) RunOn(l *Loop, env *Env, s *session.Session, client int, over func(*proxy.Flow)) (*proxy.Flow, bool) {
	aimer, aims := v.chainer().(chain.Aimer)
	prompt, quick := v.Class.(proxy.Prompt)
	if !aims || !quick || !prompt.Prompt() || !v.prompt() {
		return nil, false
	}
	pass, refusing := v.enter(s)
	if refusing != limit.None {
		return nil, false
	}
	v.number(env, s)
	f := &flow{run: run{service: v, env: env, session: s}, pass: pass, loop: l, aimer: aimer, over: over, server: -1}
	if !f.begin(client) {
		stream.Close(client)
		f.end(nil, nil)
	}
	return f.Flow, true
}

// flow is a session on a loop, until its server side is connected.
type flow struct {
	run
	*proxy.Flow
	pass  limit.Pass
	loop  *Loop
	aimer chain.Aimer
	over  func(*proxy.Flow)

	search  chain.Search
	aim     chain.Aim
	server  int // being connected to; -1: none
	timer   poll.Timer
	retried bool
}

// begin has the protocol made and the server side connected; false: the session ended before it began.
func (f *flow) begin(client int) (begun bool) {
	defer func() {
		if crash := recover(); crash != nil {
			f.bug(crash)
			if begun = f.Flow != nil; begun {
				f.Cut()
			}
		}
	}()
	if f.service.Keepalive&KeepaliveClient != 0 {
		_ = unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1) // what fails here fails at the first read
	}
	protocol, connect, ok := f.prepare()
	if !ok {
		return false
	}
	var err error
	if f.Flow, err = proxy.Begin(f.loop.Loop, protocol, f.session, client, f.end); err != nil {
		f.session.Deny(session.DeniedByUnknownFail, err.Error())
		protocol.Close()
		return false
	}
	if p := f.session.Encryption; p != nil && p.Client.Mode == encryption.Implicit {
		f.Encrypt(func() { f.seek(connect) })
		return true
	}
	f.seek(connect)
	return true
}

// seek begins with the server side, if there is to be one.
func (f *flow) seek(wanted bool) {
	if !wanted {
		f.Unconnected(proxy.ErrNoServer)
		return
	}
	f.search = f.aimer.Search(f.session, f.service.plan(f.session))
	f.connect()
}

// connect goes from target to target until one takes its time, or none is left.
func (f *flow) connect() {
	defer f.outlive()
	for waits := false; !waits; waits = f.open() {
		var err error
		if f.aim, err = f.search.Next(); err != nil {
			f.Unconnected(err)
			return
		}
		f.retried = false
	}
}

// outlive ends a session that met a bug while it connected, and it alone.
func (f *flow) outlive() {
	if crash := recover(); crash != nil {
		f.bug(crash)
		f.Cut()
	}
}

// open begins the connection to a server; false: it has failed at once. A source port that the client's last
// connection has just left is tried again once.
func (f *flow) open() (waits bool) {
	if f.resume() {
		return true
	}
	server, err := stream.Open(f.aim.To, chain.Source(f.aim.From))
	if err == nil {
		if err = f.loop.Add(server, proxy.FlowEvents, f); err != nil {
			stream.Close(server)
		}
	}
	switch {
	case err == nil:
		f.server = server
		if f.aim.Limit > 0 {
			f.loop.Set(&f.timer, f.loop.Now().Add(f.aim.Limit), f.late)
		}
	case errors.Is(err, unix.EADDRINUSE) && !f.retried:
		f.retried = true
		f.loop.Set(&f.timer, f.loop.Now().Add(stream.ReuseDelay), f.reopen)
	default:
		f.search.Failed(err, false)
		return false
	}
	return true
}

// resume goes on with a connection that an earlier session left.
func (f *flow) resume() bool {
	if !f.pools() {
		return false
	}
	s := f.loop.take(place{f.service.Name, f.aim.To})
	if s == nil {
		return false
	}
	f.reached(s.fd)
	f.Resumed(s.fd, s.greeting)
	return true
}

// pools reports whether the connection may be one of several sessions: only where the server cannot tell them apart.
func (f *flow) pools() bool {
	size, _ := f.pool()
	return size > 0 && f.aim.From == route.Local{} && len(f.aim.First) == 0 && f.aim.TLS == nil
}

func (f *flow) pool() (size int, limit time.Duration) {
	if class, ok := f.service.Class.(proxy.Pooled); ok {
		return class.Pool()
	}
	return 0, 0
}

func (f *flow) reopen() {
	defer f.outlive()
	if !f.open() {
		f.connect()
	}
}

// Ready implements poll.Handler: the server answered.
func (f *flow) Ready(events uint32) {
	if events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
		return
	}
	defer f.outlive()
	f.loop.Stop(&f.timer)
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		if err := stream.Opened(f.server, f.aim.To, chain.Source(f.aim.From)); err != nil {
			f.drop()
			f.goOn(err)
			return
		}
	}
	f.arrived(events)
}

func (f *flow) arrived(events uint32) {
	if f.service.Keepalive&KeepaliveServer != 0 {
		_ = unix.SetsockoptInt(f.server, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	}
	if first := f.aim.First; len(first) > 0 {
		if _, err := stream.Write(f.server, first); err != nil { // a fresh connection takes it whole
			f.drop()
			f.goOn(err)
			return
		}
	}
	server := f.server
	f.server = -1
	if f.aim.TLS != nil {
		f.Reached(server, events, func(err error) {
			if err != nil {
				f.goOn(f.aim.Unencrypted(err))
				return
			}
			f.reached(server)
		})
		return
	}
	f.reached(server)
	f.Connected(server, events)
}

// reached records the connection, and has it left to others after this session if it may be.
func (f *flow) reached(server int) {
	var local netip.AddrPort
	if f.aim.To.Path == "" {
		local = stream.LocalAddr(server)
	}
	f.search.Arrived(local)
	if !f.pools() {
		return
	}
	at, loop := place{f.service.Name, f.aim.To}, f.loop
	size, limit := f.pool()
	f.Spare(func(fd int, greeting []byte) { loop.park(at, fd, greeting, size, limit) })
}

// late gives up a server that does not answer.
func (f *flow) late() {
	defer f.outlive()
	f.drop()
	f.goOn(timedOut{})
}

func (f *flow) drop() {
	f.loop.Forget(f.server, true)
	stream.Close(f.server)
	f.server = -1
}

// goOn tries the next server after one has failed.
func (f *flow) goOn(err error) {
	f.search.Failed(err, false)
	f.connect()
}

// end is the end of the session.
func (f *flow) end(_ *proxy.Flow, crash any) {
	if crash != nil {
		f.bug(crash)
	}
	if f.loop.Stop(&f.timer); f.server >= 0 { // cut while it was connecting
		f.drop()
	}
	f.service.counter().table.Leave(f.pass)
	f.over(f.Flow)
}

// timedOut is a net.Error as package net has it.
type timedOut struct{}

func (timedOut) Error() string { return "connect: timed out" }
func (timedOut) Timeout() bool { return true }
