package tproxy

import (
	"net/netip"
	"strings"
	"testing"

	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/zone"
)

// TestFront: packets are the proxies' in front, whatever clients a rule is for, and whether it denies.
func TestFront(t *testing.T) {
	dmz := &zone.Zone{Name: "dmz", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	front := &zone.Zone{Name: "front", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.2.0.1/32")}}
	zones, _ := zone.NewTable([]*zone.Zone{dmz, front})
	s := &Ruleset{Instance: "mail", Zones: zones, Direct: func(*rule.Rule) bool { return true }, Services: map[string]*service.Service{"no": {Name: "no", Deny: true}},
		Rules: []*rule.Rule{{ID: 1, Service: "no", SrcZone: []*zone.Zone{dmz}, SrcPort: []rule.PortRange{{Low: 1, High: 1}}, ProxiesFrom: []*zone.Zone{front}}}}
	text := s.String()
	_, rules, _ := strings.Cut(text, "chain rules {\n")
	line, _, _ := strings.Cut(rules, "\n")
	if !strings.HasPrefix(strings.TrimSpace(line), "ip saddr @zone1v4 counter goto direct") || !strings.Contains(text, "10.2.0.1") || strings.Contains(text, "10.1.0.0") {
		t.Errorf("%s\nof\n%s", line, text)
	}
}
