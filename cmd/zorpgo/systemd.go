package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstFD is the first descriptor that a service manager passes on (sd_listen_fds).
const firstFD = 3

// inherited are the listening sockets that the service manager opened: those of $LISTEN_FDS, if $LISTEN_PID is this
// process. Both are cleared, so that no child takes them for its own.
func inherited() ([]net.Listener, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("$LISTEN_FDS is %q, not a number of sockets", count)
	}
	listeners := make([]net.Listener, 0, n)
	for fd := firstFD; fd < firstFD+n; fd++ {
		syscall.CloseOnExec(fd)
		file := os.NewFile(uintptr(fd), "LISTEN_FDS")
		l, err := net.FileListener(file) // a duplicate
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("descriptor %d of $LISTEN_FDS is no listening socket: %w", fd, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// notify tells the service manager a state, if there is one that listens (sd_notify).
func notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("$NOTIFY_SOCKET: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("$NOTIFY_SOCKET: %w", err)
	}
	return nil
}

// reloading is the state that begins a reload; it bears the monotonic time in microseconds (sd_notify).
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000)
}
