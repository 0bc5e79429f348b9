package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// board runs the rounds.
type board struct {
	works    []*workload
	proxies  []*proxy
	duration time.Duration
	says     io.Writer // progress

	dir    string
	origin *origin
	mails  map[int]*mail // by size
	report *report
}

func newBoard(works []*workload, proxies []*proxy, d time.Duration) (*board, error) {
	o, err := newOrigin(context.Background())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "zorpgo-bench-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // peers have users of their own
	}
	if err != nil {
		o.close()
		return nil, err
	}
	b := &board{works: works, proxies: proxies, duration: d, dir: dir, origin: o, mails: map[int]*mail{}}
	for _, w := range works {
		if b.mails[w.size] == nil {
			b.mails[w.size] = newMail(w.size)
		}
	}
	b.report = newReport(works, proxies)
	return b, nil
}

func (b *board) close() {
	b.origin.close()
	os.RemoveAll(b.dir)
}

// running is a proxy that runs; without a process it is the origin itself.
type running struct {
	*proxy
	*process
	at      string
	failure error // why it could not be started
}

func (p *running) stop() {
	if p.process != nil {
		p.process.stop()
	}
}

// round measures every proxy in every workload once. All of them run; only one is used at a time.
func (b *board) round(ctx context.Context, n int) error {
	started := make([]*running, len(b.proxies))
	for i, p := range b.proxies {
		started[i] = b.start(ctx, p)
		defer started[i].stop()
	}
	for w, work := range b.works {
		for i := range started {
			turn := (n + i) % len(started)
			b.run(ctx, started[turn], b.report.rows[w*len(started)+turn])
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
		}
		fmt.Fprintf(b.says, "round %d: %s\n", n+1, work)
	}
	return nil
}

// run measures one row once. A failure spoils the row, not the others.
func (b *board) run(ctx context.Context, p *running, to *row) {
	measure := b.measure
	if to.work.idle > 0 {
		measure = b.weigh
	}
	var result *result
	err := p.failure
	if err == nil {
		result, err = measure(ctx, p, to.work)
	}
	if err != nil && ctx.Err() == nil {
		to.failures = append(to.failures, err)
		fmt.Fprintf(b.says, "%s, %s: %v\n", to.proxy.name, to.work.name, err)
	}
	to.results = append(to.results, result)
}

// start runs a proxy, elsewhere if somebody took its port meanwhile.
func (b *board) start(ctx context.Context, p *proxy) *running {
	if p.args == nil {
		return &running{proxy: p, at: b.origin.addr()}
	}
	var failure error
	for range 3 {
		r, err := b.tryStart(ctx, p)
		if err == nil {
			return r
		}
		failure = fmt.Errorf("does not start: %w", err)
	}
	return &running{proxy: p, failure: failure}
}

func (b *board) tryStart(ctx context.Context, p *proxy) (*running, error) {
	at, err := b.place(p)
	if err != nil {
		return nil, err
	}
	args, err := p.args(at)
	if err != nil {
		return nil, err
	}
	started, err := launch(at.dir, args)
	if err != nil {
		return nil, err
	}
	if err := started.ready(ctx, at.listen.String()); err != nil {
		started.stop()
		return nil, err
	}
	return &running{proxy: p, process: started, at: at.listen.String()}, nil
}

func (b *board) place(p *proxy) (*place, error) {
	dir, err := os.MkdirTemp(b.dir, p.name+"-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	origin, err := netip.ParseAddrPort(b.origin.addr())
	if err != nil {
		return nil, err
	}
	at := &place{dir: filepath.Clean(dir), origin: address{loopback, int(origin.Port())}}
	if at.listen, err = freePort(); err != nil {
		return nil, err
	}
	at.spare, err = freePort()
	return at, err
}
