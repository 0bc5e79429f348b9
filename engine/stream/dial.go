package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reuseDelay is how long a port may still belong to the connection that a client has just ended.
const reuseDelay = 25 * time.Millisecond

// Dial opens a connection to an IP address or to a Unix domain socket, for which from counts nothing.
// If the wanted source cannot be had the error is a *SourceError.
func Dial(ctx context.Context, to Addr, from Source) (net.Conn, error) {
	if to.Path != "" || from.isZero() {
		return dialer(nil).DialContext(ctx, to.Network(), to.String())
	}
	from, err := from.fit(FamilyOf(to.Addr()))
	if err != nil {
		return nil, err
	}
	conn, err := dialFrom(ctx, to, from)
	if taken(err) && from.exact() && pause(ctx, reuseDelay) {
		conn, err = dialFrom(ctx, to, from)
	}
	return conn, err
}

func dialFrom(ctx context.Context, to Addr, from Source) (net.Conn, error) {
	var refused error
	conn, err := dialer(func(_, _ string, raw syscall.RawConn) error {
		return errors.Join(raw.Control(func(fd uintptr) { refused = from.bind(int(fd)) }), refused)
	}).DialContext(ctx, FamilyOf(to.Addr()).network(), to.String())
	switch {
	case refused != nil:
		return nil, &SourceError{from, refused}
	case errors.Is(err, unix.EADDRNOTAVAIL): // only connect knows which ports are free towards this server
		return nil, &SourceError{from, fmt.Errorf("it has no free port towards %s: %w", to, unix.EADDRNOTAVAIL)}
	}
	return conn, err
}

// dialer has no keep-alive, as Listen.
func dialer(control func(network, address string, raw syscall.RawConn) error) *net.Dialer {
	d := &net.Dialer{KeepAlive: -1, Control: control}
	d.SetMultipathTCP(false)
	return d
}

func taken(err error) bool {
	return errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL)
}

// pause waits, and reports whether the whole time passed before ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
