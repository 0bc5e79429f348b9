package lab

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is one machine of the lab: a network namespace.
type Host struct {
	t    testing.TB
	name string
	ns   netns.NsHandle
	link *netlink.Handle
}

// newHost makes a namespace without a name: it is gone with its last process and the test.
func newHost(t testing.TB, name string) *Host {
	t.Helper()
	h := &Host{t: t, name: name}
	must(t, onThread(func() (err error) {
		h.ns, err = netns.New()
		return err
	}))
	t.Cleanup(func() { h.ns.Close() })
	link, err := netlink.NewHandleAt(h.ns)
	must(t, err)
	t.Cleanup(link.Close)
	h.link = link
	h.sysctl("ipv6/conf/default/accept_dad", "0") // no duplicate address detection: addresses are usable at once
	must(t, link.LinkSetUp(h.device("lo")))
	return h
}

// onThread runs f on a thread of its own, which ends with f: a namespace or capability it changed goes with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked
		done <- f()
	}()
	return <-done
}

// inside runs f on a thread inside the namespace. Sockets and processes made by f stay there.
func (h *Host) inside(f func() error) error {
	return onThread(func() error {
		if err := netns.Set(h.ns); err != nil {
			return fmt.Errorf("enter %s: %w", h.name, err)
		}
		return f()
	})
}

func (h *Host) sysctl(name, value string) {
	h.t.Helper()
	must(h.t, h.inside(func() error { return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0) }))
}

func (h *Host) device(name string) netlink.Link {
	h.t.Helper()
	link, err := h.link.LinkByName(name)
	must(h.t, err)
	return link
}

// veth makes a pair of devices: name here, eth0 at the peer.
func (h *Host) veth(name string, peer *Host) {
	h.t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	must(h.t, h.link.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(peer.ns)}))
}

func (h *Host) address(device string, prefixes []string) {
	h.t.Helper()
	link := h.device(device)
	for _, prefix := range prefixes {
		addr, err := netlink.ParseAddr(prefix)
		must(h.t, err)
		if addr.IP.To4() == nil {
			addr.Flags = unix.IFA_F_NODAD
		}
		must(h.t, h.link.AddrAdd(link, addr))
	}
	must(h.t, h.link.LinkSetUp(link))
}

func (h *Host) defaultRoute(gateway string) {
	h.t.Helper()
	ip, _, err := net.ParseCIDR(gateway)
	must(h.t, err)
	must(h.t, h.link.RouteAdd(&netlink.Route{Gw: ip}))
}

func (h *Host) awaitUp(device string) {
	h.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if h.device(device).Attrs().OperState == netlink.OperUp {
			return
		}
	}
	h.t.Fatalf("%s: %s does not come up", h.name, device)
}

// Dial connects to an address from this host; from may name the local address and port. Both are literals: names are
// looked up, and dialled, on other threads, which are outside of the lab.
func (h *Host) Dial(from, to string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: patience}
	if from != "" {
		local, err := net.ResolveTCPAddr("tcp", from)
		if err != nil {
			return nil, err
		}
		dialer.LocalAddr = local
	}
	return h.dial(dialer, to)
}

// DialWithin connects to an address from this host, in a time.
func (h *Host) DialWithin(limit time.Duration, to string) (net.Conn, error) {
	return h.dial(net.Dialer{Timeout: limit}, to)
}

func (h *Host) dial(dialer net.Dialer, to string) (net.Conn, error) {
	conn, err := h.open(dialer, to)
	if err == nil {
		h.t.Cleanup(func() { conn.Close() })
	}
	return conn, err
}

// open is dial for who closes the connection.
func (h *Host) open(dialer net.Dialer, to string) (net.Conn, error) {
	var conn net.Conn
	err := h.inside(func() (err error) {
		conn, err = dialer.Dial("tcp", to)
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// Listen opens a TCP listener on this host.
func (h *Host) Listen(address string) net.Listener {
	h.t.Helper()
	var listener net.Listener
	must(h.t, h.inside(func() (err error) {
		listener, err = net.Listen("tcp", address)
		return err
	}))
	h.t.Cleanup(func() { listener.Close() })
	return listener
}
