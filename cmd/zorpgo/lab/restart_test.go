package lab

import (
	"net"
	"os"
	"strings"
	"testing"
)

// TestReloadUnderLoad: no session is lost while the policy and its ruleset are replaced.
func TestReloadUnderLoad(t *testing.T) {
	lab := New(t)
	lab.Counter()
	zorpgo := lab.ZorpgoTransparent(lab.copied("testdata/zones.star"), lab.transparentPolicy(true))
	traffic := lab.Client.Traffic(4, "172.16.20.254:25")
	for i := range 10 {
		zorpgo.Reload()
		zorpgo.LogHasTimes(i+1, `msg="policy reloaded"`)
		traffic.Await(20)
	}
	traffic.Stop()
	if traffic.Lost.Load() > 0 || traffic.Done.Load() < 200 {
		t.Error(traffic)
	}
}

// TestRestartWithSocket: a listening socket that outlives zorpgo, as a socket unit's does, keeps clients waiting for the
// next one; none is lost.
func TestRestartWithSocket(t *testing.T) {
	for name, c := range map[string]struct {
		firewall, policy string
	}{"IPv4": {"172.16.40.1:25", "testdata/mail.star"}, "IPv6": {"[fd00:40::1]:25", "testdata/mail6.star"}} {
		t.Run(name, func(t *testing.T) {
			lab := New(t)
			lab.Counter()
			file, err := lab.Firewall.Listen(c.firewall).(*net.TCPListener).File()
			must(t, err)
			defer file.Close()
			start := lab.zorpgo("run", []string{"testdata/zones.star", c.policy})
			start.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"`, "sh"}, start.Args...)
			start.Files = []*os.File{file}
			zorpgo := lab.StartReady(lab.Firewall, start)
			traffic := lab.Client.Traffic(4, c.firewall)
			for range 3 {
				traffic.Await(20)
				if status := zorpgo.Stop(); status != 0 {
					t.Errorf("exit status %d", status)
				}
				zorpgo = lab.StartReady(lab.Firewall, start)
			}
			traffic.Await(20)
			traffic.Stop()
			if traffic.Lost.Load() > 0 || traffic.Done.Load() < 80 {
				t.Error(traffic)
			}
		})
	}
}

// TestRestartTransparent: while a ruleset that was kept waits for the next zorpgo nothing goes past, and clients only
// wait. What the old one had not accepted when it ended is lost, which is what a socket that stays is for.
func TestRestartTransparent(t *testing.T) {
	lab := New(t)
	before := lab.Firewall.network()
	origin := lab.Counter()
	files := []string{lab.copied("testdata/zones.star"), lab.transparentPolicy(false)}
	run := append([]string{"--keep-ruleset"}, files...)
	zorpgo := lab.ZorpgoTransparent(run...)
	traffic := lab.Client.Traffic(4, "172.16.20.254:25")
	const restarts = 3
	for range restarts {
		traffic.Await(20)
		zorpgo.Stop()
		zorpgo = lab.ZorpgoTransparent(run...)
	}
	traffic.Await(20)
	traffic.Stop()
	if traffic.Lost.Load() > restarts*4 || traffic.Done.Load() < 80 {
		t.Error(traffic)
	}
	if n := origin.Seen("172.16.40.10"); n > 0 {
		t.Errorf("%d connections went past the proxy", n)
	}
	zorpgo.Stop()
	lab.Firewall.Run(lab.zorpgo("nft", append([]string{"--remove"}, files...)))
	if after := lab.Firewall.network(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// twoInstances is one policy file with two instances.
const twoInstances = `
from Zorp.Smtp import *

Zone("servers", addrs=["172.16.20.0/24"])

def a():
    Service(name="smtp", proxy_class=SmtpProxy, router=TransparentRouter(forge_addr=TRUE))
    Rule(service="smtp", dst_port=25, dst_zone="servers")

def b():
    Service(name="submission", proxy_class=SmtpProxy, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))
    Rule(service="submission", dst_port=587, dst_zone="servers")
`

// TestTwoInstances: each has a ruleset of its own, and what one leaves is the other's.
func TestTwoInstances(t *testing.T) {
	lab := New(t)
	before := lab.Firewall.network()
	witness := lab.Witness()
	policy := lab.File("two.star", twoInstances)
	a := lab.ZorpgoTransparent("--instance", "a", policy)
	b := lab.ZorpgoTransparent("--instance", "b", "--intercept-port", "50081", policy)
	served := func(to, seen string) {
		t.Helper()
		must(t, lab.Client.session(to))
		if peer := witness.Peer(); peer.Addr().String() != seen {
			t.Errorf("%s: the origin saw %s, want %s", to, peer, seen)
		}
	}
	served("172.16.20.254:25", "172.16.40.10")
	served("172.16.20.254:587", "172.16.20.1")
	a.Stop()
	served("172.16.20.254:587", "172.16.20.1")
	if left := lab.Firewall.network(); !strings.Contains(left, "table inet zorpgo_b") || strings.Contains(left, "table inet zorpgo_a") {
		t.Errorf("left:\n%s", left)
	}
	a = lab.ZorpgoTransparent("--instance", "a", policy)
	served("172.16.20.254:25", "172.16.40.10")
	b.Stop()
	served("172.16.20.254:25", "172.16.40.10")
	a.Stop()
	if after := lab.Firewall.network(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// TestReloadRenames: a reload that finds another instance leaves nothing of the old one's ruleset behind.
func TestReloadRenames(t *testing.T) {
	lab := New(t)
	before := lab.Firewall.network()
	lab.Witness()
	first, _, _ := strings.Cut(twoInstances, "def b")
	policy := lab.File("mail.star", first)
	zorpgo := lab.ZorpgoTransparent(policy)
	must(t, os.WriteFile(policy, []byte(strings.Replace(first, "def a", "def z", 1)), 0o600))
	zorpgo.Reload()
	zorpgo.LogHasTimes(2, "msg=listening")
	must(t, lab.Client.session("172.16.20.254:25"))
	if now := lab.Firewall.network(); strings.Contains(now, "zorpgo_a") || !strings.Contains(now, "zorpgo_z") {
		t.Errorf("now:\n%s", now)
	}
	zorpgo.Stop()
	if after := lab.Firewall.network(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
