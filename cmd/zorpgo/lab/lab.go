// Package lab is the network of the use case for tests: a client in zone dmz, the firewall that zorpgo runs on, a mail
// server behind it, and a client of another network, each in a network namespace of its own.
//
//	outside 172.16.50.10 ─┐
//	                      ├─ 172.16.40.1, 172.16.50.1  firewall  172.16.20.1 ─── 172.16.20.254 server
//	client  172.16.40.10 ─┘
//
// The same with fd00:40::, fd00:50:: and fd00:20:: in IPv6. Nothing joins the namespaces to the host, so labs of the
// same addresses can run side by side. Only tests use it; they need root and a Postfix, see Main.
package lab

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a lab waits for what must happen; only a failing test waits that long.
const patience = 30 * time.Second

// Lab is one set of namespaces. Everything in it ends with its test.
type Lab struct {
	Client, Outside, Firewall, Server *Host

	t   testing.TB
	dir string // readable by every user: Postfix has several
}

// cable joins the firewall to a host.
type cable struct {
	name      string // of the firewall's end
	host      *Host
	near, far []string // the firewall's addresses, the host's
}

// New makes a lab for t, or skips t where there can be none.
func New(t testing.TB) *Lab {
	t.Helper()
	if why := Missing(); why != "" {
		t.Skip("no lab: " + why)
	}
	dir, err := os.MkdirTemp("", "zorpgo-lab-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	l := &Lab{t: t, dir: dir}
	l.Client, l.Outside = newHost(t, "client"), newHost(t, "outside")
	l.Firewall, l.Server = newHost(t, "firewall"), newHost(t, "server")
	l.join(cable{"eth-dmz", l.Client, []string{"172.16.40.1/24", "fd00:40::1/64"}, []string{"172.16.40.10/24", "fd00:40::10/64"}})
	l.join(cable{"eth-out", l.Outside, []string{"172.16.50.1/24", "fd00:50::1/64"}, []string{"172.16.50.10/24", "fd00:50::10/64"}})
	l.join(cable{"eth-int", l.Server, []string{"172.16.20.1/24", "fd00:20::1/64"}, []string{"172.16.20.254/24", "fd00:20::254/64"}})
	l.route()
	return l
}

// join lays one cable and waits until it carries: what is sent earlier is lost, and costs a second.
func (l *Lab) join(c cable) {
	l.t.Helper()
	l.Firewall.veth(c.name, c.host)
	l.Firewall.address(c.name, c.near)
	c.host.address("eth0", c.far)
	for _, gateway := range c.near {
		c.host.defaultRoute(gateway)
	}
	l.Firewall.awaitUp(c.name)
	c.host.awaitUp("eth0")
}

// route makes the firewall a plain router with strict reverse path filtering, as a careful administrator has it.
func (l *Lab) route() {
	l.t.Helper()
	for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/rp_filter",
		"ipv4/conf/eth-dmz/rp_filter", "ipv4/conf/eth-out/rp_filter", "ipv4/conf/eth-int/rp_filter"} {
		l.Firewall.sysctl(name, "1")
	}
}

// Dir makes a directory that every user can read and gives its path.
func (l *Lab) Dir() string {
	l.t.Helper()
	dir, err := os.MkdirTemp(l.dir, "dir-")
	must(l.t, err)
	must(l.t, os.Chmod(dir, 0o755))
	return dir
}

// File writes a file of that name into the lab's directory and gives its path.
func (l *Lab) File(name, content string) string {
	l.t.Helper()
	return l.fileIn(l.dir, name, content)
}

// copied is a copy of a file that every user can read.
func (l *Lab) copied(file string) string {
	l.t.Helper()
	return l.File(filepath.Base(file), l.text(file))
}

func (l *Lab) text(file string) string {
	l.t.Helper()
	text, err := os.ReadFile(file)
	must(l.t, err)
	return string(text)
}

func (l *Lab) fileIn(dir, name, content string) string {
	l.t.Helper()
	path := filepath.Join(dir, name)
	must(l.t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
