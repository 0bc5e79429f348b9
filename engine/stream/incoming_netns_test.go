package stream

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// A connection to an address of another interface still came in on the one that it came in on.
func TestIncomingIsNotWhereTheAddressIs(t *testing.T) {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		done <- throughVeth(t)
	}()
	if err := <-done; err != nil {
		t.Skip("no network namespaces: ", err)
	}
}

func throughVeth(t *testing.T) error {
	far, err := netns.New()
	if err != nil {
		return err
	}
	defer far.Close()
	near, err := netns.New()
	if err != nil {
		return err
	}
	defer near.Close()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "near"}, PeerName: "far", PeerNamespace: netlink.NsFd(int(far))}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	must(t, configure("lo", "10.9.9.9/32"), configure("near", "172.16.40.1/24"))
	link, err := netlink.LinkByName("near")
	must(t, err)
	l, err := Listen(t.Context(), netip.MustParseAddrPort("10.9.9.9:0"))
	must(t, err)
	defer l.Close()

	must(t, netns.Set(far), configure("far", "172.16.40.10/24"))
	must(t, netlink.RouteAdd(&netlink.Route{Gw: net.IPv4(172, 16, 40, 1)}))
	must(t, carrier("far")) // a packet before that is lost, and sent again only after a second
	dialer := net.Dialer{Timeout: 10 * time.Second}
	client, err := dialer.Dial("tcp4", l.Addr().String())
	must(t, err)
	if err != nil {
		return nil
	}
	defer client.Close()
	server, err := l.Accept()
	must(t, err)
	defer server.Close()
	if got, err := Incoming(server); got != link.Attrs().Index || err != nil {
		t.Errorf("interface %d, %v; want %d", got, err, link.Attrs().Index)
	}
	return nil
}

func configure(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return netlink.LinkSetUp(link)
}

// carrier waits until the link called name is up.
func carrier(name string) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		link, err := netlink.LinkByName(name)
		if err != nil || link.Attrs().OperState == netlink.OperUp {
			return err
		}
		<-tick.C
	}
	return fmt.Errorf("%s is not up", name)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}
