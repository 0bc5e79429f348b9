package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"time"

	"zorpgo/engine/poll"
	"zorpgo/engine/stream"
)

// upgrade is a side's way into TLS. While there is one the protocol is not called.
type upgrade struct {
	end   *flowEnd
	clean bool            // nothing came in clear behind the word that led to TLS
	later bool            // it goes on when others have had their turn
	then  func(err error) // is told how it ended

	task  *poll.Task // the handshake; nil: it has not begun
	timer poll.Timer // of it
	conn  *tls.Conn  // what came of it
	err   error
}

// Encrypt begins TLS on the client's side from its first byte. then is called when it is there; a handshake that fails
// ends the flow, whose protocol hears nothing of it.
func (f *Flow) Encrypt(then func()) {
	e := &f.ends[Client]
	f.upgrade = &upgrade{end: e, clean: true, then: func(err error) {
		if err == nil {
			then()
			return
		}
		e.refuse(err)
		f.opened, f.retired = true, true
	}}
	f.turn()
}

// Reached is Connected with a server that is to be under TLS from its first byte: then is told whether it is. One that
// is not is closed, and the flow can be given another.
func (f *Flow) Reached(server int, events uint32, then func(err error)) {
	if !f.take(server) {
		return
	}
	e := &f.ends[Server]
	f.upgrade = &upgrade{end: e, clean: true, then: func(err error) {
		f.opening = err == nil
		if err != nil {
			e.close()
			*e = f.fresh(Server)
		}
		then(err)
	}}
	e.Ready(events)
}

// Secure implements Exchange.
func (f *Flow) Secure(side Side) {
	if f.upgrade != nil {
		panic("proxy: the protocol begins TLS twice")
	}
	e := &f.ends[side]
	f.upgrade = &upgrade{end: e, then: func(err error) {
		if err != nil {
			e.refuse(err)
		}
		f.p.(Securer).Secured(f, side, err)
	}}
}

// upgrades reports whether e is on its way into TLS.
func (f *Flow) upgrades(e *flowEnd) bool { return f.upgrade != nil && f.upgrade.end == e }

// withholds reports whether output for e must wait until it is known whether something came before its time: an answer
// would invite what comes next.
func (f *Flow) withholds(e *flowEnd) bool { return f.upgrades(e) && !f.upgrade.clean }

// secure goes on with a side's way into TLS as far as it can; true: it is over, and who wanted it was told.
func (f *Flow) secure() bool {
	u := f.upgrade
	if u == nil {
		return false
	}
	switch e := u.end; {
	case f.loop.Crowded():
		f.postpone(u)
		return false
	case u.task != nil:
		return u.task.Resume() && f.secured()
	case e.fd < 0 || e.hanging:
		u.err = io.ErrClosedPipe
	case !u.clean && (len(e.input) > 0 || stream.Peek(e.fd)):
		u.err = ErrInjected
	default:
		u.clean = true
		if f.flush(e.side); !e.waits.empty() {
			return false
		}
		if u.err = e.why; u.err == nil {
			return f.shake(u)
		}
	}
	return f.secured()
}

// postpone has handshakes that come in numbers leave room for the other sessions of the loop.
func (f *Flow) postpone(u *upgrade) {
	if u.later {
		return
	}
	u.later = true
	f.loop.Post(func() {
		u.later = false
		f.turn()
	})
}

// shake begins the handshake.
func (f *Flow) shake(u *upgrade) bool {
	e := u.end
	e.due, e.wire = time.Time{}, &flowWire{end: e}
	f.loop.Set(&u.timer, f.loop.Now().Add(f.shaking), func() {
		e.wire.broken = os.ErrDeadlineExceeded
		f.turn()
	})
	u.task = f.loop.Begin(func(wait func()) {
		e.wire.wait = wait
		u.conn, u.err = f.handshake(e)
		e.wire.wait = nil
	})
	return u.task == nil && f.secured()
}

// handshake waits where bytes are missing: it is a task.
func (f *Flow) handshake(e *flowEnd) (*tls.Conn, error) {
	policy := f.s.Encryption
	switch {
	case policy == nil:
		return nil, ErrPlain
	case e.side == Client:
		return policy.Client.Accept(context.Background(), e.wire, f.s.ALPN...)
	}
	return policy.Server.Connect(context.Background(), e.wire, f.s.Server.AddrPort)
}

// secured ends a side's way into TLS.
func (f *Flow) secured() bool {
	u := f.upgrade
	f.upgrade = nil
	f.loop.Stop(&u.timer)
	if u.err == nil {
		u.end.tls, u.end.more = u.conn, true
		f.s.Encrypted(u.end.side.String(), u.conn)
	}
	u.then(u.err)
	return f.called()
}

// refuse closes a side without TLS: there is no way back into clear text.
func (e *flowEnd) refuse(err error) {
	e.flow.s.NotEncrypted(e.side.String(), err)
	if e.hanging = true; e.wire == nil { // else it is what TLS has to say of the failure
		e.forgetOutput()
	}
}

// abandon ends a handshake whose flow is over.
func (f *Flow) abandon() {
	u := f.upgrade
	f.upgrade = nil
	if u == nil {
		return
	}
	f.loop.Stop(&u.timer)
	if u.task != nil {
		u.end.wire.broken = net.ErrClosed
		u.task.Resume()
	}
}
