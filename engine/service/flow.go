package service

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/chain"
	"zorpgo/engine/poll"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// RunOn is Run on a loop: it begins one session over client, a socket that it owns from then on, and over is called at
// the end. False: the service may have to wait for something before or while it connects, or has all the sessions it
// may have; nothing was done, Run must do it.
func (v *Service) RunOn(l *poll.Loop, env *Env, s *session.Session, client int, over func(*proxy.Flow)) (*proxy.Flow, bool) {
	aimer, aims := v.chainer().(chain.Aimer)
	prompt, quick := v.Class.(proxy.Prompt)
	c := v.counter()
	if !aims || !quick || !prompt.Prompt() || !c.enter(v.MaxInstances) {
		return nil, false
	}
	v.number(env, s)
	f := &flow{run: run{service: v, env: env, session: s}, loop: l, aimer: aimer, over: over}
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
	loop  *poll.Loop
	aimer chain.Aimer
	over  func(*proxy.Flow)

	plan    route.Plan
	to      stream.Addr
	server  int
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
	if f.Flow, err = proxy.Begin(f.loop, protocol, f.session, client, f.end); err != nil {
		f.session.Deny(session.DeniedByUnknownFail, err.Error())
		protocol.Close()
		return false
	}
	if !connect {
		f.Unconnected(proxy.ErrNoServer)
		return true
	}
	f.plan = f.service.plan(f.session)
	f.connect()
	return true
}

func (f *flow) connect() {
	var limit time.Duration
	var err error
	if f.to, limit, err = f.aimer.Aim(f.session, f.plan); err != nil {
		f.Unconnected(err)
		return
	}
	if f.open(); f.server >= 0 && limit > 0 {
		f.loop.Set(&f.timer, f.loop.Now().Add(limit), f.late)
	}
}

// open begins the server connection; what it says at once is the end of it. A source port that the client's last
// connection has just left is tried again once.
func (f *flow) open() {
	var err error
	f.server, err = stream.Open(f.to, chain.Source(f.plan.Local))
	if err == nil {
		err = f.loop.Add(f.server, proxy.FlowEvents, f)
	}
	switch {
	case err == nil:
	case errors.Is(err, unix.EADDRINUSE) && !f.retried:
		f.retried = true
		f.loop.Set(&f.timer, f.loop.Now().Add(stream.ReuseDelay), f.open)
	default:
		f.fail(err)
	}
}

// Ready implements poll.Handler: the server answered.
func (f *flow) Ready(events uint32) {
	if events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
		return
	}
	f.loop.Stop(&f.timer)
	if err := stream.Opened(f.server, f.to, chain.Source(f.plan.Local)); err != nil {
		f.drop()
		f.fail(err)
		return
	}
	f.arrived(events)
}

func (f *flow) arrived(events uint32) {
	var local netip.AddrPort
	if f.to.Path == "" {
		local = stream.LocalAddr(f.server)
	}
	f.aimer.Arrived(f.session, local)
	if f.service.Keepalive&KeepaliveServer != 0 {
		_ = unix.SetsockoptInt(f.server, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	}
	f.Connected(f.server, events)
}

// late gives up a server that does not answer.
func (f *flow) late() {
	f.drop()
	f.fail(timedOut{})
}

func (f *flow) drop() {
	f.loop.Forget(f.server, true)
	stream.Close(f.server)
	f.server = -1
}

func (f *flow) fail(err error) { f.Unconnected(f.aimer.Failed(f.session, f.plan, err)) }

// end is the end of the session.
func (f *flow) end(_ *proxy.Flow, crash any) {
	if crash != nil {
		f.bug(crash)
	}
	f.service.counter().leave()
	f.over(f.Flow)
}

// timedOut is a net.Error as package net has it.
type timedOut struct{}

func (timedOut) Error() string { return "connect: timed out" }
func (timedOut) Timeout() bool { return true }
