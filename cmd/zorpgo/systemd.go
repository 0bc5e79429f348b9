package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// firstFD is the first descriptor that a service manager passes on (sd_listen_fds).
const firstFD = 3

// surroundings are what the service manager gave this process: listening sockets, and how often it wants to hear of it.
func surroundings() ([]net.Listener, time.Duration, error) {
	every, err := watched()
	if err != nil {
		return nil, 0, err
	}
	sockets, err := inherited()
	return sockets, every, err
}

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
