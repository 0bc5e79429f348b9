package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// idlers open sessions that only wait, each with an accepted recipient, so that the proxy has a server side as well.
type idlers struct {
	*workload
	to      server
	clients []*client // nil where one could not be opened
	failed  atomic.Bool
	first   error
}

func (i *idlers) open(ctx context.Context) {
	i.clients = make([]*client, i.idle)
	next := atomic.Int64{}
	var once sync.Once
	var workers sync.WaitGroup
	for range i.atATime {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < i.idle && !i.failed.Load(); n = int(next.Add(1)) - 1 {
				c, err := waiting(ctx, i.to)
				if err != nil {
					once.Do(func() { i.first = err })
					i.failed.Store(true)
					return
				}
				i.clients[n] = c
			}
		})
	}
	workers.Wait()
}

func waiting(ctx context.Context, to server) (*client, error) {
	c := newClient()
	if err := c.begin(ctx, to); err != nil {
		return nil, err
	}
	if err := c.envelope(); err != nil {
		c.conn.Close()
		return nil, err
	}
	return c, nil
}

// close ends the sessions and returns how many there were.
func (i *idlers) close() (n int) {
	for _, c := range i.clients {
		if c != nil {
			c.conn.Close()
			n++
		}
	}
	return n
}

// settle is how long memory rests before it is weighed.
func settle(d time.Duration) time.Duration { return min(d, 2*time.Second) }

// weigh measures what idle sessions hold. That there are fewer than wanted is no failure where descriptors ran out.
func (b *board) weigh(ctx context.Context, p *running, w *workload) (*result, error) {
	if p.process == nil {
		return nil, nil
	}
	b.origin.expect(b.mails[w.size], w.resumed)
	most := *w
	most.idle = min(w.idle, (b.report.descriptors-reserved)/2) // this process has both ends of a session
	i := &idlers{workload: &most, to: server{at: p.at}}
	before := p.memory()
	i.open(ctx)
	pause(ctx, settle(b.duration))
	after, descriptors := p.memory(), p.descriptors()
	r := &result{Sessions: i.close(), Descriptors: descriptors}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r.Sessions == 0:
		return nil, fmt.Errorf("no session could be opened: %w", i.first)
	case i.first != nil && b.report.met(r) == "":
		return nil, fmt.Errorf("only %d sessions could be opened: %w", r.Sessions, i.first)
	}
	r.KiB = float64(after-before) / 1024 / float64(r.Sessions)
	return r, nil
}

// reserved descriptors are for other things than sessions.
const reserved = 100

// pause waits, less long if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
