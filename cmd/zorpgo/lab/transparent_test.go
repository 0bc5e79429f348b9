package lab

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// transparency is the four ways to be in between without a client's knowing, by what the origin sees.
var transparency = []struct {
	name, server string
	forging      bool
	seen         string
}{
	{"plain", "172.16.20.254", false, "172.16.20.1"},
	{"forged", "172.16.20.254", true, "172.16.40.10"},
	{"plain IPv6", "fd00:20::254", false, "fd00:20::1"},
	{"forged IPv6", "fd00:20::254", true, "fd00:40::10"},
}

// TestTransparent: clients connect to the origin itself, and meet zorpgo.
func TestTransparent(t *testing.T) {
	for _, c := range transparency {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			before := lab.Firewall.network()
			origin := lab.Origin()
			relay := lab.Relay(c.server)
			zorpgo := lab.ZorpgoTransparent("testdata/zones.star", lab.transparentPolicy(c.forging))

			swaks := lab.Client.Swaks(c.server, "--pipeline", "--to", "bob@example.com", "--body", "hello")
			swaks.LogHas("250 2.0.0 Ok: queued as ")
			relay.Send("bob@example.com", message)
			for _, got := range origin.Delivered(2) {
				if !bytes.Contains(got, []byte("hello")) && !bytes.HasSuffix(got, message) {
					t.Errorf("the origin got\n%s", got)
				}
			}
			lab.Client.Source(Load{To: c.server, Messages: 50, Sessions: 5, Size: 20000})
			origin.LogHasTimes(52, "connect from unknown["+c.seen+"]")
			zorpgo.LogHas("server=" + lab.quoted(c.server))
			if _, err := lab.Outside.DialWithin(patience, net.JoinHostPort(c.server, "25")); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error("from outside:", err)
			}
			if status := zorpgo.Stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			if after := lab.Firewall.network(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// TestTransparentKilled: what a killed zorpgo leaves behind lets nothing past, and is gone after the next one.
func TestTransparentKilled(t *testing.T) {
	t.Parallel()
	lab := New(t)
	before := lab.Firewall.network()
	witness := lab.Witness()
	policy := lab.transparentPolicy(true)
	lab.ZorpgoTransparent("testdata/zones.star", policy).Kill()
	if _, err := lab.Client.DialWithin(time.Second, "172.16.20.254:25"); !os.IsTimeout(err) {
		t.Error("past the killed proxy:", err)
	}
	zorpgo := lab.ZorpgoTransparent("testdata/zones.star", policy)
	client := dial(t, lab.Client, "", "172.16.20.254")
	client.get("220 ")
	client.quit()
	if peer := witness.Peer(); peer.Addr().String() != "172.16.40.10" {
		t.Errorf("the origin saw %s", peer)
	}
	witness.Alone()
	zorpgo.Stop()
	if after := lab.Firewall.network(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// transparentPolicy is the policy file, perhaps in its forging form.
func (l *Lab) transparentPolicy(forging bool) string {
	l.t.Helper()
	text, err := os.ReadFile("testdata/transparent.star")
	must(l.t, err)
	if forging {
		text = bytes.Replace(text, []byte("TransparentRouter()"), []byte("TransparentRouter(forge_addr=TRUE)"), 1)
	}
	return l.File("transparent.star", string(text))
}

// quoted is the server as the log has it.
func (l *Lab) quoted(server string) string {
	if strings.Contains(server, ":") {
		return "[" + server + "]:25"
	}
	return server + ":25"
}

// network is all that a ruleset or a routing command changes.
func (h *Host) network() string {
	h.t.Helper()
	p := h.Run(Command{Args: []string{"sh", "-ec", "nft list ruleset; ip rule; ip -6 rule; ip route show table 100 2>/dev/null || true; ip -6 route show table 100 2>/dev/null || true"}})
	return p.String()
}
