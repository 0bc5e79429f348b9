package engine

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// class makes relays.
type class struct{}

func (class) Name() string                                 { return "RelayProxy" }
func (class) Prompt() bool                                 { return true }
func (class) Busy() []byte                                 { return []byte("busy\n") }
func (class) New(*session.Session) (proxy.Protocol, error) { return relay{}, nil }

// relay passes everything on, and says so if there is no server.
type relay struct{}

func (relay) Open(x proxy.Exchange, failure error) {
	if failure != nil {
		x.Send(proxy.Client, []byte("no server\n"))
		x.Hangup(proxy.Client)
	}
}
func (relay) Ready(proxy.Side) bool { return true }
func (relay) Receive(x proxy.Exchange, from proxy.Side, data []byte) int {
	x.Send(from.Other(), data)
	return len(data)
}
func (relay) Ended(x proxy.Exchange, side proxy.Side, _ error) { x.Hangup(side.Other()) }
func (relay) Answered(proxy.Exchange)                          {}
func (relay) Close()                                           {}

// greet names the service and waits for the client to leave, or to be cut.
func greet(ctx context.Context, _ proxy.Protocol, s *session.Session, client net.Conn, _ func(context.Context) (net.Conn, error)) {
	defer context.AfterFunc(ctx, func() { client.Close() })()
	defer client.Close()
	_, _ = io.WriteString(client, s.ID+"\n")
	_, _ = io.Copy(io.Discard, client)
}

// log is a buffer for records.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// stand is an engine whose listeners are on loopback, wherever the policy wants them, and whose clients are in dmz.
type stand struct {
	*Engine
	log  *log
	fail map[string]error // addresses that cannot be listened on

	mu    sync.Mutex
	where map[string]string // of the open listeners, by the policy's address
	names map[string]string // the reverse
}

func newStand(t *testing.T) *stand {
	t.Helper()
	noLeaks(t)
	s := &stand{log: &log{}, fail: map[string]error{}, where: map[string]string{}, names: map[string]string{}}
	s.Engine = New(Options{Listen: s.listen, Present: s.present, Serve: greet, Log: slog.New(slog.NewTextHandler(s.log, nil))})
	s.canForge, s.wayBack = nil, nil
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.Shutdown(ctx)
	})
	return s
}

func (s *stand) listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	if err := s.fail[at.String()]; err != nil {
		return nil, err
	}
	l, err := stream.Listen(ctx, netip.MustParseAddrPort("127.0.0.1:0"))
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.where[at.String()], s.names[l.Addr().String()] = l.Addr().String(), at.String()
	}
	return l, err
}

func (s *stand) present(conn net.Conn) (client, local netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return netip.MustParseAddrPort("172.16.40.10:41000"), netip.MustParseAddrPort(s.names[conn.LocalAddr().String()])
}

// call connects to a listener of the policy and reads one line; the connection stays open until the test ends.
func (s *stand) call(t *testing.T, at string) (string, net.Conn) {
	t.Helper()
	s.mu.Lock()
	to := s.where[at]
	s.mu.Unlock()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		return err.Error(), nil
	}
	t.Cleanup(func() { conn.Close() })
	return readLine(conn), conn
}

func readLine(conn net.Conn) string {
	b := make([]byte, 1)
	var line strings.Builder
	for {
		if _, err := conn.Read(b); err != nil {
			return line.String() + err.Error()
		}
		if b[0] == '\n' {
			return line.String()
		}
		line.Write(b)
	}
}

// config has a rule from dmz for each address, to the service named beside it: "172.16.40.1:25 in".
func config(rules ...string) *Config {
	dmz := &zone.Zone{Name: "dmz", Prefixes: []netip.Prefix{netip.MustParsePrefix("172.16.40.0/24"), netip.MustParsePrefix("127.0.0.0/8")}}
	zones, _ := zone.NewTable([]*zone.Zone{dmz})
	c := &Config{Instance: "mail", Zones: zones, Services: map[string]*service.Service{}}
	var list []*rule.Rule
	for i, text := range rules {
		at, name, _ := strings.Cut(text, " ")
		to := netip.MustParseAddrPort(at)
		list = append(list, &rule.Rule{
			ID: i + 1, Service: name, Pos: source.Pos{File: "mail.star", Line: 10 + i, Col: 5}, SrcZone: []*zone.Zone{dmz},
			DstSubnet: []netip.Prefix{netip.PrefixFrom(to.Addr(), to.Addr().BitLen())},
			DstPort:   []rule.PortRange{{Low: to.Port(), High: to.Port()}},
		})
		c.Services[name] = &service.Service{Name: name, Class: class{}, Router: &route.Directed{},
			Pos: source.Pos{File: "mail.star", Line: 3 + i, Col: 5}}
	}
	c.Rules = rule.NewSet(list)
	return c
}

// noLeaks fails the test if it leaves goroutines or descriptors behind.
func noLeaks(t *testing.T) {
	t.Helper()
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // the first socket brings descriptors of the runtime
	}
	goroutines, files := runtime.NumGoroutine(), descriptors()
	t.Cleanup(func() {
		ok := eventually(func() bool { return runtime.NumGoroutine() <= goroutines && descriptors() <= files })
		if !ok {
			b := make([]byte, 1<<16)
			t.Errorf("%d goroutines, before %d; %d descriptors, before %d\n%s", runtime.NumGoroutine(), goroutines,
				descriptors(), files, b[:runtime.Stack(b, true)])
		}
	})
}

func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// eventually polls for what has no event to wait for.
func eventually(cond func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !cond(); <-tick.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
