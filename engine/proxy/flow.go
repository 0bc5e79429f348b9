package proxy

import (
	"crypto/tls"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/encryption"
	"zorpgo/engine/poll"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Flow is a session on a loop: the second driver. It needs no goroutine and, while it is idle, no buffer. All methods
// are for the loop.
//
// It is begun with the client's socket and then given the server's, or the reason why there is none; when both sides
// are closed it calls Over, once.
type Flow struct {
	loop    *poll.Loop
	p       Protocol
	s       *session.Session
	over    func(f *Flow, crash any)
	ends    [2]flowEnd
	timer   poll.Timer
	onTime  func() // late
	alarm   poll.Timer
	woken   bool          // the alarm rang
	writing time.Duration // the limit of one write
	shaking time.Duration // and of a handshake

	opening  bool  // the server side was decided
	opened   bool  // and the protocol was told
	failure  error // why there is no server side
	offering bool  // Receive runs, with bytes of side from
	from     Side
	feeding  bool
	spare    func(server int, greeting []byte) // takes the server's socket over at the end, if the protocol keeps it
	question func()                            // asked, not begun
	upgrade  *upgrade                          // under way; nil: no side is on its way into TLS
	asking   bool                              // runs on a goroutine of its own
	retired  bool                              // the protocol knows that the session is to end
	dead     bool
}

// flowEnd is one side of a flow.
type flowEnd struct {
	flow *Flow
	side Side
	fd   int       // -1: there is no such side, or it is closed
	tls  *tls.Conn // nil: the side is in clear
	wire *flowWire // between the two

	input []byte // unused bytes, in a pooled buffer; nil if there are none
	more  bool   // the socket, or TLS, may have bytes
	rest  bool   // the peer has sent its end: a read must go on until it comes
	full  bool   // the socket takes no more for now

	ending
	hungry  bool // the protocol used nothing of input and wants more
	hanging bool
	resets  bool   // it hangs up at once, with a reset
	kept    []byte // what the protocol said to Keep; nil: it did not
	parts   bool   // the peer is to close first
	lingers int    // bytes that may still be thrown away; 0: it does not linger

	finishing bool // the protocol has nothing more to send
	finished  bool // and the peer was told

	due, stuck   time.Time // what Await set; when what waits to be written is given up
	queue, waits queue     // output of this turn; what the socket did not take of earlier turns', all of it copied
	answers      bool      // not all of that comes from the other side
}

// FlowEvents are asked for once: edge-triggered, with the peer's end told apart from its bytes, so that a read that did
// not fill the buffer need not be followed by one that finds nothing.
const FlowEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// Begin makes the flow of s on l. It owns client, a non-blocking socket. over gets the panic that ended it, if one did.
func Begin(l *poll.Loop, p Protocol, s *session.Session, client int, over func(f *Flow, crash any)) (*Flow, error) {
	f := &Flow{loop: l, p: p, s: s, over: over, writing: WriteLimit, shaking: encryption.HandshakeTimeout}
	f.onTime = f.late
	if timed, ok := p.(Timed); ok {
		timed.Clock(l.Clock)
	}
	if patient, ok := p.(Patient); ok {
		f.writing = patient.WriteLimit()
	}
	for side := range f.ends {
		f.ends[side] = f.fresh(Side(side))
	}
	e := &f.ends[Client]
	if err := l.Add(client, FlowEvents, e); err != nil {
		stream.Close(client)
		return nil, err
	}
	e.fd = client
	return f, nil
}

// fresh is a side that has no socket yet.
func (f *Flow) fresh(side Side) flowEnd { return flowEnd{flow: f, side: side, fd: -1} }

// Session is the flow's session.
func (f *Flow) Session() *session.Session { return f.s }

// Connected gives the flow its server: a socket that is on the loop already, with FlowEvents, and of which events were
// told.
func (f *Flow) Connected(server int, events uint32) {
	if f.take(server) {
		f.opening = true
		f.ends[Server].Ready(events)
	}
}

// take makes the socket the server's; false: the flow is over.
func (f *Flow) take(server int) bool {
	if f.dead {
		f.loop.Forget(server, true)
		stream.Close(server)
		return false
	}
	f.ends[Server].fd = server
	f.loop.Replace(server, &f.ends[Server])
	return true
}

// Resumed is Connected with a socket that an earlier session left, and what that session said to Keep.
func (f *Flow) Resumed(server int, greeting []byte) {
	if !f.dead {
		f.ends[Server].keep(greeting)
	}
	f.Connected(server, unix.EPOLLOUT)
}

// Spare has take given the server's socket, which stays on the loop, at the end of a session whose protocol keeps it.
func (f *Flow) Spare(take func(server int, greeting []byte)) { f.spare = take }

// Unconnected tells the flow why it has no server.
func (f *Flow) Unconnected(failure error) {
	f.opening, f.failure = true, failure
	f.turn()
}

// IsOver reports whether the flow has ended and said so.
func (f *Flow) IsOver() bool { return f.over == nil }

// Cut ends the flow at once.
func (f *Flow) Cut() {
	if !f.dead {
		f.finish(nil)
	}
}

// Ready implements poll.Handler.
func (e *flowEnd) Ready(events uint32) {
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.more = true
		if e.wire != nil {
			e.wire.dry = false
		}
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.rest = true
	}
	if events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.full = false
	}
	e.flow.turn()
}

// turn does all that can be done now. A panic of the protocol ends the session alone.
func (f *Flow) turn() {
	if f.dead || f.feeding {
		return
	}
	f.feeding = true
	defer func() {
		f.feeding = false
		if crash := recover(); crash != nil {
			f.finish(crash)
		}
	}()
	for round := 0; !f.dead && (f.feed() || f.readBoth()); round++ {
		if round == turnRounds {
			f.loop.Post(f.turn)
			break
		}
	}
	if !f.dead {
		f.rearm()
	}
}

// turnRounds bounds how long a flow has its turn while the others wait.
const turnRounds = 32

func (f *Flow) flushBoth() {
	f.flush(Client)
	f.flush(Server)
}

// feed calls the protocol until it has nothing more to do, and writes what it said.
func (f *Flow) feed() (worked bool) {
	for !f.dead && f.question == nil && !f.asking && (f.secure() || f.call()) {
		worked = true
	}
	f.flushBoth()
	f.sendEnd(Client)
	f.sendEnd(Server)
	f.hangup(Server)
	f.hangup(Client)
	f.leaveServer()
	f.ask()
	if f.done() {
		f.finish(nil)
	}
	return worked
}

// call calls the protocol once if there is something for it.
func (f *Flow) call() bool {
	return f.upgrade == nil && (f.open() || f.retire() || f.wake() || f.offer(Client) || f.offer(Server) || f.tell())
}

func (f *Flow) open() bool {
	if f.opened || !f.opening {
		return false
	}
	f.opened = true
	f.p.Open(f, f.failure)
	return f.called()
}

// wake calls a protocol that asked for it.
func (f *Flow) wake() bool {
	if !f.opened || !f.woken {
		return false
	}
	f.woken = false
	f.p.(Waker).Woken(f)
	return f.called()
}

func (f *Flow) ring() {
	f.woken = true
	f.turn()
}

func (f *Flow) called() bool {
	f.ends[Client].hungry, f.ends[Server].hungry = false, false
	return true
}

// offer gives the protocol what it can use of the unused bytes of a side.
func (f *Flow) offer(from Side) bool {
	e := &f.ends[from]
	if len(e.input) == 0 || !f.usable(e) {
		return false
	}
	used := f.offerAll(e, e.input)
	if used == 0 {
		return f.question != nil
	}
	f.flushBoth() // what was passed lies in the buffer
	e.drop(used)
	return true
}

// usable reports whether the protocol can use input of a side now.
func (f *Flow) usable(e *flowEnd) bool {
	return f.opened && f.question == nil && f.upgrade == nil && !e.hungry && !e.told && !e.hanging && f.p.Ready(e.side)
}

// offerAll offers data until the protocol can use no more of it, and returns how much it used. Its output is not
// written in between, so that what belongs together goes out together.
func (f *Flow) offerAll(e *flowEnd, data []byte) (used int) {
	for used < len(data) && f.usable(e) {
		f.from, f.offering = e.side, true
		n := f.p.Receive(f, e.side, data[used:len(data):len(data)])
		f.offering = false
		if n == 0 {
			e.hungry = true
			break
		}
		used += n
		f.called()
	}
	return used
}

// ask runs a question beside the loop, so that no other session waits for it.
func (f *Flow) ask() {
	question := f.question
	if question == nil || f.asking || f.dead {
		return
	}
	f.asking = true
	go func() { // ends with the question
		var bug any
		defer func() {
			f.loop.Post(func() { f.answered(bug) })
		}()
		defer func() { bug = met(recover()) }()
		question()
	}()
}

func (f *Flow) answered(crash any) {
	f.asking, f.question = false, nil
	if f.dead {
		f.finish(nil)
		return
	}
	if crash != nil {
		f.finish(crash)
		return
	}
	defer f.survive()
	f.p.Answered(f)
	f.called()
	f.turn()
}
