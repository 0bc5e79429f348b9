package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is a workload that sends, at one proxy.
type load struct {
	*workload
	to   server
	mail *mail

	full      atomic.Int64 // sessions that resumed no session of TLS
	confirmed atomic.Int64
	failed    atomic.Int64
	mu        sync.Mutex
	took      []time.Duration // of whole sessions
	first     error
}

// tooMany failed sessions end a load.
const tooMany = 10

// run keeps sessions going until the time is over and the last of them has ended; it returns how long that took.
func (l *load) run(ctx context.Context, d time.Duration) time.Duration {
	start := time.Now()
	over := func() bool { return ctx.Err() != nil || l.failed.Load() >= tooMany || time.Since(start) >= d }
	var workers sync.WaitGroup
	for range l.atATime {
		workers.Go(func() { l.work(ctx, over) })
	}
	workers.Wait()
	return time.Since(start)
}

// work has one session after the other, at least one.
func (l *load) work(ctx context.Context, over func() bool) {
	var took []time.Duration
	c := newClient()
	for more := true; more; more = !over() {
		start := time.Now()
		if err := l.session(ctx, c, over); err != nil {
			l.fail(err)
			continue
		}
		took = append(took, time.Since(start))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, took...)
}

func (l *load) session(ctx context.Context, c *client, over func() bool) error {
	if err := c.begin(ctx, l.to); err != nil {
		return err
	}
	if !c.resumed {
		l.full.Add(1)
	}
	for n := 0; n < l.perSession && (n == 0 || !over()); n++ {
		if err := c.send(l.mail, l.pipelined); err != nil {
			c.conn.Close()
			return err
		}
		l.confirmed.Add(1)
	}
	return c.quit()
}

func (l *load) fail(err error) {
	l.failed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = err
	}
}

// err tells of sessions that failed.
func (l *load) err() error {
	if n := l.failed.Load(); n > 0 {
		return fmt.Errorf("%d sessions failed, the first: %w", n, l.first)
	}
	return nil
}

// percentile is that of all sessions, in milliseconds.
func (l *load) percentile(p int) float64 {
	if len(l.took) == 0 {
		return 0
	}
	slices.Sort(l.took)
	return l.took[min(len(l.took)-1, len(l.took)*p/100)].Seconds() * 1000
}

// warmUp is how long a load runs before it is measured.
func warmUp(d time.Duration) time.Duration { return min(d/4, time.Second/2) }

// measure runs a workload that sends through a proxy that runs.
func (b *board) measure(ctx context.Context, p *running, w *workload) (*result, error) {
	m := b.mails[w.size]
	b.origin.expect(m, w.resumed)
	to := server{p.at, w.client, clients(w.resumed)}
	warm := &load{workload: w, to: to, mail: m}
	warm.run(ctx, warmUp(b.duration))
	l := &load{workload: w, to: to, mail: m}
	before := p.cpu()
	took := l.run(ctx, b.duration)
	used := p.cpu() - before
	for _, l := range []*load{warm, l} {
		if err := l.err(); err != nil {
			return nil, err
		}
	}
	if n := l.full.Load(); w.resumed && n > 0 {
		return nil, fmt.Errorf("%d sessions of TLS were not resumed", n)
	}
	if err := b.origin.check(warm.confirmed.Load()+l.confirmed.Load(), p.adds); err != nil {
		return nil, err
	}
	n := float64(l.confirmed.Load())
	r := &result{Rate: n / took.Seconds(), P50: l.percentile(50), P99: l.percentile(99)}
	if p.process != nil {
		r.CPU = used.Seconds() / n * 1000
	}
	return r, nil
}
