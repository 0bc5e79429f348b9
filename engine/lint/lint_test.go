package lint

import (
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/chain"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string // "line severity id", one per finding
	}{
		{"published policy", func(w *world) {}, ""},
		{"no rule", func(w *world) {
			w.rules = nil
		}, "5 warning unused-service\n- error no-rule"},
		{"service without rule", func(w *world) {
			w.services = append(w.services, &service.Service{Name: "spare", Pos: at(7)})
		}, "7 warning unused-service"},
		{"zone without network", func(w *world) {
			w.zones[0].Prefixes = nil
		}, "10 warning unreachable-rule"},
		{"zone without network, but with a child that has one", func(w *world) {
			w.zones[0].Prefixes = nil
			w.zones = append(w.zones, &zone.Zone{Name: "web", Parent: w.zones[0], Prefixes: prefixes("172.16.40.0/25")})
		}, ""},
		{"families that cannot meet", func(w *world) {
			w.zones[0].Prefixes = prefixes("172.16.40.0/24")
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128")
		}, "10 warning unreachable-rule"},
		{"shadowed rule", func(w *world) {
			later := *w.rules[0]
			later.ID, later.Pos = 2, at(20)
			w.rules = append(w.rules, &later)
		}, "20 warning unreachable-rule"},
		{"shadowed rule with an error of its own", func(w *world) {
			later := *w.rules[0]
			later.ID, later.Pos = 2, at(20)
			w.rules = append(w.rules, &later)
			w.sofar = source.Findings{{Pos: at(22), Severity: source.Error}}
		}, ""},
		{"shadowed by a rule with an error", func(w *world) {
			later := *w.rules[0]
			later.ID, later.Pos = 2, at(20)
			w.rules = append(w.rules, &later)
			w.sofar = source.Findings{{Pos: at(12), Severity: source.Error}}
		}, ""},
		{"shadowed rule beside an error", func(w *world) {
			later := *w.rules[0]
			later.ID, later.Pos = 2, at(20)
			w.rules = append(w.rules, &later)
			w.sofar = source.Findings{{Pos: at(5), Severity: source.Error}, {Pos: at(20), Severity: source.Warning}}
		}, "20 warning unreachable-rule"},
		{"narrower rule", func(w *world) {
			later := *w.rules[0]
			later.ID, later.Pos, later.SrcSubnet = 2, at(20), prefixes("172.16.40.7/32")
			w.rules = append(w.rules, &later)
		}, ""},
		{"forging for another family", func(w *world) {
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128")
			w.router.Forge.Addr = true
		}, "10 error forged-family"},
		{"forging for another family as well", func(w *world) {
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128", "172.16.40.1/32")
			w.router.Forge.Addr = true
		}, "10 warning forged-family"},
		{"forging with servers of both families", func(w *world) {
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128", "172.16.40.1/32")
			w.router.Forge.Addr = true
			w.router.Dest = targets("172.16.20.254:25", "[fd00:20::254]:25")
			w.services[0].Chainer = &chain.StateBased{Failover: true}
		}, ""},
		{"forging with servers of both families, of which one is never tried", func(w *world) {
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128", "172.16.40.1/32")
			w.router.Forge.Addr = true
			w.router.Dest = targets("172.16.20.254:25", "[fd00:20::254]:25")
		}, "5 note spare-target\n10 warning forged-family"},
		{"another family without forging", func(w *world) {
			w.rules[0].DstSubnet = prefixes("fd00:40::1/128")
		}, ""},
		{"loop", func(w *world) {
			w.router.Dest = targets("172.16.40.1:25")
		}, "10 error listener-loop"},
		{"another port of the listener's address", func(w *world) {
			w.router.Dest = targets("172.16.40.1:2525")
		}, ""},
		{"loop of a service with an error of its own", func(w *world) {
			w.router.Dest = targets("172.16.40.1:25")
			w.sofar = source.Findings{{Pos: at(6), Severity: source.Error}}
		}, ""},
		{"transparent router on a listener of its own", func(w *world) {
			w.services[0].Router = &route.Transparent{Forge: route.Forge{Addr: true}}
		}, "10 error listener-loop"},
		{"transparent router behind a network", func(w *world) {
			w.services[0].Router = &route.Transparent{Forge: route.Forge{Addr: true}}
			w.rules[0].DstSubnet = prefixes("172.16.20.0/24")
		}, "10 note intercepted"},
		{"one address and all addresses", func(w *world) {
			w.rules = append(w.rules, &rule.Rule{ID: 2, Service: "mail", Pos: at(20),
				DstPort: ports(25, 25), DstSubnet: prefixes("0.0.0.0/32")})
		}, "10 error listener-collision\n20 note intercepted"},
		{"all addresses of the other family", func(w *world) {
			w.rules = append(w.rules, &rule.Rule{ID: 2, Service: "mail", Pos: at(20),
				DstPort: ports(25, 25), DstSubnet: prefixes("::/128")})
		}, "20 note intercepted"},
		{"denied on a listener", func(w *world) {
			w.services[0].Deny = true
			w.settings.Relay.Check = false
		}, "10 note deny-resets"},
		{"denied on a network", func(w *world) {
			w.services[0].Deny = true
			w.rules[0].DstSubnet = prefixes("172.16.20.0/24")
		}, "10 note intercepted"},
		{"relaying left to the server", func(w *world) {
			w.settings.Relay.Check = false
		}, "5 warning relaying-left-to-server"},
		{"relaying left to a server that sees the client", func(w *world) {
			w.settings.Relay.Check = false
			w.router.Forge.Addr = true
		}, ""},
		{"a class that takes no recipients", func(w *world) {
			w.settings.Relay.Check = false
			delete(w.settings.Request, "RCPT")
		}, "5 warning no-mail-passes"},
		{"a class that takes no mail data", func(w *world) {
			delete(w.settings.Request, "DATA")
			delete(w.settings.Request, "BDAT")
		}, "5 warning no-mail-passes"},
		{"a class that says why it refuses mail", func(w *world) {
			w.settings.Request["MAIL"] = smtp.Entry{Action: smtp.Reject, Code: "550", Text: "not from there"}
		}, ""},
		{"a class that takes any command", func(w *world) {
			w.settings.Request = map[string]smtp.Entry{"*": {Action: smtp.Accept}}
			w.settings.Relay.Check, w.router.Forge.Addr = false, true
		}, ""},
		{"recipients that nobody checks", func(w *world) {
			w.settings.Request["RCPT"] = smtp.Entry{Action: smtp.Accept}
		}, "5 warning relay-unchecked"},
		{"a check without domains and zones", func(w *world) {
			w.settings.Relay.Domains = nil
		}, "5 warning relay-refuses-all"},
		{"relaying for every client of a zone", func(w *world) {
			w.settings.Relay.Zones = []string{"*"}
		}, ""},
		{"relaying for every client", func(w *world) {
			w.settings.Relay.Zones = []string{"*"}
			w.rules[0].SrcZone = nil
		}, "5 warning open-relay"},
		{"relaying for all networks", func(w *world) {
			w.zones[0].Prefixes = prefixes("172.16.40.0/24", "::/0")
			w.settings.Relay.Zones = []string{"dmz"}
		}, "5 warning open-relay"},
		{"relaying for one zone of all clients", func(w *world) {
			w.settings.Relay.Zones = []string{"dmz"}
			w.rules[0].SrcZone = nil
		}, ""},
		{"servers outside the zones", func(w *world) {
			w.services[0].LimitTargetZones = []string{"dmz"}
		}, "5 warning target-outside-zones"},
		{"a server inside the zones", func(w *world) {
			w.services[0].LimitTargetZones = []string{"dmz"}
			w.router.Dest = targets("172.16.40.9:25")
		}, ""},
		{"an empty zone beside another", func(w *world) {
			w.zones = append(w.zones, &zone.Zone{Name: "web", Pos: at(2)})
			w.rules[0].SrcZone = w.zones
		}, "10 warning empty-zone"},
		{"conditions that are said twice", func(w *world) {
			w.rules[0].DstPort = append(ports(25, 25), ports(25, 25)...)
			w.rules[0].SrcZone = append(w.rules[0].SrcZone, w.zones[0])
			w.rules[0].DstIface = []string{"eth0", "eth1"}
		}, "10 warning condition-twice\n10 note intercepted"},
		{"one of two forges", func(w *world) {
			w.services = append(w.services, &service.Service{Name: "shown", Pos: at(7), Router: &route.Directed{Dest: w.router.Dest, Forge: route.Forge{Addr: true}}})
			w.rules = append(w.rules, &rule.Rule{ID: 2, Service: "shown", Pos: at(20), DstPort: ports(26, 26), DstSubnet: prefixes("172.16.40.1/32")})
		}, "7 note forged-by-one"},
		{"a server that is another listener", func(w *world) {
			w.another("172.16.40.1:26", "172.16.20.254:25")
			w.router.Dest = targets("172.16.40.1:26")
		}, "10 note target-is-listener"},
		{"a loop over two listeners", func(w *world) {
			w.another("172.16.40.1:26", "172.16.40.1:25")
			w.router.Dest = targets("172.16.40.1:26")
		}, "10 error listener-loop\n20 error listener-loop"},
		{"two services that go to one listener, which loops", func(w *world) {
			w.another("172.16.40.1:26", "172.16.40.1:26")
			w.router.Dest = targets("172.16.40.1:26")
		}, "10 note target-is-listener\n20 error listener-loop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			var got []string
			for _, f := range w.check(t) {
				got = append(got, strings.Join([]string{line(f.Pos), f.Severity.String(), f.ID}, " "))
			}
			if joined := strings.Join(slices.Compact(got), "\n"); joined != c.want {
				t.Errorf("got\n%s\nwant\n%s", joined, c.want)
			}
		})
	}
}
