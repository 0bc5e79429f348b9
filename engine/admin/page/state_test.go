package page

import (
	"errors"
	"fmt"
	"html/template"
	"net/netip"
	"strings"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/chain"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
	"zorpgo/engine/graph"
	"zorpgo/engine/journal"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// evil is what somebody outside would have the page say.
const evil = `<script>alert(1)</script>"'&` + "\x1b[31m\u202e"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// calm is a State in which nothing is wrong.
func calm() *State {
	dmz := &zone.Zone{Name: "dmz"}
	in := &service.Service{Name: "smtp_in", Pos: source.Pos{File: "mail.star", Line: 12, Col: 5}, MaxInstances: 100}
	deny := &service.Service{Name: "no_web", Pos: source.Pos{File: "mail.star", Line: 30, Col: 5}, Deny: true}
	rules := []*rule.Rule{
		{ID: 1, Service: "smtp_in", Pos: source.Pos{File: "mail.star", Line: 20, Col: 5}, DstPort: []rule.PortRange{{Low: 25, High: 25}},
			SrcZone: []*zone.Zone{dmz}, DstSubnet: []netip.Prefix{netip.MustParsePrefix("172.16.40.1/32")}},
		{ID: 2, Service: "no_web", Pos: source.Pos{File: "mail.star", Line: 31, Col: 5}, DstPort: []rule.PortRange{{Low: 80, High: 443}}},
	}
	s := &State{Now: noon, Version: "v1.2.3", Mode: "serving", Files: []string{"zones.star", "mail.star"}, History: &History{}}
	s.Engine = engine.Status{
		Instance: "mail", Started: noon.Add(-50 * time.Hour), Generation: 3, Sessions: 42, Counts: dispatch.Counts{NoRule: 17, Denied: 1204},
		Listeners: []engine.Listening{{At: netip.MustParseAddrPort("172.16.40.1:25"), Rules: rules[:1]}},
		Services: []engine.ServiceStatus{{Service: deny}, {Service: in, Targets: []engine.TargetStatus{
			{Address: "172.16.20.1:25", Named: true}, {Address: "172.16.20.2:25", Named: true}}}},
		Rules: []engine.RuleStatus{{Rule: rules[0], Hits: &dispatch.Hits{}}, {Rule: rules[1], Hits: &dispatch.Hits{}}},
	}
	for i := range 200 {
		e := s.Engine
		e.Sessions = int64(40 + i%17 + i/5)
		s.History.Add(e)
	}
	for i := range 3 {
		s.Sessions = append(s.Sessions, live1(i))
	}
	return s
}

func live1(i int) session.Snapshot {
	return session.Snapshot{
		ID: fmt.Sprintf("svc/mail/smtp_in:%d", i), Service: "smtp_in", RuleID: 1, Started: noon.Add(-time.Hour + time.Duration(i)*time.Minute),
		Client: netip.AddrPortFrom(netip.MustParseAddr("172.16.40.7"), uint16(40000+i)), ClientZone: "dmz", Server: "172.16.20.1:25", ServerZone: "lan",
		Count: session.Counters{FromClient: int64(i) << 14, FromServer: 900, Commands: 12, Refused: i, Messages: 2}, ClientTLS: "1.3",
	}
}

// troubled is a State in which everything is wrong.
func troubled(t *testing.T) *State {
	s := calm()
	s.Engine.Counts.Failures = 3
	s.Reload = &Reload{Time: noon.Add(-5 * time.Minute), Errors: []string{"mail.star:14:9: error: there is no zone \"dnz\" " + evil + " [unknown-zone]"},
		Text: "mail.star:14:9: error: there is no zone \"dnz\" [unknown-zone]\n    14 |     src_zone=(\"dnz\",),\n       |               ^^^^^\n    hint: write \"dmz\"\n"}
	targets := s.Engine.Services[1].Targets
	targets[0].Outage = chain.Outage{Since: noon.Add(-20 * time.Minute), Until: noon, Why: errors.New("172.16.20.1:25: connection refused " + evil)}
	s.Engine.Services[1].Targets = append(targets, engine.TargetStatus{Address: "2001:db8:1234:5678:9abc:def0:1234:5678", Outage: chain.Outage{Since: noon.Add(-50 * time.Hour)}})
	in := s.Engine.Services[1].Service
	in.Meter().Refusals[0].Add(1234)
	in.Meter().Refusals[3].Add(9)
	var certificates encryption.Choice
	for i, until := range []time.Time{noon.AddDate(0, 0, 5), noon.AddDate(0, 0, -2)} {
		c := certified(t, fmt.Sprintf("mx%d.example.com", i+1), until)
		certificates.Names = append(certificates.Names, encryption.Named{Certificate: c})
	}
	certificates.Default = certified(t, "mail.example.com", noon.AddDate(0, 3, 0))
	in.Encryption = &encryption.Policy{Name: "tls_in", Client: encryption.ClientSide{Mode: encryption.StartTLS, Client: encryption.Client{Certificates: &certificates}}}
	rules := []*rule.Rule{s.Engine.Rules[0].Rule, s.Engine.Rules[1].Rule}
	zones, _ := zone.NewTable(rules[0].SrcZone)
	s.Engine.Config = &engine.Config{Instance: "mail", Zones: zones, Rules: rule.NewSet(rules),
		Services: map[string]*service.Service{"smtp_in": in, "no_web": s.Engine.Services[0].Service}}
	s.Draw = func(c *engine.Config, nonce string) (template.HTML, error) {
		var b strings.Builder
		err := graph.Of(c).SVG(&b, graph.SVGOptions{IDPrefix: "drawing-", Nonce: nonce, Href: func(n *graph.Node) string {
			if n.Kind == graph.Rule {
				return "#" + n.ID
			}
			return ""
		}})
		return template.HTML(b.String()), err
	}
	s.Refusals = []journal.Refusal{
		{Time: noon.Add(-time.Hour), Last: noon.Add(-time.Minute), Count: 12, Session: "svc/mail/smtp_in:7", Service: "smtp_in", Client: "172.16.40.7:40007",
			Zone: "dmz", RulePos: "mail.star:20:5", What: "command refused", Verb: "RCPT", Code: "550", Reason: "relaying denied " + evil},
		{Time: noon, Last: noon, Count: 1, Client: "192.0.2.1:4000", What: "connection reset", Reason: "no rule matches"},
	}
	s.Sessions, s.SignedIn = nil, true
	for i := range 30 {
		s.Sessions = append(s.Sessions, live1(i))
	}
	s.Sessions[1].ServerZone, s.Sessions[2].Busy, s.Sessions[2].Server = evil, true, ""
	return s
}

func certified(t *testing.T, name string, until time.Time) *encryption.Certificate {
	t.Helper()
	made := certtest.New(t).Make(certtest.Wanted{Names: []string{name}, From: noon.AddDate(-1, 0, 0), Until: until})
	_, key := certtest.PEMOf(t, made.TLS)
	c, err := encryption.NewCertificate(&encryption.Files{}, encryption.Source{Text: made.PEM}, encryption.Key{Source: encryption.Source{Text: string(key)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
