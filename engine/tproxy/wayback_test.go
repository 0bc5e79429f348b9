package tproxy

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"zorpgo/engine/stream"
)

// elsewhere runs f in a network namespace of its own, where nothing is configured but the loopback interface.
func elsewhere(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }() // also when f fails the test
		runtime.LockOSThread()         // never unlocked: the thread ends with the goroutine, and the namespace with it
		handle, err := netns.New()
		if err == nil {
			defer handle.Close()
			err = loopbackUp()
		}
		if err == nil {
			f(t)
		}
	}()
	if err := <-done; err != nil {
		t.Skip("no network namespace: ", err)
	}
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func addRule(t *testing.T, family int, mark uint32) {
	t.Helper()
	r := netlink.NewRule()
	r.Family, r.Mark, r.Table = family, mark, 100
	if mark == 0 {
		r.IifName = "eth-int"
	}
	must(t, netlink.RuleAdd(r))
}

func addRoute(t *testing.T, network string) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	must(t, err)
	_, dst, err := net.ParseCIDR(network)
	must(t, err)
	must(t, netlink.RouteAdd(&netlink.Route{
		LinkIndex: lo.Attrs().Index, Dst: dst, Table: 100, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
	}))
}

func TestWayBack(t *testing.T) {
	for _, c := range []struct {
		family   stream.Family
		netlink  int
		all, one string
		ip       string
	}{
		{stream.IPv4, netlink.FAMILY_V4, "0.0.0.0/0", "192.0.2.0/24", "ip "},
		{stream.IPv6, netlink.FAMILY_V6, "::/0", "2001:db8::/32", "ip -6 "},
	} {
		for _, mark := range []uint32{1, 0} {
			elsewhere(t, func(t *testing.T) {
				var missing *Missing
				if err := WayBack(c.family); !errors.As(err, &missing) || missing.Table != "" {
					t.Errorf("%s, nothing there: %v", c.family, err)
					return
				}
				if !strings.HasPrefix(missing.Paste(), c.ip+"rule add fwmark 1 lookup 100 && "+c.ip+"route add local default dev lo table 100 && nft ") {
					t.Errorf("commands:\n%s", missing.Paste())
				}
				addRule(t, c.netlink, mark)
				addRoute(t, c.one)
				if err := WayBack(c.family); !errors.As(err, &missing) || missing.Table != "100" {
					t.Errorf("%s, rule without route: %v", c.family, err)
				}
				if !strings.HasPrefix(missing.Paste(), c.ip+"route add local default dev lo table 100 && ") {
					t.Errorf("commands:\n%s", missing.Paste())
				}
				addRoute(t, c.all)
				if err := WayBack(c.family); err != nil {
					t.Errorf("%s, mark %d: %v", c.family, mark, err)
				}
			})
		}
	}
}
