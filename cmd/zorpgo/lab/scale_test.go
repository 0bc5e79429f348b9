package lab

import (
	"bufio"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// crowd are clients of one address whose sessions are open at a time.
type crowd struct {
	t     *testing.T
	lab   *Lab
	conns []net.Conn
}

// join opens one more session and gives the first line of the greeting.
func (c *crowd) join() (greeting string) {
	c.t.Helper()
	conn, err := c.lab.Client.open(net.Dialer{Timeout: patience}, "172.16.40.1:25")
	must(c.t, err)
	c.conns = append(c.conns, conn)
	greeting, err = bufio.NewReaderSize(conn, 512).ReadString('\n')
	must(c.t, err)
	return greeting
}

// leave ends n sessions, and waits until the server has closed them.
func (c *crowd) leave(n int) {
	c.t.Helper()
	for _, conn := range c.conns[:n] {
		_, err := conn.Write([]byte("QUIT\r\n"))
		must(c.t, err)
	}
	for _, conn := range c.conns[:n] {
		for b := make([]byte, 512); ; {
			if _, err := conn.Read(b); err != nil {
				break
			}
		}
		conn.Close()
	}
	c.conns = c.conns[n:]
}

// TestForgedPorts: a client's address has as many forged connections at a time as there are ports; the next session is
// refused for now, and the log says why. A port is free again when its session has ended.
func TestForgedPorts(t *testing.T) {
	lab := New(t)
	lab.WayBack()
	lab.Counter()
	lab.Firewall.sysctl("ipv4/ip_local_port_range", "40000 40063")
	zorpgo := lab.Zorpgo("testdata/zones.star", "testdata/mail_forged.star")
	clients := &crowd{t: t, lab: lab}
	for i := range 64 {
		if greeting := clients.join(); !strings.HasPrefix(greeting, "220 ") {
			t.Fatalf("session %d was greeted with %q", i, greeting)
		}
	}
	start := time.Now()
	if greeting := clients.join(); !strings.HasPrefix(greeting, "451 ") {
		t.Errorf("with all ports taken: %q", greeting)
	}
	if spent := time.Since(start); spent > 5*time.Second {
		t.Errorf("it took %s to say so", spent)
	}
	zorpgo.LogHas("cannot forge address 172.16.40.10: it has no free port towards 172.16.20.254:25")
	clients.leave(65)
	for i := range 200 {
		if err := lab.Client.session("172.16.40.1:25"); err != nil {
			t.Fatalf("session %d after that: %v", i, err)
		}
	}
}

// TestForgingAtScale takes the figures of policies/transparent/README.md, if $ZORPGO_SCALE is set; else it makes sure
// that they can be taken.
func TestForgingAtScale(t *testing.T) {
	at, after := 200, int64(400)
	if os.Getenv("ZORPGO_SCALE") != "" {
		at, after = 5000, 20000
	}
	lab := New(t)
	lab.WayBack()
	origin := lab.Counter()
	zorpgo := lab.Zorpgo("testdata/zones.star", "testdata/mail_forged.star", "--log-level=error")
	clients := &crowd{t: t, lab: lab}
	start := time.Now()
	for range at {
		if greeting := clients.join(); !strings.HasPrefix(greeting, "220 ") {
			t.Fatalf("greeted with %q", greeting)
		}
	}
	t.Logf("%d sessions of one address at a time: opened in %s, %d MiB", at, time.Since(start), zorpgo.Peak()>>20)
	clients.leave(at)
	start = time.Now()
	traffic := lab.Client.Traffic(8, "172.16.40.1:25")
	traffic.AwaitFor(after, 10*patience)
	traffic.Stop()
	t.Logf("%s, in %s, %d MiB", traffic, time.Since(start), zorpgo.Peak()>>20)
	if traffic.Lost.Load() > 0 {
		t.Error("sessions were lost")
	}
	if seen := int64(origin.Seen("172.16.40.10")); seen != int64(at)+traffic.Done.Load() {
		t.Errorf("the origin saw the client %d times", seen)
	}
}
