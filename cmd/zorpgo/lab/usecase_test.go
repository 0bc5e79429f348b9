package lab

import (
	"bytes"
	"strings"
	"testing"
)

// useCases are the use case's policy and its forging form, in both families.
var useCases = []struct {
	name, policy, firewall string
	forging                bool
	seen, hidden           string // the address that the origin must see, and the one that it must not
}{
	{"plain", "mail.star", "172.16.40.1", false, "172.16.20.1", "172.16.40.10"},
	{"forged", "mail_forged.star", "172.16.40.1", true, "172.16.40.10", "172.16.20.1"},
	{"plain IPv6", "mail6.star", "fd00:40::1", false, "fd00:20::1", "fd00:40::10"},
	{"forged IPv6", "mail_forged6.star", "fd00:40::1", true, "fd00:40::10", "fd00:20::1"},
}

func TestUseCase(t *testing.T) {
	for _, c := range useCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			if c.forging {
				lab.WayBack()
			}
			origin := lab.Origin()
			relay := lab.Relay(c.firewall)
			zorpgo := lab.Zorpgo("testdata/zones.star", "testdata/"+c.policy)

			mail := lab.File("mail", strings.TrimSuffix(string(message), "\n")) // swaks adds it
			swaks := lab.Client.Swaks(c.firewall, "--pipeline", "--to", "bob@example.com", "--data", "@"+mail)
			swaks.LogHas("250 2.0.0 Ok: queued as ")
			relay.Send("bob@example.com", message)
			for _, got := range origin.Delivered(2) {
				if !bytes.HasSuffix(got, message) {
					t.Errorf("the origin got\n%s\nwant at its end\n%s", got, message)
				}
			}
			queued := relay.LogMatch(`status=sent \(250 2\.0\.0 Ok: queued as (\w+)\)`) // the origin's own 250
			origin.LogHas(queued + ": client=unknown[" + c.seen + "]")

			lab.Client.Source(Load{To: c.firewall, Messages: 50, Sessions: 5, Size: 20000})
			origin.LogHasTimes(50, "status=sent (elsewhere.example)")
			origin.LogHasTimes(52, "connect from unknown["+c.seen+"]")
			origin.LogLacks("[" + c.hidden + "]")
			if status := zorpgo.Stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

func TestOutsideOfZone(t *testing.T) {
	t.Parallel()
	lab := New(t)
	witness := lab.Witness()
	for _, c := range []struct{ policy, firewall, outside string }{
		{"mail.star", "172.16.40.1", "172.16.50.10"},
		{"mail6.star", "fd00:40::1", "fd00:50::10"},
	} {
		zorpgo := lab.Zorpgo("testdata/zones.star", "testdata/"+c.policy)
		if err := reset(lab.Outside, c.firewall); err != nil {
			t.Errorf("%s: %v", c.policy, err)
		}
		zorpgo.LogHas(c.outside)
		inside := dial(t, lab.Client, "", c.firewall)
		inside.get("220 ")
		inside.quit()
		witness.Peer()
		witness.Alone()
	}
}
