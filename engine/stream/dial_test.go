package stream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDialUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := Dial(t.Context(), Addr{Path: path}, Source{Addr: netip.MustParseAddrPort("192.0.2.1:0"), Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestDialFromLocalAddress(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	from := dial(t, to, Source{Addr: netip.MustParseAddrPort("127.0.0.5:0")})
	if from.Addr().String() != "127.0.0.5" {
		t.Errorf("source %s", from)
	}
}

func TestForge(t *testing.T) {
	needForging(t)
	to, accepted := listen(t, "127.0.0.1:0")
	conn, err := Dial(t.Context(), to, Source{Addr: netip.MustParseAddrPort("127.0.0.5:0"), Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if option(t, conn, unix.SOL_IP, unix.IP_TRANSPARENT) != 1 || option(t, conn, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT) != 1 {
		t.Error("a forged address without a port lacks its socket options")
	}
	server := <-accepted
	defer server.Close()
	if server.RemoteAddr().String() != conn.LocalAddr().String() {
		t.Errorf("server sees %s, want %s", server.RemoteAddr(), conn.LocalAddr())
	}
}

func TestForgeIPv6(t *testing.T) {
	needForging(t)
	l, err := Listen(t.Context(), netip.MustParseAddrPort("[::1]:0"))
	if err != nil {
		t.Skip("no IPv6: ", err)
	}
	defer l.Close()
	to := Addr{AddrPort: l.Addr().(*net.TCPAddr).AddrPort()}
	conn, err := Dial(t.Context(), to, Source{Addr: netip.MustParseAddrPort("[::1]:0"), Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if option(t, conn, unix.SOL_IPV6, unix.IPV6_TRANSPARENT) != 1 || option(t, conn, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT) != 1 {
		t.Error("a forged IPv6 address without a port lacks its socket options")
	}
}

func TestOnePortTowardsTwoServers(t *testing.T) {
	one, _ := listen(t, "127.0.0.1:0")
	two, _ := listen(t, "127.0.0.1:0")
	from := dial(t, one, Source{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), freePort(t))})
	if got := dial(t, two, Source{Addr: from}); got != from {
		t.Errorf("source %s, want %s", got, from)
	}
}

func TestExactPortTaken(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	from := dial(t, to, Source{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), freePort(t))})
	conn, err := Dial(t.Context(), to, Source{Addr: from})
	var refused *SourceError
	if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "cannot use local address "+from.String()) {
		t.Fatalf("connection %v, error %v", conn, err)
	}
}

func TestExactPortTakenForAMoment(t *testing.T) {
	to, accepted := listen(t, "127.0.0.1:0")
	first, err := Dial(t.Context(), to, Source{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), freePort(t))})
	if err != nil {
		t.Fatal(err)
	}
	server := <-accepted
	time.AfterFunc(ReuseDelay/5, func() { Reset(server); Reset(first) })
	if got := dial(t, to, Source{Addr: first.LocalAddr().(*net.TCPAddr).AddrPort()}); got.String() != first.LocalAddr().String() {
		t.Errorf("source %s", got)
	}
}

func TestLoosePort(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		l, err := Listen(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(address), 0))
		if err != nil {
			t.Logf("no %s: %v", address, err)
			continue
		}
		defer l.Close()
		taken := l.Addr().(*net.TCPAddr).AddrPort()
		got := dial(t, Addr{AddrPort: taken}, Source{Addr: taken, Loose: true})
		if got.Addr() != taken.Addr() || got.Port() < 1024 || got == taken {
			t.Errorf("source %s where %s is taken", got, taken)
		}
	}
}

func TestLoosePortWrapsAround(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	l, err := Listen(t.Context(), netip.MustParseAddrPort("127.0.0.7:65535"))
	if err != nil {
		t.Skip("the last port is not free: ", err)
	}
	defer l.Close()
	got := dial(t, to, Source{Addr: netip.MustParseAddrPort("127.0.0.7:65535"), Loose: true})
	if got.Port() < 1024 || got.Port() > 2000 {
		t.Errorf("port %d does not follow 65535 with wrap-around", got.Port())
	}
}

func TestRandomPortStaysInGroup(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	seen := map[uint16]bool{}
	for range 8 {
		got := dial(t, to, Source{Addr: netip.MustParseAddrPort("127.0.0.8:40000"), Loose: true, Random: true})
		if got.Port() < 1024 {
			t.Errorf("port %d is of another group", got.Port())
		}
		seen[got.Port()] = true
	}
	if len(seen) < 4 {
		t.Errorf("ports %v are not random", seen)
	}
}

func TestPortGroups(t *testing.T) {
	for _, c := range []struct {
		port      uint16
		low, high int
	}{{1, 1, 511}, {511, 1, 511}, {512, 512, 1023}, {1023, 512, 1023}, {1024, 1024, 65535}, {65535, 1024, 65535}} {
		if low, high := portGroup(c.port); low != c.low || high != c.high {
			t.Errorf("portGroup(%d) = %d, %d", c.port, low, high)
		}
	}
}

func TestSourceErrors(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	for _, c := range []struct {
		from Source
		want string
	}{
		{Source{Addr: netip.MustParseAddrPort("[2001:db8::1]:0"), Transparent: true},
			"cannot forge address 2001:db8::1: it is IPv6, the server's address is IPv4"},
		{Source{Addr: netip.MustParseAddrPort("192.0.2.77:0")},
			"cannot use local address 192.0.2.77: cannot assign requested address"},
	} {
		conn, err := Dial(t.Context(), to, c.from)
		if err == nil || err.Error() != c.want {
			t.Errorf("connection %v, error %v, want %s", conn, err, c.want)
		}
	}
}

func TestUnspecifiedSourceTakesTheTargetsFamily(t *testing.T) {
	to, _ := listen(t, "127.0.0.1:0")
	var conn net.Conn
	err, port := error(unix.EADDRINUSE), uint16(0)
	for range 10 { // other tests take ports of all addresses, too
		if !errors.Is(err, unix.EADDRINUSE) {
			break
		}
		port = freePort(t)
		conn, err = Dial(t.Context(), to, Source{Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), port)})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.LocalAddr().(*net.TCPAddr).Port; got != int(port) {
		t.Errorf("source port %d, want %d", got, port)
	}
}

func TestDialStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	to, _ := listen(t, "127.0.0.1:0")
	if _, err := Dial(ctx, to, Source{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := Listen(t.Context(), netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}
