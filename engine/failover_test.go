package engine

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/chain"
	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// naming is a server that tells each client its own address.
type naming struct {
	l    net.Listener
	done chan struct{}
}

func startNaming(t *testing.T, at string) *naming {
	t.Helper()
	n := &naming{l: open(t, at), done: make(chan struct{})}
	go func() { // ends when the listener is closed
		defer close(n.done)
		for {
			conn, err := n.l.Accept()
			if err != nil {
				return
			}
			host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
			_, _ = io.WriteString(conn, host+"\n")
			conn.Close()
		}
	}()
	t.Cleanup(n.stop)
	return n
}

func (n *naming) at() string { return n.l.Addr().String() }

func (n *naming) stop() {
	n.l.Close()
	<-n.done
}

// ask is which server a client of at gets to, or that there is none.
func ask(t *testing.T, at string) string {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return readLine(conn)
}

func dests(servers ...*naming) (list []stream.Addr) {
	for _, s := range servers {
		list = append(list, stream.Addr{AddrPort: netip.MustParseAddrPort(s.at())})
	}
	return list
}

func TestFailover(t *testing.T) { drivers(t, testFailover) }

func testFailover(t *testing.T, loops int) {
	e, log := hosted(t, loops)
	at := free(t, "127.0.0.1")
	first, second := startNaming(t, "127.0.0.2:0"), startNaming(t, "127.0.0.3:0")
	c := config(at + " in")
	c.Services["in"].Router = &route.Directed{Dest: dests(first, second)}
	c.Services["in"].Chainer = &chain.StateBased{Failover: true, TimeoutState: time.Hour}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	want := func(when, host string) {
		t.Helper()
		if got := ask(t, at); got != host {
			t.Errorf("%s: %q, want %q", when, got, host)
		}
	}
	want("all up", "127.0.0.2")
	first.stop()
	want("the first down", "127.0.0.3")
	again := startNaming(t, first.at())
	want("up again, but passed over", "127.0.0.3")
	second.stop()
	want("the second down, too", "127.0.0.2")
	want("the second passed over", "127.0.0.2")
	again.stop()
	want("none is up", "no server")
	startNaming(t, second.at())
	want("the second up again", "127.0.0.3")
	for text, n := range map[string]int{`msg="server is down"`: 3, `msg="server is up again"`: 2, `msg="server connection failed"`: 1} {
		if !eventually(func() bool { return strings.Count(log.String(), text) == n }) {
			t.Errorf("%s: want %d\n%s", text, n, log)
		}
	}
}

func TestRoundRobin(t *testing.T) { drivers(t, testRoundRobin) }

func testRoundRobin(t *testing.T, loops int) {
	e, _ := hosted(t, loops)
	at := free(t, "127.0.0.1")
	servers := []*naming{startNaming(t, "127.0.0.2:0"), startNaming(t, "127.0.0.3:0"), startNaming(t, "127.0.0.4:0")}
	c := config(at + " in")
	c.Services["in"].Router = &route.Directed{Dest: dests(servers...)}
	c.Services["in"].Chainer = &chain.StateBased{}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	servers[1].stop()
	got := ""
	for range 8 {
		got += strings.TrimPrefix(ask(t, at), "127.0.0.")
	}
	if got != "24242424" { // what fails or is passed over counts as a turn
		t.Errorf("the sessions went to %s", got)
	}
}

// A server that does not answer is given up after its time, and the next one is tried.
func TestFailoverFromSilence(t *testing.T) { drivers(t, testFailoverFromSilence) }

func testFailoverFromSilence(t *testing.T, loops int) {
	e, log := hosted(t, loops)
	at := free(t, "127.0.0.1")
	c := config(at + " in")
	c.Services["in"].Router = &route.Directed{Dest: append(silence(t), dests(startNaming(t, "127.0.0.3:0"))...)}
	c.Services["in"].Chainer = &chain.StateBased{Failover: true, Timeout: 30 * time.Millisecond}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := ask(t, at); got != "127.0.0.3" {
			t.Errorf("the client got to %q\n%s", got, log)
		}
	}
	if !strings.Contains(log.String(), "no answer within 30ms") {
		t.Errorf("log:\n%s", log)
	}
}

// Translated targets and sources hold on both drivers.
func TestTranslatedConnection(t *testing.T) { drivers(t, testTranslatedConnection) }

func testTranslatedConnection(t *testing.T, loops int) {
	e, log := hosted(t, loops)
	at := free(t, "127.0.0.1")
	server := origin(t)
	c := config(at + " in")
	v := c.Services["in"]
	v.Router = &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort("192.0.2.1:25")}}}
	v.DNAT = &nat.Policy{Name: "d", NAT: &nat.Static{To: server[0].AddrPort}}
	v.SNAT = &nat.Policy{Name: "s", NAT: &nat.Static{To: netip.MustParseAddrPort("127.0.0.7:0")}}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, at); got != "127.0.0.7" {
		t.Errorf("the server saw %q\n%s", got, log)
	}
}

// A session that is cut while it connects leaves nothing behind.
func TestCutWhileConnecting(t *testing.T) { drivers(t, testCutWhileConnecting) }

func testCutWhileConnecting(t *testing.T, loops int) {
	e, log := hosted(t, loops)
	at := free(t, "127.0.0.1")
	c := config(at + " in")
	c.Services["in"].Router = &route.Directed{Dest: silence(t)}
	c.Services["in"].Chainer = &chain.StateBased{Timeout: -1}
	if err := e.Start(c); err != nil {
		t.Fatal(err)
	}
	dial(t, at)
	if !eventually(func() bool { return c.Services["in"].Running() == 1 }) {
		t.Fatal("the session did not begin")
	}
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Shutdown(now); err == nil || c.Services["in"].Running() != 0 {
		t.Errorf("%v, %d running\n%s", err, c.Services["in"].Running(), log)
	}
}

// silence is a server that takes no more connections, and refuses none.
func silence(t *testing.T) []stream.Addr {
	t.Helper()
	full := open(t, "127.0.0.2:0")
	raw, err := full.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if failed := raw.Control(func(fd uintptr) { err = unix.Listen(int(fd), 0) }); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	for range 2 { // fill its queue
		if conn, err := net.DialTimeout("tcp", full.Addr().String(), 100*time.Millisecond); err == nil {
			t.Cleanup(func() { conn.Close() })
		}
	}
	return []stream.Addr{{AddrPort: netip.MustParseAddrPort(full.Addr().String())}}
}

// What snat_policy says needs the right to forge unless it is an address of this host.
func TestTranslatedSourceNeedsRight(t *testing.T) {
	mapping, _ := nat.NewMapping([]netip.Prefix{netip.MustParsePrefix("172.16.40.0/24"), netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("203.0.113.0/24")})
	four, _ := nat.NewNAT64(96)
	static := func(at string) nat.NAT { return &nat.Static{To: netip.MustParseAddrPort(at)} }
	for _, c := range []struct {
		at    string
		nat   nat.NAT
		forge bool // by the router
		want  string
	}{
		{"172.16.40.1:25", static("127.0.0.7:0"), false, ""},
		{"172.16.40.1:25", static("127.0.0.7:0"), true, ""},
		{"172.16.40.1:25", static("203.0.113.5:0"), false, "IPv4"},
		{"172.16.40.1:25", &nat.General{Mappings: []nat.Mapping{mapping}}, false, "IPv4"},
		{"172.16.40.1:25", &nat.General{}, false, ""},
		{"172.16.40.1:25", &nat.General{}, true, "IPv4"},
		{"[fd00:40::1]:25", four, false, "IPv4"},
		{"172.16.40.1:25", four, false, ""},
		{"[fd00:40::1]:25", nat.ForgeClient{}, false, "IPv6"},
	} {
		s := newStand(t)
		s.canForge = func(stream.Family) error { return unix.EPERM }
		policy := config(c.at + " in")
		policy.Services["in"].SNAT = &nat.Policy{Name: "s", NAT: c.nat}
		policy.Services["in"].Router = &route.Transparent{Forge: route.Forge{Addr: c.forge, Port: route.PortAny}}
		err := s.Start(policy)
		want := `service "in" forges ` + c.want + ` addresses (snat_policy="s", which names addresses that are not this host's), which needs CAP_NET_RAW`
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %T: %v, want %q", c.at, c.nat, err, c.want)
		}
	}
}
