package lint

import (
	"fmt"
	"net/netip"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// world is a policy like the published one, to be changed by a case.
type world struct {
	zones    []*zone.Zone
	services []*service.Service
	rules    []*rule.Rule
	settings *smtp.Settings
	router   *route.Directed
	sofar    source.Findings
}

func newWorld() *world {
	w := &world{
		zones:    []*zone.Zone{{Name: "dmz", Prefixes: prefixes("172.16.40.0/24", "fd00:40::/64"), Pos: at(1)}},
		settings: smtp.DefaultSettings(),
		router:   &route.Directed{Dest: targets("172.16.20.254:25")},
	}
	w.settings.LoadESMTP()
	w.settings.Request["RCPT"] = smtp.Entry{Action: smtp.Policy, Hook: smtp.CheckRecipient}
	w.settings.Relay.Check, w.settings.Relay.Domains = true, []string{"example.com"}
	w.rules = []*rule.Rule{{ID: 1, Service: "mail", Pos: at(10), DstPort: ports(25, 25),
		SrcZone: []*zone.Zone{w.zones[0]}, DstSubnet: prefixes("172.16.40.1/32")}}
	w.services = []*service.Service{{Name: "mail", Pos: at(5), Router: w.router}}
	return w
}

// another adds a rule with a listener at listen, whose service goes to server.
func (w *world) another(listen, server string) {
	l := netip.MustParseAddrPort(listen)
	w.services = append(w.services, &service.Service{Name: "other", Pos: at(7), Router: &route.Directed{Dest: targets(server)}})
	w.rules = append(w.rules, &rule.Rule{ID: 2, Service: "other", Pos: at(20), DstPort: ports(l.Port(), l.Port()),
		DstSubnet: []netip.Prefix{netip.PrefixFrom(l.Addr(), l.Addr().BitLen())}})
}

func (w *world) check(t *testing.T) source.Findings { return Check(w.config(t), w.sofar) }

func (w *world) config(t *testing.T) *engine.Config {
	t.Helper()
	class, problems := smtp.Compile("SmtpProxy", w.settings)
	if problems != nil {
		t.Fatal(problems)
	}
	table, found := zone.NewTable(w.zones)
	if found != nil {
		t.Fatal(found)
	}
	services := map[string]*service.Service{}
	for _, s := range w.services {
		s.Class = class
		services[s.Name] = s
	}
	return &engine.Config{Zones: table, Services: services, Rules: rule.NewSet(w.rules)}
}

func at(line int) source.Pos { return source.Pos{File: "p.star", Line: line, Col: 1} }
func line(p source.Pos) string {
	if !p.IsValid() {
		return "-"
	}
	return fmt.Sprint(p.Line)
}

func ports(low, high uint16) []rule.PortRange { return []rule.PortRange{{Low: low, High: high}} }

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func targets(texts ...string) (list []stream.Addr) {
	for _, text := range texts {
		list = append(list, stream.Addr{AddrPort: netip.MustParseAddrPort(text)})
	}
	return list
}
