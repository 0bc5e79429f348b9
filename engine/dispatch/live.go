package dispatch

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"

	"zorpgo/engine/session"
)

// live are the sessions that have goroutines of their own; those of a loop the loop knows.
type live struct {
	mu       sync.Mutex
	sessions map[*session.Session]alive
}

type alive struct {
	client net.Conn
	killed bool
}

func (l *live) begin(s *session.Session, client net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sessions == nil {
		l.sessions = map[*session.Session]alive{}
	}
	l.sessions[s] = alive{client: client}
}

// end reports whether the session was killed.
func (l *live) end(s *session.Session) (killed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	killed = l.sessions[s].killed
	delete(l.sessions, s)
	return killed
}

// kill takes the session of that id its client, which ends it; false: there is none.
func (l *live) kill(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, a := range l.sessions {
		if s.ID == id {
			a.killed = true
			l.sessions[s] = a
			a.client.Close()
			return true
		}
	}
	return false
}

func (l *live) list() (list []session.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.sessions {
		list = append(list, s.Snapshot())
	}
	return list
}

// Sessions lists the sessions as they are now, oldest first. A loop that does not answer before ctx ends is an error.
func (d *Dispatcher) Sessions(ctx context.Context) ([]session.Snapshot, error) {
	list := d.live.list()
	parts := make(chan []session.Snapshot, len(d.workers))
	err := d.onLoops(ctx, func(w *worker) {
		var part []session.Snapshot
		for f := range w.flows {
			part = append(part, f.Session().Snapshot())
		}
		parts <- part
	})
	if err != nil {
		return nil, err
	}
	for close(parts); len(parts) > 0; {
		list = append(list, <-parts...)
	}
	slices.SortFunc(list, func(a, b session.Snapshot) int {
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// Kill ends the session of that id at once; false: there is none.
func (d *Dispatcher) Kill(ctx context.Context, id string) (bool, error) {
	if d.live.kill(id) {
		return true, nil
	}
	found := make(chan bool, len(d.workers))
	err := d.onLoops(ctx, func(w *worker) {
		for f := range w.flows {
			if s := f.Session(); s.ID == id {
				s.Deny(session.AbortedByPolicyAction, session.Killed)
				f.Cut()
				found <- true
				return
			}
		}
	})
	return err == nil && len(found) > 0, err
}

// onLoops has each loop run do, and waits for them.
func (d *Dispatcher) onLoops(ctx context.Context, do func(*worker)) error {
	var wait sync.WaitGroup
	for _, w := range d.workers {
		wait.Add(1)
		if !w.Post(func() { defer wait.Done(); do(w) }) {
			wait.Done()
		}
	}
	done := make(chan struct{})
	go func() { // ends when the loops have answered, or are closed
		defer close(done)
		wait.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answers reports whether the loops still have their turn, before ctx ends.
func (d *Dispatcher) Answers(ctx context.Context) error { return d.onLoops(ctx, func(*worker) {}) }
