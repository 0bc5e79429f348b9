package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine"
)

// manager is the service manager, if there is one that listens at $NOTIFY_SOCKET (sd_notify). Its socket is opened once
// and kept: it must be told how things stand when there is no descriptor left, too.
type manager struct {
	log  *slog.Logger
	name string // of the socket; "": there is no service manager

	mu   sync.Mutex
	conn *net.UnixConn
}

func newManager(log *slog.Logger) *manager {
	m := &manager{log: log, name: os.Getenv("NOTIFY_SOCKET")}
	if err := m.open(); err != nil {
		log.Warn("the service manager cannot be reached", "error", err)
	}
	return m
}

// open connects to the service manager; it is called with the lock held, or before anybody else knows m.
func (m *manager) open() error {
	if m.name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("$NOTIFY_SOCKET: %w", err)
	}
	m.conn = conn
	return nil
}

// tell notifies the service manager; that it cannot be reached does not keep a policy from being served.
func (m *manager) tell(state string) {
	if err := m.notify(state); err != nil {
		m.log.Warn("the service manager was not notified", "state", state, "error", err)
	}
}

// notify says a state; a service manager that was started anew has a new socket.
func (m *manager) notify(state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.name == "" {
		return nil
	}
	if m.conn != nil {
		err := m.write(state)
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		m.conn.Close()
		m.conn = nil
	}
	if err := m.open(); err != nil {
		return err
	}
	return m.write(state)
}

// notifyTime is how long a service manager that does not read may keep zorpgo from its work.
const notifyTime = time.Second

func (m *manager) write(state string) error {
	err := m.conn.SetWriteDeadline(time.Now().Add(notifyTime))
	if err == nil {
		_, err = m.conn.Write([]byte(state))
	}
	if err != nil {
		return fmt.Errorf("$NOTIFY_SOCKET: %w", err)
	}
	return nil
}

func (m *manager) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil {
		m.conn.Close()
		m.conn, m.name = nil, ""
	}
}

// reloading is the state that begins a reload; it bears the monotonic time in microseconds (sd_notify).
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000)
}

// ready is the state of an engine whose policy is in force.
func ready(e *engine.Engine) string {
	s := e.Status()
	return fmt.Sprintf("READY=1\nSTATUS=policy %d in force, %d listeners", s.Generation, len(s.Listeners))
}
