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
	profiler profiler

	dir      string
	identity *identity
	origin   *origin
	mails    map[int]*mail // by size
	report   *report
}

func newBoard(works []*workload, proxies []*proxy, d time.Duration) (*board, error) {
	b := &board{works: works, proxies: proxies, duration: d, mails: map[int]*mail{}}
	if err := b.open(); err != nil {
		b.close()
		return nil, err
	}
	for _, w := range works {
		if b.mails[w.size] == nil {
			b.mails[w.size] = newMail(w.size)
		}
	}
	b.report = newReport(works, proxies)
	return b, nil
}

// open makes what all proxies use.
func (b *board) open() (err error) {
	if b.dir, err = os.MkdirTemp("", "zorpgo-bench-"); err != nil {
		return err
	}
	if err = os.Chmod(b.dir, 0o755); err != nil { // peers have users of their own
		return err
	}
	if b.identity, err = newIdentity(b.dir); err != nil {
		return err
	}
	b.origin, err = newOrigin(context.Background(), b.identity)
	return err
}

func (b *board) close() {
	if b.origin != nil {
		b.origin.close()
	}
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
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

// round measures every proxy in every workload once.
func (b *board) round(ctx context.Context, n int) error {
	for _, works := range bySecurity(b.works) {
		if err := b.alike(ctx, n, works); err != nil {
			return err
		}
	}
	return nil
}

// alike measures the workloads of one security. All proxies run; only one is used at a time.
func (b *board) alike(ctx context.Context, n int, works []*workload) error {
	var started []*running
	for _, p := range b.proxies {
		if p.speaks(works[0].security) {
			r := b.start(ctx, p, works[0].security)
			defer r.stop()
			started = append(started, r)
		}
	}
	for _, work := range works {
		for i := range started {
			p := started[(n+i)%len(started)]
			b.run(ctx, p, b.report.row(work, p.proxy))
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
		end := b.profiler.begin(ctx, p, to.work)
		result, err = measure(ctx, p, to.work)
		err = errors.Join(err, end())
	}
	if err != nil && ctx.Err() == nil {
		to.failures = append(to.failures, err)
		fmt.Fprintf(b.says, "%s, %s: %v\n", to.proxy.name, to.work.name, err)
	}
	to.results = append(to.results, result)
}

// start runs a proxy, elsewhere if somebody took its port meanwhile.
func (b *board) start(ctx context.Context, p *proxy, s security) *running {
	if p.args == nil {
		return &running{proxy: p, at: b.origin.addr(p.origin(s))}
	}
	var failure error
	for range 3 {
		r, err := b.tryStart(ctx, p, s)
		if err == nil {
			return r
		}
		failure = fmt.Errorf("does not start: %w", err)
	}
	return &running{proxy: p, failure: failure}
}

func (b *board) tryStart(ctx context.Context, p *proxy, s security) (*running, error) {
	at, err := b.place(p, s)
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

func (b *board) place(p *proxy, s security) (*place, error) {
	dir, err := os.MkdirTemp(b.dir, p.name+"-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	origin, err := netip.ParseAddrPort(b.origin.addr(p.origin(s)))
	if err != nil {
		return nil, err
	}
	at := &place{dir: filepath.Clean(dir), origin: address{loopback, int(origin.Port())}, identity: b.identity, security: s}
	if at.listen, err = freePort(); err != nil {
		return nil, err
	}
	at.spare, err = freePort()
	return at, err
}
