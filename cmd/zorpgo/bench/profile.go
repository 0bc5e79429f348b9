package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiler writes what zorpgo spends its time with, a file for each workload: what `make profile` has the compiler
// optimise for.
type profiler struct {
	dir      string // "": nobody asks
	duration time.Duration
}

// begin profiles p for the time of one measurement; the end waits for that and says what failed.
func (pr *profiler) begin(ctx context.Context, p *running, w *workload) (end func() error) {
	if pr.dir == "" || p.process == nil || p.name != zorpgoName || w.idle > 0 {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { // ends with the answer
		done <- pr.fetch(ctx, p.process, filepath.Join(pr.dir, fmt.Sprintf("%s-%d.pprof", w.name, w.atATime)))
	}()
	return func() error { return <-done }
}

func (pr *profiler) fetch(ctx context.Context, p *process, file string) error {
	sockets, err := filepath.Glob(filepath.Join(filepath.Dir(p.log), "*.sock"))
	if err != nil || len(sockets) != 1 {
		return fmt.Errorf("profile: no control socket beside %s", p.log)
	}
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", sockets[0])
	}}}
	defer client.CloseIdleConnections()
	seconds := max(1, int(pr.duration/time.Second))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://zorpgo/debug/pprof/profile?seconds=%d", seconds), nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("profile: %s", answer.Status)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o644)
}
