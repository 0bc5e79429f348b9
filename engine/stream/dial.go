package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ReuseDelay is how long a port may still belong to the connection that a client has just ended.
const ReuseDelay = 25 * time.Millisecond

// Dial opens a connection to an IP address or to a Unix domain socket, for which from counts nothing.
// If the wanted source cannot be had the error is a *SourceError.
func Dial(ctx context.Context, to Addr, from Source) (net.Conn, error) {
	switch {
	case to.Path != "":
		return dialer(nil).DialContext(ctx, to.Network(), to.Path)
	case from.isZero():
		return found(dialer(nil).DialTCP(ctx, to.Network(), netip.AddrPort{}, to.AddrPort))
	}
	from, err := from.fit(FamilyOf(to.Addr()))
	if err != nil {
		return nil, err
	}
	conn, err := dialFrom(ctx, to, from)
	if taken(err) && from.exact() && pause(ctx, ReuseDelay) {
		conn, err = dialFrom(ctx, to, from)
	}
	return conn, err
}

func dialFrom(ctx context.Context, to Addr, from Source) (net.Conn, error) {
	var refused error
	conn, err := dialer(func(_, _ string, raw syscall.RawConn) error {
		return errors.Join(raw.Control(func(fd uintptr) { refused = from.bind(int(fd)) }), refused)
	}).DialContext(ctx, FamilyOf(to.Addr()).network(), to.String())
	if refused != nil {
		return nil, &SourceError{from, refused}
	}
	return conn, sourceError(to, from, err)
}

// found keeps a nil connection from being one of a type.
func found(conn *net.TCPConn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// sourceError is err of connecting, or that the source has no free port: only connect knows which are free towards a
// server.
func sourceError(to Addr, from Source, err error) error {
	if errors.Is(err, unix.EADDRNOTAVAIL) && !from.isZero() {
		return &SourceError{from, fmt.Errorf("it has no free port towards %s: %w", to, unix.EADDRNOTAVAIL)}
	}
	return err
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
