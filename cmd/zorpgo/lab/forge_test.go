package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// sides are the use case's forging policy for each family, and its addresses.
var sides = map[string]struct{ policy, client, firewall string }{
	"IPv4": {"testdata/mail_forged.star", "172.16.40.10", "172.16.40.1"},
	"IPv6": {"testdata/mail_forged6.star", "fd00:40::10", "fd00:40::1"},
}

func TestForgePort(t *testing.T) {
	cases := []struct {
		value     string
		port      uint16 // the client's
		low, high uint16 // where the origin must see it
	}{
		{"Z_PORT_ANY", 41000, 1024, 65535},
		{"Z_PORT_EXACT", 41001, 41001, 41001},
		{"Z_PORT_EXACT", 701, 701, 701},
		{"Z_PORT_GROUP", 41002, 41002, 41002}, // it is free
		{"Z_PORT_GROUP", 301, 301, 301},
		{"Z_PORT_RANDOM", 41003, 1024, 65535},
		{"Z_PORT_RANDOM", 302, 1, 511},
		{"Z_PORT_RANDOM", 702, 512, 1023},
		{"2525", 41004, 2525, 2525},
	}
	for name, side := range sides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			lab.WayBack()
			witness := lab.Witness()
			for _, c := range cases {
				zorpgo := lab.Zorpgo("testdata/zones.star", forgePort(t, lab, side.policy, c.value))
				client := dial(t, lab.Client, fmt.Sprintf("[%s]:%d", side.client, c.port), side.firewall)
				client.get("220 ")
				client.quit()
				peer := witness.Peer()
				if peer.Addr().String() != side.client || peer.Port() < c.low || peer.Port() > c.high {
					t.Errorf("%s, client's port %d: the origin saw %s, want a port from %d to %d", c.value, c.port, peer, c.low, c.high)
				}
				zorpgo.Stop()
			}
		})
	}
}

// forgePort is the forging policy with a forge_port.
func forgePort(t *testing.T, lab *Lab, policy, value string) string {
	t.Helper()
	text, err := os.ReadFile(policy)
	must(t, err)
	return lab.File("mail.star", strings.Replace(string(text), "forge_addr=TRUE", "forge_addr=TRUE, forge_port="+value, 1))
}

// TestNoWayBack runs a forging policy on a firewall that would never see the origin's answers: the commands that
// zorpgo says at its start, typed as they are, mend that.
func TestNoWayBack(t *testing.T) {
	for name, side := range sides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			witness := lab.Witness()
			zorpgo := lab.Zorpgo("testdata/zones.star", side.policy)
			commands, err := strconv.Unquote(zorpgo.LogMatch(`type_as_root=("(?:[^"\\]|\\.)*")`))
			must(t, err)
			lab.Firewall.Run(Command{Args: []string{"sh", "-ec", commands}})
			client := dial(t, lab.Client, "", side.firewall)
			client.get("220 ")
			if peer := witness.Peer(); peer.Addr().String() != side.client {
				t.Errorf("the origin saw %s", peer)
			}
		})
	}
}

func TestNoRightToForge(t *testing.T) {
	for name, side := range sides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			lab.WayBack()
			zorpgo := lab.ZorpgoNot([]uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}, "testdata/zones.star", side.policy)
			if status := zorpgo.Wait(); status != 3 {
				t.Errorf("exit status %d, want 3", status)
			}
			zorpgo.LogHas("forge")
			zorpgo.LogHas("CAP_NET_RAW")
		})
	}
}
