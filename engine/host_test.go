package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/tproxy"
)

// hosted is an engine at the real sockets of this host.
func hosted(t *testing.T, loops int, inherited ...net.Listener) (*Engine, *log) {
	t.Helper()
	noLeaks(t)
	b := &log{}
	e := New(Options{Inherited: inherited, Log: slog.New(slog.NewTextHandler(b, nil)), Loops: loops})
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Shutdown(ctx)
	})
	return e, b
}

// drivers runs a test with sessions on goroutines and on loops.
func drivers(t *testing.T, test func(t *testing.T, loops int)) {
	for _, loops := range []int{0, 2} {
		t.Run(fmt.Sprintf("%d loops", loops), func(t *testing.T) { test(t, loops) })
	}
}

// free is an address of this host that was free a moment ago.
func free(t *testing.T, address string) string {
	t.Helper()
	l := open(t, net.JoinHostPort(address, "0"))
	defer l.Close()
	return l.Addr().String()
}

func open(t *testing.T, at string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// origin writes to each client the address that it sees.
func origin(t *testing.T) []stream.Addr {
	t.Helper()
	l := open(t, "127.0.0.1:0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
			_, _ = io.WriteString(conn, host+"\n")
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return []stream.Addr{{AddrPort: netip.MustParseAddrPort(l.Addr().String())}}
}

func TestProxyToOrigin(t *testing.T) { drivers(t, testProxyToOrigin) }

func testProxyToOrigin(t *testing.T, loops int) {
	for _, forge := range []bool{false, true} {
		if forge && stream.CanForge(stream.IPv4) != nil {
			t.Skip("may not forge addresses")
		}
		e, log := hosted(t, loops)
		at := free(t, "127.0.0.1")
		c := config(at + " in")
		c.Services["in"].Router = &route.Directed{Dest: origin(t), Forge: route.Forge{Addr: forge, Port: route.PortAny}}
		if err := e.Start(c); err != nil {
			t.Fatal(err)
		}
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 5)}}
		conn, err := dialer.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		want := map[bool]string{false: "127.0.0.1", true: "127.0.0.5"}[forge]
		if got := readLine(conn); got != want {
			t.Errorf("forge %t: the origin saw %q, want %q", forge, got, want)
		}
		conn.Close()
		if !eventually(func() bool { return strings.Contains(log.String(), "session closed") }) {
			t.Fatalf("no closing record:\n%s", log)
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "server_local="+want+":") || !strings.Contains(got, "verdict=ACCEPTED") {
			t.Errorf("log:\n%s", got)
		}
	}
}

func TestNoOrigin(t *testing.T) { drivers(t, testNoOrigin) }

func testNoOrigin(t *testing.T, loops int) {
	e, log := hosted(t, loops)
	at := free(t, "127.0.0.1")
	c := config(at + " in")
	dest := free(t, "127.0.0.6")
	c.Services["in"].Router = &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(dest)}}}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := readLine(conn); got != "no server" {
		t.Errorf("read %q", got)
	}
	conn.Close()
	if !eventually(func() bool { return strings.Contains(log.String(), "session closed") }) ||
		strings.Count(log.String(), `reason="`+dest+`: connection refused"`) != 2 ||
		!strings.Contains(log.String(), "verdict=DENIED_BY_CONNECTION_FAIL") {
		t.Errorf("log:\n%s", log)
	}
}

func TestListenErrors(t *testing.T) {
	taken := open(t, "127.0.0.1:0").Addr().String()
	for at, want := range map[string]string{
		taken:             "the port is taken by another program",
		"192.0.2.99:2525": "192.0.2.99 is not an address of this host",
	} {
		e, _ := hosted(t, 0)
		err := e.Start(config(at + " in"))
		if !Refused(err) || !strings.HasPrefix(err.Error(), "mail.star:10:5: cannot listen on "+at+": "+want) {
			t.Errorf("%s: error %v", at, err)
		}
	}
	err := error(&ListenError{At: netip.MustParseAddrPort("127.0.0.1:25"), Err: syscall.EACCES})
	if !strings.Contains(err.Error(), "AmbientCapabilities=CAP_NET_BIND_SERVICE") || !strings.Contains(err.Error(), "setcap cap_net_bind_service+ep /") {
		t.Errorf("error %v", err)
	}
}

func TestInheritedListeners(t *testing.T) { drivers(t, testInheritedListeners) }

func testInheritedListeners(t *testing.T, loops int) {
	wanted, other := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	at := wanted.Addr().String()
	e, log := hosted(t, loops, wanted, other)
	c := config(at + " in")
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	if list := e.Listening(); len(list) != 1 || list[0].Bound.String() != at {
		t.Errorf("listening %v", list)
	}
	if got := log.String(); !strings.Contains(got, "inherited socket closed") || !strings.Contains(got, "address="+other.Addr().String()) {
		t.Errorf("log:\n%s", got)
	}
	if _, err := net.Dial("tcp", other.Addr().String()); err == nil {
		t.Error("a socket without a rule is open still")
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// forging is a config of services that forge: the second of IPv6, the third of both.
func forging() *Config {
	c := config("172.16.40.1:25 in", "[fd00:40::1]:25 in6", "[fd00:40::1]:587 both", "172.16.40.1:587 both", "172.16.40.1:465 plain")
	for name, v := range c.Services {
		v.Pos = source.Pos{File: name + ".star", Line: 3, Col: 5}
		v.Router = &route.Transparent{Forge: route.Forge{Addr: name != "plain", Port: route.PortAny}}
	}
	return c
}

func TestForgingWithoutRight(t *testing.T) {
	s := newStand(t)
	s.canForge = func(f stream.Family) error {
		if f == stream.IPv6 {
			return syscall.EPERM
		}
		return nil
	}
	err := s.Start(forging())
	var forge *ForgeError
	if !Refused(err) || !errors.As(err, &forge) || len(forge.Services) != 2 || len(s.Listening()) > 0 {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		`in6.star:3:5: service "in6" forges IPv6 addresses (forge_addr=TRUE), which needs CAP_NET_RAW or CAP_NET_ADMIN; `,
		"AmbientCapabilities=CAP_NET_RAW CAP_NET_BIND_SERVICE", "setcap cap_net_raw,cap_net_bind_service+ep /",
		"\nboth.star:3:5: service \"both\" forges",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %s:\n%v", want, err)
		}
	}
}

func TestForgingWithoutWayBack(t *testing.T) {
	s := newStand(t)
	s.wayBack = func(f stream.Family) error { return &tproxy.Missing{Family: f} }
	if err := s.Start(forging()); err != nil {
		t.Fatal(err)
	}
	got := s.log.String()
	if strings.Count(got, "\n") != 2 || strings.Count(got, "level=ERROR") != 2 {
		t.Errorf("log:\n%s", got)
	}
	for _, want := range []string{
		"service_pos=in.star:3:5", "service_pos=in6.star:3:5", `type_as_root="ip rule add fwmark 1 lookup 100 && `,
		`type_as_root="ip -6 rule add fwmark 1 lookup 100 && ip -6 route add local default dev lo table 100 && nft add table`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("log lacks %s:\n%s", want, got)
		}
	}
}

func TestLoopbackNeedsNoWayBack(t *testing.T) {
	for _, c := range []struct {
		at, dest string
		needed   bool
	}{
		{"127.0.0.1:25", "127.0.0.2:25", false},
		{"127.0.0.1:25", "172.16.20.254:25", true},
		{"172.16.40.1:25", "127.0.0.2:25", true},
	} {
		s := newStand(t)
		asked := false
		s.wayBack = func(stream.Family) error { asked = true; return nil }
		policy := config(c.at + " in")
		policy.Services["in"].Router = &route.Directed{
			Dest: []stream.Addr{{Path: "/run/mail"}, {AddrPort: netip.MustParseAddrPort(c.dest)}}, Forge: route.Forge{Addr: true},
		}
		if err := s.Start(policy); err != nil || asked != c.needed {
			t.Errorf("%s to %s: asked %t, error %v", c.at, c.dest, asked, err)
		}
	}
}

func TestDeniedServiceNeedsNothing(t *testing.T) {
	c := config("172.16.40.1:25 deny")
	c.Services["deny"].Deny = true
	if got := findForgers(c, hostAddress); len(got) > 0 {
		t.Errorf("forgers %+v", got)
	}
	if r := firstRule(c, netip.MustParseAddrPort("172.16.40.1:25")); r == nil || r != rule.NewSet(c.Rules.All()).All()[0] {
		t.Errorf("first rule %+v", r)
	}
}
