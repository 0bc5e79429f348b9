package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"
)

// Bounds of the delay between accepts that fail.
const (
	firstDelay = 5 * time.Millisecond
	maxDelay   = time.Second
)

// backOff is the last delay: an accept that lacks descriptors or memory is tried again, ever more slowly.
type backOff time.Duration

// wait reports whether to accept again after err: not if the listener was closed, or ctx ends meanwhile.
func (b *backOff) wait(ctx context.Context, log *slog.Logger, err error) bool {
	if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(b.next(log, err))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// next is how long to wait after err.
func (b *backOff) next(log *slog.Logger, err error) time.Duration {
	*b = min(max(*b*2, backOff(firstDelay)), backOff(maxDelay))
	log.LogAttrs(context.Background(), slog.LevelError, "cannot accept connections", slog.Any("error", err),
		slog.Duration("retry_in", time.Duration(*b)))
	return time.Duration(*b)
}
