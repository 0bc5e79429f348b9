package dispatch

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

func subnets(list ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range list {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func ports(list ...uint16) []rule.PortRange {
	var ps []rule.PortRange
	for _, p := range list {
		ps = append(ps, rule.PortRange{Low: p, High: p})
	}
	return ps
}

func TestListens(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []*rule.Rule
		want  string
	}{
		{"none", nil, "[]"},
		{"one address, one port", []*rule.Rule{{DstSubnet: subnets("172.16.40.1/32"), DstPort: ports(25)}}, "[172.16.40.1:25]"},
		{"all combinations", []*rule.Rule{{DstSubnet: subnets("172.16.40.1/32", "fd00:40::1/128"), DstPort: ports(25, 587), Proto: []int{6}}},
			"[172.16.40.1:25 172.16.40.1:587 [fd00:40::1]:25 [fd00:40::1]:587]"},
		{"each once", []*rule.Rule{
			{ID: 1, DstSubnet: subnets("172.16.40.1/32"), DstPort: ports(25)},
			{ID: 2, DstSubnet: subnets("172.16.40.1/32"), DstPort: []rule.PortRange{{Low: 24, High: 26}, {Low: 25, High: 25}}},
		}, "[172.16.40.1:24 172.16.40.1:25 172.16.40.1:26]"},
		{"the last port", []*rule.Rule{{DstSubnet: subnets("127.0.0.1/32"), DstPort: []rule.PortRange{{Low: 65534, High: 65535}}}},
			"[127.0.0.1:65534 127.0.0.1:65535]"},
	} {
		list, found := Listens(c.rules)
		if fmt.Sprint(list) != c.want || len(found) > 0 {
			t.Errorf("%s: %v, %v", c.name, list, found)
		}
	}
}

func TestListensRefuses(t *testing.T) {
	one, all := subnets("172.16.40.1/32"), ports(25)
	for _, c := range []struct {
		rule *rule.Rule
		want string // id, and a part of the message
	}{
		{&rule.Rule{DstSubnet: one, DstPort: []rule.PortRange{{Low: 1000, High: 1256}}}, "too-many-ports 257 listeners"},
		{&rule.Rule{DstSubnet: one, DstPort: ports(0)}, "port-zero dst_port 0"},
		{&rule.Rule{DstSubnet: one, DstPort: all, Proto: []int{17}}, "protocol-not-built UDP"},
		{&rule.Rule{DstSubnet: one, DstPort: all, Proto: []int{6, 132}}, "protocol-not-built proto 132"},
		{&rule.Rule{DstSubnet: one, DstPort: all, ProtoType: []int{8}}, "protocol-not-built ICMP"},
		{&rule.Rule{DstSubnet: one, DstPort: all, ReqID: []int{1}}, "reqid-not-built"},
	} {
		c.rule.ID, c.rule.Service, c.rule.Pos = 7, "in", source.Pos{File: "mail.star", Line: 3, Col: 5}
		id, text, _ := strings.Cut(c.want, " ")
		list, found := Listens([]*rule.Rule{c.rule})
		if len(found) != 1 || found[0].ID != id || !strings.Contains(found[0].Message, text) || len(list) > 0 {
			t.Errorf("want %s, got %v, %v", c.want, list, found)
			continue
		}
		f := found[0]
		if f.Severity != source.Error || f.Pos != c.rule.Pos || f.Hint == "" || !strings.HasPrefix(f.Message, `rule 7 (service "in"): `) {
			t.Errorf("finding %+v", f)
		}
	}
}

func TestIntercepted(t *testing.T) {
	one, all := subnets("172.16.40.1/32"), ports(25)
	for _, c := range []struct {
		rule *rule.Rule
		want string
	}{
		{&rule.Rule{DstPort: all}, "it has no dst_subnet"},
		{&rule.Rule{DstSubnet: one}, "it has no dst_port"},
		{&rule.Rule{DstSubnet: subnets("172.16.40.1/32", "10.0.0.0/8"), DstPort: all}, "dst_subnet 10.0.0.0/8 is wider"},
		{&rule.Rule{DstSubnet: subnets("0.0.0.0/32"), DstPort: all}, "dst_subnet 0.0.0.0/32"},
		{&rule.Rule{DstZone: []*zone.Zone{{Name: "int"}}, DstPort: all}, "dst_zone names no address"},
		{&rule.Rule{DstIface: []string{"eth0"}, DstPort: all}, "dst_iface names no address"},
		{&rule.Rule{DstIfgroup: []int{1}}, "dst_ifgroup names no address, it has no dst_port"},
		{&rule.Rule{DstSubnet: one, DstPort: all}, ""},
		{&rule.Rule{Listener: &rule.Listener{}}, ""},
	} {
		if got := Intercepted(c.rule); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("want %s, got %s", c.want, got)
		}
		if at, found := Listens([]*rule.Rule{c.rule}); c.want != "" && len(at)+len(found) > 0 {
			t.Errorf("%s: %v, %v", c.want, at, found)
		}
	}
}

func TestFamilies(t *testing.T) {
	v4, v6 := &zone.Zone{Prefixes: subnets("10.0.0.0/8")}, &zone.Zone{Prefixes: subnets("fd00::/8")}
	for _, c := range []struct {
		rule *rule.Rule
		want string
	}{
		{&rule.Rule{}, "[IPv4 IPv6]"},
		{&rule.Rule{SrcZone: []*zone.Zone{v4}}, "[IPv4]"},
		{&rule.Rule{SrcZone: []*zone.Zone{v4, v6}, DstZone: []*zone.Zone{v6}}, "[IPv6]"},
		{&rule.Rule{SrcSubnet: subnets("10.0.0.0/8"), SrcZone: []*zone.Zone{v6}, DstIface: []string{"eth0"}}, "[IPv4 IPv6]"},
		{&rule.Rule{SrcZone: []*zone.Zone{{Name: "parent"}}, DstSubnet: subnets("10.0.0.0/8")}, "[IPv4]"},
		{&rule.Rule{SrcZone: []*zone.Zone{v4}, DstZone: []*zone.Zone{v6}}, "[]"},
	} {
		if got := fmt.Sprint(Families(c.rule)); got != c.want {
			t.Errorf("want %s, got %s", c.want, got)
		}
	}
}

func TestRulesUpToTheLimitOfPorts(t *testing.T) {
	list, found := Listens([]*rule.Rule{{DstSubnet: subnets("127.0.0.1/32"), DstPort: []rule.PortRange{{Low: 1000, High: 1255}}}})
	if len(list) != MaxPorts || len(found) > 0 {
		t.Errorf("%d listeners, %v", len(list), found)
	}
}

// A listener with a service of its own takes connections like any other, without a rule's number; a quiet refusal is
// not logged.
func TestListenerOfItsOwn(t *testing.T) {
	own := from(3, "in")
	own.Listener = &rule.Listener{Word: "Dispatcher", At: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:25")}}
	own.DstSubnet = subnets("0.0.0.0/0")
	s := newStand(t, "172.16.40.10:41000", own)
	if at, found := Listens([]*rule.Rule{own}); fmt.Sprint(at) != "[0.0.0.0:25]" || len(found) > 0 {
		t.Errorf("listens at %s, %s", at, found.Error())
	}
	if got, err := s.call(t); got != "220 in\r\n" {
		t.Fatalf("read %q, %v", got, err)
	}
	own.SrcZone, own.Listener.AnySrc = []*zone.Zone{{Name: "other"}}, true
	s.Use(policy(own))
	if _, err := s.call(t); err == nil {
		t.Error("a client of another zone is served")
	}
	quiet := policy(from(1, "deny"))
	quiet.Services["deny"].Quiet = true
	s.Use(quiet)
	if _, err := s.call(t); err == nil {
		t.Error("a denied client is served")
	}
	s.stop()
	log := s.log.String()
	for _, want := range []string{"rule=0 ", "rule_pos=mail.star:3:5", "Dispatcher (mail.star:3:5) wants another src_zone"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if strings.Count(log, "\n") != 2 {
		t.Errorf("what is refused quietly is logged:\n%s", log)
	}
}
