package rehearse

import (
	"log/slog"
	"net/netip"
	"strings"
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

// policy is the published one: zone dmz, a service with a directed router, and rules to be given.
func policy(t *testing.T, router route.Router, rules ...*rule.Rule) *engine.Config {
	t.Helper()
	settings := smtp.DefaultSettings()
	for _, verb := range []string{"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"} {
		settings.Request[verb] = smtp.Entry{Action: smtp.Accept}
	}
	settings.Response[smtp.ResponseKey{}] = smtp.Entry{Action: smtp.Accept}
	class, problems := smtp.Compile("SmtpProxy", settings)
	if problems != nil {
		t.Fatal(problems)
	}
	dmz := &zone.Zone{Name: "dmz", Prefixes: prefixes("172.16.40.0/24", "fd00:40::/64")}
	lab := &zone.Zone{Name: "lab", Prefixes: prefixes("172.16.40.0/28")}
	table, found := zone.NewTable([]*zone.Zone{dmz, lab})
	if found != nil {
		t.Fatal(found)
	}
	for i, r := range rules {
		r.ID, r.Service, r.Pos = i+1, "mail", source.Pos{File: "p.star", Line: i + 1, Col: 1}
		for j, z := range r.SrcZone {
			r.SrcZone[j] = table.ByName(z.Name)
		}
	}
	services := map[string]*service.Service{"mail": {Name: "mail", Class: class, Router: router}}
	return &engine.Config{Instance: "test", Zones: table, Services: services, Rules: rule.NewSet(rules)}
}

func to(address string) *rule.Rule {
	return &rule.Rule{DstSubnet: prefixes(address), DstPort: []rule.PortRange{{Low: 25, High: 25}}}
}

func from(zones ...string) (list []*zone.Zone) {
	for _, name := range zones {
		list = append(list, &zone.Zone{Name: name})
	}
	return list
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func directed(address string) *route.Directed {
	return &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(address)}}}
}

func TestCast(t *testing.T) {
	for _, c := range []struct {
		name   string
		rules  func() []*rule.Rule // the first one is cast
		wanted string
		want   string // client and listener, or a part of the error
	}{
		{"no condition on the client", func() []*rule.Rule { return []*rule.Rule{to("10.0.0.1/32")} }, "", "192.0.2.1:40000 10.0.0.1:25"},
		{"of the other family", func() []*rule.Rule { return []*rule.Rule{to("fd00::1/128")} }, "", "[2001:db8::1]:40000 [fd00::1]:25"},
		{"a network, but not the listener itself", func() []*rule.Rule {
			r := to("10.0.0.1/32")
			r.SrcSubnet = prefixes("10.0.0.0/24")
			return []*rule.Rule{r}
		}, "", "10.0.0.2:40000 10.0.0.1:25"},
		{"a zone whose first hosts are another's", func() []*rule.Rule {
			r := to("172.16.40.1/32")
			r.SrcZone = from("dmz")
			return []*rule.Rule{r}
		}, "", "172.16.40.16:40000 172.16.40.1:25"},
		{"a source port", func() []*rule.Rule {
			r := to("10.0.0.1/32")
			r.SrcPort = []rule.PortRange{{Low: 20, High: 30}}
			return []*rule.Rule{r}
		}, "", "192.0.2.1:20 10.0.0.1:25"},
		{"a more specific rule takes its clients", func() []*rule.Rule {
			r, narrower := to("10.0.0.1/32"), to("10.0.0.1/32")
			r.SrcSubnet, narrower.SrcSubnet = prefixes("10.1.0.0/30"), prefixes("10.1.0.0/31", "10.1.0.2/31")
			return []*rule.Rule{r, narrower}
		}, "", "no client was found whose connections the rule at p.star:1:1 gets"},
		{"the wanted client", func() []*rule.Rule { return []*rule.Rule{to("10.0.0.1/32")} }, "10.9.9.9", "10.9.9.9:40000 10.0.0.1:25"},
		{"a wanted client that it does not get", func() []*rule.Rule {
			r := to("172.16.40.1/32")
			r.SrcZone = from("dmz")
			return []*rule.Rule{r}
		}, "10.9.9.9", "the rule at p.star:1:1 does not get connections of 10.9.9.9"},
		{"an interface", func() []*rule.Rule {
			r := to("10.0.0.1/32")
			r.SrcIface = []string{"eth0"}
			return []*rule.Rule{r}
		}, "", "wants another interface"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := policy(t, directed("10.0.1.1:25"), c.rules()...)
			var wanted netip.Addr
			if c.wanted != "" {
				wanted = netip.MustParseAddr(c.wanted)
			}
			e, err := cast(config, config.Rules.All()[0], wanted)
			got := e.Client.String() + " " + e.At.String()
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// start rehearses a policy until the test ends.
func start(t *testing.T, o Options) *Rehearsal {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	r, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestSendThroughRulesOfOneListener(t *testing.T) {
	dmz, lab := to("172.16.40.1/32"), to("172.16.40.1/32")
	dmz.SrcZone, lab.SrcZone = from("dmz"), from("lab")
	r := start(t, Options{Config: policy(t, directed("172.16.20.254:25"), dmz, lab)})
	if len(r.Entrances()) != 2 || len(r.Unplayed()) != 0 {
		t.Fatalf("entrances %v, unplayed %v", r.Entrances(), r.Unplayed())
	}
	for _, e := range r.Entrances() {
		p, err := r.Send(t.Context(), e, BuiltinMessage())
		if err != nil || p.Refused != nil {
			t.Fatalf("%v, %v", err, p.Refused)
		}
		if len(p.Stored) != 1 || p.Stored[0].Content != string(BuiltinMessage().Content) {
			t.Errorf("stored %+v", p.Stored)
		}
	}
	if a, b := r.Entrances()[0].Client, r.Entrances()[1].Client; a == b {
		t.Errorf("both rules were met by %s", a)
	}
}

func TestSendShowsBothSides(t *testing.T) {
	router := directed("172.16.20.254:0")
	router.Forge.Addr = true
	r := start(t, Options{Config: policy(t, router, to("172.16.40.1/32"))})
	p, err := r.Send(t.Context(), r.Entrances()[0], BuiltinMessage())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	p.Write(&b)
	for _, want := range []string{
		"zorpgo <-> server 172.16.20.254:25, would forge",
		"> EHLO client.rehearsal                                | > EHLO client.rehearsal",
		"< 221 2.0.0 Bye                                        | < 221 2.0.0 Bye",
		"stored by 172.16.20.254:25: from <alice@client.example> to <bob@origin.example>",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &b)
		}
	}
}

func TestRefusedRecipientIsNotDelivered(t *testing.T) {
	config := policy(t, directed("172.16.20.254:25"), to("172.16.40.1/32"))
	settings := smtp.DefaultSettings()
	settings.Request["*"] = smtp.Entry{Action: smtp.Accept}
	settings.Request["RCPT"] = smtp.Entry{Action: smtp.Reject, Code: "553", Text: "not here"}
	settings.Response[smtp.ResponseKey{}] = smtp.Entry{Action: smtp.Accept}
	class, problems := smtp.Compile("Refuses", settings)
	if problems != nil {
		t.Fatal(problems)
	}
	config.Services["mail"].Class = class
	r := start(t, Options{Config: config})
	p, err := r.Send(t.Context(), r.Entrances()[0], BuiltinMessage())
	if err != nil {
		t.Fatal(err)
	}
	if p.Refused == nil || p.Refused.Error() != "the client was told 553 not here" || len(p.Stored) != 0 {
		t.Errorf("refused: %v, stored: %v", p.Refused, p.Stored)
	}
}

func TestServesOtherClients(t *testing.T) {
	received := make(chan Received, 1)
	r := start(t, Options{
		Config:   policy(t, directed("172.16.20.254:25"), to("172.16.40.1/32")),
		Client:   netip.MustParseAddr("172.16.40.77"),
		Received: func(m Received) { received <- m },
	})
	conn, err := stream.Dial(t.Context(), stream.Addr{AddrPort: r.Entrances()[0].Really}, stream.Source{})
	if err != nil {
		t.Fatal(err)
	}
	if err := speak(conn, BuiltinMessage()); err != nil {
		t.Fatal(err)
	}
	if m := <-received; m.Target.String() != "172.16.20.254:25" {
		t.Errorf("received by %s", m.Target)
	}
	var b strings.Builder
	r.Describe(&b)
	for _, want := range []string{"client    172.16.40.77 of zone dmz", "listener  172.16.40.1:25 ", "server    172.16.20.254:25 "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &b)
		}
	}
}

func TestNothingToRehearse(t *testing.T) {
	r := to("172.16.40.1/32")
	r.SrcIface = []string{"eth0"}
	_, err := Start(t.Context(), Options{Config: policy(t, directed("10.0.0.1:25"), r)})
	if err == nil || engine.Refused(err) || !strings.Contains(err.Error(), "another interface") {
		t.Errorf("error %v", err)
	}
}
