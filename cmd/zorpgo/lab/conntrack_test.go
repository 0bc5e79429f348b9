package lab

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stateful is a careful administrator's packet filter: what the connection tracking calls invalid goes no further.
const stateful = `
table inet state {
	chain in {
		type filter hook input priority filter; policy drop;
		ct state invalid counter drop
		ct state { established, related } accept
		meta l4proto { icmp, ipv6-icmp } accept
		tcp dport 25 ct state new accept
	}
	chain out {
		type filter hook output priority filter; policy accept;
		ct state invalid counter drop
	}
}`

// TestEqualTuples has clients' ports forged as well, so that both legs of a session have the same addresses and ports.
// The ruleset's conntrack zone keeps them apart; without it some sessions hang.
func TestEqualTuples(t *testing.T) {
	const sessions = 20
	lab := New(t)
	origin := lab.Origin("smtpd_client_port_logging = yes")
	lab.Firewall.Run(Command{Args: []string{"nft", "-f", "-"}, Stdin: stateful})
	policy := lab.File("transparent.star", strings.Replace(lab.text("testdata/transparent.star"),
		"TransparentRouter()", "TransparentRouter(forge_addr=TRUE, forge_port=Z_PORT_EXACT)", 1))
	lab.ZorpgoTransparent("testdata/zones.star", policy)

	ports := lab.greeted(sessions, patience)
	if len(ports) != sessions {
		t.Errorf("%d of %d sessions were greeted", len(ports), sessions)
	}
	for _, port := range ports {
		origin.LogHas(fmt.Sprintf("disconnect from unknown[172.16.40.10]:%d ", port))
	}

	lab.Firewall.Run(Command{Args: []string{"nft", "flush chain inet zorpgo_default_instance forged_in; flush chain inet zorpgo_default_instance forged_out"}})
	if ports := lab.greeted(sessions, 2*time.Second); len(ports) == sessions {
		t.Error("all sessions were greeted without a zone: the ruleset need not have one")
	}
}

// greeted opens sessions at once, quits those that were greeted in time, and gives their ports.
func (l *Lab) greeted(sessions int, limit time.Duration) (ports []int) {
	l.t.Helper()
	results := make(chan int, sessions)
	for range sessions {
		go func() { results <- l.session(limit) }()
	}
	for range sessions {
		if port := <-results; port != 0 {
			ports = append(ports, port)
		}
	}
	return ports
}

// session is one of a client whose sequence numbers are its own, as if it had another kernel than the firewall; else
// they are so near to the proxy's that the connection tracking takes them for those of one connection.
func (l *Lab) session(limit time.Duration) (port int) {
	conn, err := l.Client.open(net.Dialer{Timeout: limit, Control: ownNumbers}, "172.16.20.254:25")
	if err != nil {
		return 0
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(limit))
	if line, err := from.ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 ") {
		return 0
	}
	fmt.Fprint(conn, "QUIT\r\n")
	if line, err := from.ReadString('\n'); err != nil || !strings.HasPrefix(line, "221 ") {
		return 0
	}
	return conn.LocalAddr().(*net.TCPAddr).Port
}

// ownNumbers gives a socket a sequence number to begin with.
func ownNumbers(_, _ string, raw syscall.RawConn) error {
	var failed error
	set := func(fd uintptr, option, value int) {
		failed = errors.Join(failed, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value))
	}
	return errors.Join(raw.Control(func(fd uintptr) {
		set(fd, unix.TCP_REPAIR, 1)
		set(fd, unix.TCP_REPAIR_QUEUE, 2) // of what is sent
		set(fd, unix.TCP_QUEUE_SEQ, int(rand.Uint32()|1))
		set(fd, unix.TCP_REPAIR, -1) // off, without a probe
	}), failed)
}
