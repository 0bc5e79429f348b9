package lab

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// forward copies bytes between each client and the server, both "address:port". With FORGE set in the environment the
// server sees the client's address. It stands for zorpgo where the lab itself is on trial.
func forward(listen, server string) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	notify, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err == nil {
		fmt.Fprint(notify, "READY=1")
	}
	for {
		client, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		go carry(client, server)
	}
}

func carry(client net.Conn, server string) {
	defer client.Close()
	var dialer net.Dialer
	if os.Getenv("FORGE") != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: client.RemoteAddr().(*net.TCPAddr).IP}
		dialer.Control = transparent
	}
	origin, err := dialer.DialContext(context.Background(), "tcp", server)
	if err != nil {
		fmt.Fprintf(client, "451 %v\r\n", err)
		return
	}
	defer origin.Close()
	go io.Copy(origin, client)
	io.Copy(client, origin)
}

func transparent(network, _ string, c syscall.RawConn) (err error) {
	level, option := unix.SOL_IP, unix.IP_TRANSPARENT
	if network == "tcp6" {
		level, option = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
	}
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, 1) }); e != nil {
		return e
	}
	return err
}

// TestLab proves the lab and its judges on a forwarder that only copies bytes.
func TestLab(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testForwarder(t, "172.16.40.1", "172.16.20.254:25", "") })
	t.Run("forged", func(t *testing.T) { testForwarder(t, "172.16.40.1", "172.16.20.254:25", "172.16.40.10") })
	t.Run("plain IPv6", func(t *testing.T) { testForwarder(t, "fd00:40::1", "[fd00:20::254]:25", "") })
	t.Run("forged IPv6", func(t *testing.T) { testForwarder(t, "fd00:40::1", "[fd00:20::254]:25", "fd00:40::10") })
}

func testForwarder(t *testing.T, firewall, server, forged string) {
	t.Parallel()
	lab := New(t)
	lab.WayBack()
	seen := map[string]string{"172.16.40.1": "172.16.20.1", "fd00:40::1": "fd00:20::1"}[firewall]
	if forged != "" {
		seen = forged
	}
	self, err := os.Executable()
	must(t, err)
	origin := lab.Origin()
	relay := lab.Relay(firewall)
	lab.StartReady(lab.Firewall, Command{
		Args: []string{self, "forward", net.JoinHostPort(firewall, "25"), server},
		Env:  []string{"FORGE=" + forged},
	})
	relay.Send("bob@example.com", message)
	relay.LogHas("status=sent (250 2.0.0 Ok: queued as ")
	origin.LogHas("connect from unknown[" + seen + "]")
	if got := origin.Delivered(1)[0]; !bytes.HasSuffix(got, message) {
		t.Errorf("the origin got\n%s\nwant at its end\n%s", got, message)
	}
	lab.Client.Source(Load{To: firewall, Messages: 20, Sessions: 4, Size: 10000})
	origin.LogHasTimes(20, "status=sent (elsewhere.example)")
	if greeting := lab.Outside.greeting(t, net.JoinHostPort(firewall, "25")); !strings.HasPrefix(greeting, "220 ") {
		t.Errorf("a client outside of dmz was greeted with %q", greeting)
	}
	origin.Kill()
	if greeting := lab.Client.greeting(t, net.JoinHostPort(firewall, "25")); !strings.HasPrefix(greeting, "451 ") {
		t.Errorf("with no origin the client was greeted with %q", greeting)
	}
}

// greeting is the first line that a server sends.
func (h *Host) greeting(t *testing.T, server string) string {
	t.Helper()
	conn, err := h.Dial("", server)
	must(t, err)
	line, err := bufio.NewReader(conn).ReadString('\n')
	must(t, err)
	return line
}

// message is what the tests send: complete, so that no server adds to it, and with what is easily damaged.
var message = []byte(strings.Join([]string{
	"From: Alice <alice@example.net>",
	"To: Bob <bob@example.com>",
	"Date: Fri, 01 Jan 2027 00:00:00 +0000",
	"Message-Id: <one@example.net>",
	"Subject: dots and long lines",
	"MIME-Version: 1.0",
	"Content-Type: text/plain; charset=utf-8",
	"Content-Transfer-Encoding: 8bit",
	"",
	"árvíztűrő tükörfúrógép",
	".",
	"..",
	".one dot, trailing blank ",
	strings.Repeat("x", 990),
	"",
	"",
}, "\n"))
