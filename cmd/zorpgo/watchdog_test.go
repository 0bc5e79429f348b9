package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/zone"
)

// stuck is a class whose sessions hold their loop until they are let go.
type stuck struct{ began, letGo chan struct{} }

func (stuck) Name() string { return "StuckProxy" }
func (stuck) Prompt() bool { return true }
func (stuck) Busy() []byte { return nil }
func (s stuck) New(*session.Session) (proxy.Protocol, error) {
	s.began <- struct{}{}
	<-s.letGo
	return nil, errors.New("let go")
}

// stuckConfig has one service of such sessions at an address of loopback.
func stuckConfig(s stuck, at netip.AddrPort) *engine.Config {
	all := &zone.Zone{Name: "all", Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	zones, _ := zone.NewTable([]*zone.Zone{all})
	return &engine.Config{
		Zones:    zones,
		Services: map[string]*service.Service{"in": {Name: "in", Class: s, Router: &route.Directed{}}},
		Rules: rule.NewSet([]*rule.Rule{{ID: 1, Service: "in", SrcZone: []*zone.Zone{all},
			DstSubnet: []netip.Prefix{netip.PrefixFrom(at.Addr(), 32)}, DstPort: []rule.PortRange{{Low: at.Port(), High: at.Port()}}}}),
	}
}

// serviceManager is a socket at $NOTIFY_SOCKET.
type serviceManager struct {
	t *testing.T
	*net.UnixConn
}

func newServiceManager(t *testing.T) serviceManager {
	t.Helper()
	dir, err := os.MkdirTemp("", "zorpgo") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return serviceManager{t, conn}
}

// hears waits for the next state; "": none comes.
func (m serviceManager) hears(within time.Duration) string {
	m.t.Helper()
	if err := m.SetReadDeadline(time.Now().Add(within)); err != nil {
		m.t.Fatal(err)
	}
	b := make([]byte, 512)
	n, _ := m.Read(b)
	return string(b[:n])
}

// drain forgets what came before.
func (m serviceManager) drain() {
	for m.hears(time.Millisecond) != "" {
	}
}

// TestWatchdog: the service manager hears of an engine that answers, and not of one with a loop that is stuck.
func TestWatchdog(t *testing.T) {
	m := newServiceManager(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	e := engine.New(engine.Options{Log: log, Loops: 1, Inherited: []net.Listener{l}})
	s := stuck{began: make(chan struct{}), letGo: make(chan struct{})}
	if err := e.Start(stuckConfig(s, netip.MustParseAddrPort(l.Addr().String()))); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Shutdown(t.Context()) }()
	told := newManager(log)
	defer told.close()
	dog := &watchdog{manager: told, answers: e.Answers, every: 50 * time.Millisecond}
	defer dog.start()()
	for range 3 {
		if got := m.hears(20 * time.Second); got != "WATCHDOG=1" {
			t.Fatalf("heard %q", got)
		}
	}
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	<-s.began
	m.drain()
	if got := m.hears(500 * time.Millisecond); got != "" {
		t.Errorf("of a stuck loop it heard %q", got)
	}
	close(s.letGo)
	if got := m.hears(20 * time.Second); got != "WATCHDOG=1" {
		t.Errorf("after that it heard %q", got)
	}
}

func TestWatched(t *testing.T) {
	own := fmt.Sprint(os.Getpid())
	for _, c := range []struct {
		pid, usec string
		want      time.Duration
		wrong     bool
	}{
		{"", "", 0, false},
		{own, "30000000", 15 * time.Second, false},
		{"", "2000", time.Millisecond, false},
		{"1", "30000000", 0, false},
		{own, "often", 0, true},
		{own, "0", 0, true},
		{own, "9223372036854775807", 0, true},
	} {
		t.Setenv("WATCHDOG_PID", c.pid)
		t.Setenv("WATCHDOG_USEC", c.usec)
		if got, err := watched(); got != c.want || (err != nil) != c.wrong {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
		if os.Getenv("WATCHDOG_USEC") != "" {
			t.Errorf("%+v is left for children", c)
		}
	}
}

func TestNotify(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	t.Setenv("NOTIFY_SOCKET", "")
	if err := newManager(log).notify("READY=1"); err != nil {
		t.Errorf("without a service manager: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if err := newManager(log).notify("READY=1"); err == nil {
		t.Error("a missing socket passed")
	}
}

// TestNotifyAgain: a service manager that was started anew is found at its new socket.
func TestNotifyAgain(t *testing.T) {
	old := newServiceManager(t)
	m := newManager(slog.New(slog.DiscardHandler))
	defer m.close()
	m.tell(reloading())
	if got := old.hears(20 * time.Second); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("heard %q", got)
	}
	path := os.Getenv("NOTIFY_SOCKET")
	old.Close()
	_ = os.Remove(path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	m.tell("STOPPING=1")
	if got := (serviceManager{t, conn}).hears(20 * time.Second); got != "STOPPING=1" {
		t.Errorf("heard %q", got)
	}
}

// TestNotifyNobodyReads: a service manager that is stuck does not hold zorpgo up.
func TestNotifyNobodyReads(t *testing.T) {
	newServiceManager(t)
	m := newManager(slog.New(slog.DiscardHandler))
	defer m.close()
	for range 10000 {
		if err := m.notify("WATCHDOG=1"); err != nil {
			return
		}
	}
	t.Error("10000 states went nowhere")
}
