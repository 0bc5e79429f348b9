package lint

import (
	"strings"
	"testing"

	"zorpgo/engine/zone"
)

func TestFronts(t *testing.T) {
	for _, c := range []struct{ networks, want string }{
		{"172.16.40.8/32", ""},
		{"", `zone "front" of proxy_protocol_from has no network`},
		{"172.16.40.8/32 ::/0", `zone "front" of proxy_protocol_from holds ::/0`},
	} {
		w := newWorld()
		front := &zone.Zone{Name: "front"}
		w.zones = append(w.zones, front, &zone.Zone{Name: "below", Parent: front, Prefixes: prefixes(strings.Fields(c.networks)...)})
		w.rules[0].ProxiesFrom = []*zone.Zone{front}
		if got := w.check(t).Error(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q: %s", c.networks, got)
		}
	}
}

// Through a proxy in front a client of one family comes to a listener of the other.
func TestFrontsJoinFamilies(t *testing.T) {
	w := newWorld()
	front := &zone.Zone{Name: "front", Prefixes: prefixes("10.0.0.1/32")}
	w.zones[0].Prefixes = prefixes("fd00:40::/64")
	w.zones = append(w.zones, front)
	w.rules[0].ProxiesFrom = []*zone.Zone{front}
	if got := w.check(t); len(got) > 0 {
		t.Error(got.Error())
	}
}

func TestClientsSpeakForOthers(t *testing.T) {
	for _, c := range []struct{ network, want string }{
		{"172.16.40.8/32", ""},
		{"0.0.0.0/0", `zone "front" of xclient_from of its class SmtpProxy holds 0.0.0.0/0`},
	} {
		w := newWorld()
		w.zones = append(w.zones, &zone.Zone{Name: "front", Prefixes: prefixes(c.network)})
		w.settings.XClientFrom = []string{"front"}
		if got := w.check(t).Error(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q: %s", c.network, got)
		}
	}
}

// A server that is told of clients by XCLIENT, or else gets no mail, may decide on relaying.
func TestServerIsToldOfClients(t *testing.T) {
	for permit, want := range map[bool]string{false: "", true: "relaying-left-to-server"} {
		w := newWorld()
		w.settings.Relay.Check, w.settings.XClientToServer, w.settings.PermitUnannouncedClient = false, true, permit
		if got := w.check(t).Error(); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("permit %t: %s", permit, got)
		}
	}
}
