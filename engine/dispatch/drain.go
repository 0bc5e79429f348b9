package dispatch

import (
	"net"

	"zorpgo/engine/session"
)

// Drain asks all sessions, and those that still come, to end as soon as they can. It does not wait for them.
func (d *Dispatcher) Drain() {
	d.draining.Store(true)
	for _, s := range d.live.all() {
		go s.Drain() // ends when the session has heard it
	}
	for _, w := range d.workers {
		w.Post(func() {
			for f := range w.flows {
				f.Drain()
			}
		})
	}
}

func (l *live) all() (list []*session.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.sessions {
		list = append(list, s)
	}
	return list
}

// begun makes a session known, and asks it to end if all are to.
func (d *Dispatcher) begun(s *session.Session, client net.Conn) {
	d.live.begin(s, client)
	if d.draining.Load() {
		s.Drain()
	}
}
