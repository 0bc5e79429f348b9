package dispatch

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failing fails to accept some times, and then says that it is closed.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left < 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

func TestAcceptIsTriedAgain(t *testing.T) {
	var b log
	d := New(Options{Log: slog.New(slog.NewTextHandler(&b, nil))})
	f := &failing{left: 3}
	d.Serve(t.Context(), f, true)
	got := b.String()
	if f.left != -1 || strings.Count(got, "too many open files") != 3 {
		t.Fatalf("%d left, log:\n%s", f.left, got)
	}
	for _, want := range []string{"retry_in=5ms", "retry_in=10ms", "retry_in=20ms"} {
		if !strings.Contains(got, want) {
			t.Errorf("log lacks %s:\n%s", want, got)
		}
	}
}

func TestBackOffEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	quiet := slog.New(slog.DiscardHandler)
	b := backOff(time.Hour)
	time.AfterFunc(time.Millisecond, cancel)
	if b.wait(ctx, quiet, syscall.EMFILE) || time.Duration(b) != maxDelay {
		t.Errorf("delay %s", time.Duration(b))
	}
	if b.wait(context.Background(), quiet, net.ErrClosed) {
		t.Error("a closed listener is accepted from")
	}
}
