package service

import (
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/poll"
	"zorpgo/engine/stream"
)

// Loop is a loop with the server connections that wait on it for their next session.
type Loop struct {
	*poll.Loop
	waiting map[place][]*spare
}

// NewLoop makes a Loop of l, on which no connection waits.
func NewLoop(l *poll.Loop) *Loop { return &Loop{Loop: l, waiting: map[place][]*spare{}} }

// place is what the connections have in common that can stand for each other.
type place struct {
	service string
	to      stream.Addr
}

// spare is a connection without a session. Whatever its server says now ends it: an answer that nobody asked for, 421,
// or the end.
type spare struct {
	loop     *Loop
	at       place
	fd       int
	greeting []byte
	timer    poll.Timer
}

// Ready implements poll.Handler.
func (s *spare) Ready(events uint32) {
	if events&^unix.EPOLLOUT != 0 {
		s.drop()
	}
}

func (s *spare) drop() {
	s.leave()
	s.loop.Forget(s.fd, true)
	stream.Close(s.fd)
}

// leave takes s off the list.
func (s *spare) leave() {
	s.loop.Stop(&s.timer)
	list := s.loop.waiting[s.at]
	for i, other := range list {
		if other == s {
			s.loop.waiting[s.at] = append(list[:i], list[i+1:]...)
		}
	}
	if len(s.loop.waiting[s.at]) == 0 {
		delete(s.loop.waiting, s.at)
	}
}

// park keeps fd, which is on the loop, for a limited time; of more than size the oldest goes.
func (l *Loop) park(at place, fd int, greeting []byte, size int, limit time.Duration) {
	if list := l.waiting[at]; len(list) >= size {
		list[0].drop()
	}
	s := &spare{loop: l, at: at, fd: fd, greeting: greeting}
	l.Replace(fd, s)
	l.Set(&s.timer, l.Now().Add(limit), s.drop)
	l.waiting[at] = append(l.waiting[at], s)
}

// take is the connection that was parked last, or nil.
func (l *Loop) take(at place) *spare {
	list := l.waiting[at]
	if len(list) == 0 {
		return nil
	}
	s := list[len(list)-1]
	s.leave()
	return s
}

// Empty closes all that wait.
func (l *Loop) Empty() {
	for _, list := range l.waiting {
		for _, s := range append([]*spare(nil), list...) {
			s.drop()
		}
	}
}
