package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/chain"
	"zorpgo/engine/nat"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// checkAgreement holds a against what the engine decides: the same winner, every rule in one list, each for a reason.
func checkAgreement(t *testing.T, a *Answer, rules []*rule.Rule, f *rule.Flow) {
	t.Helper()
	want := rule.NewSet(rules).Lookup(f)
	if (want == nil) != (a.Winner == nil) || want != nil && a.Winner.rule != want {
		t.Fatalf("%+v: winner %+v, the engine takes %+v", f, a.Winner, want)
	}
	told := len(a.Others) + len(a.Misses)
	if a.Winner != nil {
		told++
	}
	if told != len(rules) {
		t.Fatalf("%d of %d rules told", told, len(rules))
	}
	for _, o := range a.Others {
		tie := o.Score == a.Winner.Score
		if o.LosesBy == "" || tie != (o.LosesBy == idDecides) || tie != slices.Contains(a.Winner.TieWith, o.ID) {
			t.Fatalf("%+v: why does %+v lose to %+v?", f, o, a.Winner)
		}
	}
	for i, m := range a.Misses {
		if len(m.Fails) == 0 || i > 0 && len(m.Fails) < len(a.Misses[i-1].Fails) {
			t.Fatalf("%+v: misses %+v", f, a.Misses)
		}
	}
}

// some is nothing two times of three, else a few of values.
func some[T any](r *rand.Rand, values ...T) (picked []T) {
	if r.IntN(3) > 0 {
		return nil
	}
	for range 1 + r.IntN(2) {
		picked = append(picked, values[r.IntN(len(values))])
	}
	return picked
}

func TestRandomPoliciesAgainstTheEngine(t *testing.T) {
	outer := &zone.Zone{Name: "outer", Prefixes: networks("10.0.0.0/8")}
	inner := &zone.Zone{Name: "inner", Prefixes: networks("10.1.0.0/16"), Parent: outer}
	other := &zone.Zone{Name: "other", Prefixes: networks("192.0.2.0/24")}
	zones, _ := zone.NewTable([]*zone.Zone{outer, inner, other})
	subnets := networks("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.1", "192.0.2.1")
	ports := []rule.PortRange{{Low: 25, High: 25}, {Low: 1, High: 1024}, {Low: 587, High: 587}}
	addrs := []string{"10.1.0.1", "10.1.2.3", "10.9.9.9", "192.0.2.1", "203.0.113.1"}
	outcomes := map[Outcome]int{}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		var rules []*rule.Rule
		for _, id := range r.Perm(1 + r.IntN(30)) {
			rules = append(rules, &rule.Rule{ID: id + 1, Service: "s",
				SrcIface: some(r, "eth0", "eth1"), Proto: some(r, 6, 17), SrcPort: some(r, ports...), DstPort: some(r, ports...),
				SrcSubnet: some(r, subnets...), SrcZone: some(r, outer, inner, other),
				DstSubnet: some(r, subnets...), DstZone: some(r, outer, inner, other)})
		}
		c := &engine.Config{Zones: zones, Rules: rule.NewSet(rules), Services: map[string]*service.Service{"s": {Name: "s"}}}
		for range 20 {
			at := func(port uint16) netip.AddrPort {
				return netip.AddrPortFrom(netip.MustParseAddr(addrs[r.IntN(len(addrs))]), port)
			}
			q := Question{Client: at(uint16(r.IntN(2) * 1000)), Server: at(ports[r.IntN(2)*2].Low)}
			if r.IntN(2) == 0 {
				q.Iface = &Interface{Name: "eth0", Group: -1}
			}
			a := Explain(c, q)
			if q.Client.Port() == 0 {
				q.Client = netip.AddrPortFrom(q.Client.Addr(), UsualPort)
			}
			checkAgreement(t, a, rules, flow(c, q))
			outcomes[a.Outcome]++
		}
	}
	if outcomes[Served] < 200 || outcomes[NoMatch] < 100 {
		t.Errorf("outcomes %v", outcomes)
	}
}

// silent is a class whose protocol is never asked anything.
type silent struct{}

func (silent) Name() string                                 { return "Silent" }
func (silent) New(*session.Session) (proxy.Protocol, error) { return nil, nil }
func (silent) Busy() []byte                                 { return nil }

// TestTargetAgainstTheEngine has the same services run, and compares where they connect to.
func TestTargetAgainstTheEngine(t *testing.T) {
	servers := &zone.Zone{Name: "servers", Prefixes: networks("172.16.20.0/24")}
	zones, _ := zone.NewTable([]*zone.Zone{servers})
	directed := func(to string, forge route.Forge) *route.Directed {
		return &route.Directed{Dest: []stream.Addr{{AddrPort: netip.MustParseAddrPort(to)}}, Forge: forge}
	}
	policy := func(to string) *nat.Policy {
		return &nat.Policy{Name: "n", NAT: &nat.Static{To: netip.MustParseAddrPort(to)}}
	}
	for name, c := range map[string]struct {
		service *service.Service
		want    string
	}{
		"directed":  {&service.Service{Router: directed("172.16.20.254:25", route.Forge{})}, "172.16.20.254:25 in zone servers, from this host's own address"},
		"port 0":    {&service.Service{Router: directed("192.0.2.1:0", route.Forge{})}, "192.0.2.1:25 in no zone, from this host's own address; the router says 192.0.2.1:0"},
		"forged":    {&service.Service{Router: directed("192.0.2.1:25", route.Forge{Addr: true, Port: route.PortAny})}, "192.0.2.1:25 in no zone, from 172.16.40.2, the client's address"},
		"exact":     {&service.Service{Router: directed("192.0.2.1:25", route.Forge{Addr: true, Port: route.PortExact})}, "192.0.2.1:25 in no zone, from 172.16.40.2:41000, the client's address"},
		"group":     {&service.Service{Router: directed("192.0.2.1:25", route.Forge{Port: route.PortGroup})}, "192.0.2.1:25 in no zone, from this host's own address, port 41000, or another port of its group"},
		"snat":      {&service.Service{Router: directed("192.0.2.1:25", route.Forge{}), SNAT: policy("192.0.2.9:0")}, "192.0.2.1:25 in no zone, from 192.0.2.9, as its NAT policy says"},
		"dnat":      {&service.Service{Router: directed("192.0.2.1:25", route.Forge{}), DNAT: policy("172.16.20.7:2525")}, "172.16.20.7:2525 in zone servers, from this host's own address; the router says 192.0.2.1:25"},
		"loop":      {&service.Service{}, "none: the target 172.16.40.1:25 is the listener that the client connected to: give the service a DirectedRouter"},
		"limit":     {&service.Service{Router: directed("192.0.2.1:25", route.Forge{}), LimitTargetZones: []string{"servers"}}, `none: the server 192.0.2.1:25 is in no zone, the service is limited to ["servers"]`},
		"family":    {&service.Service{Router: directed("[2001:db8::1]:25", route.Forge{Addr: true, Port: route.PortAny})}, "none: cannot forge address 172.16.40.2: it is IPv4, the server's address is IPv6"},
		"no server": {&service.Service{Router: &route.Directed{}}, "none: no destination: the router names no server"},
	} {
		t.Run(name, func(t *testing.T) {
			c.service.Name, c.service.Class = "s", silent{}
			r := &rule.Rule{ID: 1, Service: "s", DstSubnet: networks("172.16.40.1"), DstPort: []rule.PortRange{{Low: 25, High: 25}}}
			config := &engine.Config{Zones: zones, Rules: rule.NewSet([]*rule.Rule{r}), Services: map[string]*service.Service{"s": c.service}}
			q := Question{Client: netip.MustParseAddrPort("172.16.40.2:41000"), Server: netip.MustParseAddrPort("172.16.40.1:25")}
			got := Explain(config, q).Target
			if lines := strings.Join(got.lines(), "\n"); lines != c.want {
				t.Errorf("\n got %s\nwant %s", lines, c.want)
			}
			checkRun(t, config, q, got)
		})
	}
}

// Chainers that go to several targets are shown with all of them, and stay as they were.
func TestTargetsOfChainers(t *testing.T) {
	zones, _ := zone.NewTable(nil)
	var dest []stream.Addr
	for _, to := range []string{"192.0.2.1:25", "[2001:db8::1]:25", "192.0.2.2:25"} {
		dest = append(dest, stream.Addr{AddrPort: netip.MustParseAddrPort(to)})
	}
	const first, second = "192.0.2.1:25 in no zone, from ", "\nelse 192.0.2.2:25 in no zone, from "
	const forged = "172.16.40.2, the client's address"
	const turns = "\nthe sessions take turns: another connection begins with another one of these"
	const refused = "\nno more: cannot forge address 172.16.40.2: it is IPv4, the server's address is IPv6"
	for _, c := range []struct {
		chainer chain.Chainer
		want    string
	}{
		{nil, first + forged},
		{&chain.MultiTarget{}, first + forged + second + forged + refused + turns},
		{&chain.StateBased{}, first + forged + second + forged + refused + turns},
		{&chain.StateBased{Failover: true}, first + forged + second + forged + refused},
	} {
		v := &service.Service{Name: "s", Class: silent{}, Chainer: c.chainer,
			Router: &route.Directed{Dest: dest, Forge: route.Forge{Addr: true, Port: route.PortAny}}}
		r := &rule.Rule{ID: 1, Service: "s", DstSubnet: networks("172.16.40.1"), DstPort: []rule.PortRange{{Low: 25, High: 25}}}
		config := &engine.Config{Zones: zones, Rules: rule.NewSet([]*rule.Rule{r}), Services: map[string]*service.Service{"s": v}}
		for range 2 {
			got := Explain(config, Question{Client: netip.MustParseAddrPort("172.16.40.2:41000"), Server: netip.MustParseAddrPort("172.16.40.1:25")})
			if lines := strings.Join(got.Target.lines(), "\n"); lines != c.want {
				t.Errorf("%T:\n got %s\nwant %s", c.chainer, lines, c.want)
			}
		}
	}
}

// checkRun runs the service of c for q and compares it with t.
func checkRun(t *testing.T, c *engine.Config, q Question, target *Target) {
	t.Helper()
	s := &session.Session{Client: q.Client, ClientLocal: q.Server, Direct: true, Zones: c.Zones, Log: slog.New(slog.DiscardHandler), Started: time.Now()}
	var dialled *Try
	env := &service.Env{
		Dial: func(_ context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
			if err := fits(to, from); err != nil {
				return nil, err
			}
			made := try(s, to, from)
			dialled = &made
			return nil, errNotNow
		},
		Serve: func(ctx context.Context, _ proxy.Protocol, _ *session.Session, _ net.Conn, connect func(context.Context) (net.Conn, error)) {
			_, _ = connect(ctx)
		},
	}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c.Services["s"].Run(t.Context(), env, s, near)
	switch {
	case dialled == nil && (len(target.Tried) > 0 || s.Reason != target.Refused):
		t.Errorf("the engine refuses: %s; explained: %+v", s.Reason, target)
	case dialled != nil && (len(target.Tried) != 1 || fmt.Sprint(target.Tried[0]) != fmt.Sprint(*dialled)):
		t.Errorf("the engine connects: %+v; explained: %+v", dialled, target)
	}
}

// deciding is a router that the policy wrote.
type deciding struct {
	route.Router
	failed error
}

func (d deciding) Decider() string { return "Own" }

func (d deciding) Route(s *session.Session) route.Plan {
	p := d.Router.Route(s)
	p.Failed = d.failed
	return p
}

func TestTargetOfWrittenRouter(t *testing.T) {
	const own = "\nclass Own of the policy said so for this client: it is asked in each session, and may answer otherwise"
	for _, c := range []struct {
		to     []stream.Addr
		failed error
		want   string
	}{
		{[]stream.Addr{{AddrPort: netip.MustParseAddrPort("192.0.2.1:25")}}, nil, "192.0.2.1:25 in no zone, from this host's own address" + own},
		{nil, nil, "none: no destination: the router names no server" + own},
		{nil, errors.New("p.star:3:5: no"), "none: p.star:3:5: no" + own},
	} {
		v := &service.Service{Name: "s", Class: silent{}, Router: deciding{&route.Directed{Dest: c.to}, c.failed}}
		r := &rule.Rule{ID: 1, Service: "s", DstSubnet: networks("172.16.40.1"), DstPort: []rule.PortRange{{Low: 25, High: 25}}}
		config := &engine.Config{Rules: rule.NewSet([]*rule.Rule{r}), Services: map[string]*service.Service{"s": v}}
		q := Question{Client: netip.MustParseAddrPort("172.16.40.2:41000"), Server: netip.MustParseAddrPort("172.16.40.1:25")}
		got := Explain(config, q).Target
		if lines := strings.Join(got.lines(), "\n"); lines != c.want {
			t.Errorf("\n got %s\nwant %s", lines, c.want)
		}
		checkRun(t, config, q, got)
	}
}

func TestShorten(t *testing.T) {
	var rules []*rule.Rule
	for id := range 12 {
		rules = append(rules, &rule.Rule{ID: id + 1, Service: "s", DstPort: []rule.PortRange{{Low: 26, High: 26}}})
	}
	q := Question{Client: netip.MustParseAddrPort("192.0.2.1:1"), Server: netip.MustParseAddrPort("192.0.2.2:25")}
	a := Explain(&engine.Config{Rules: rule.NewSet(rules)}, q)
	if a.Shorten(); len(a.Misses) != 10 || a.Omitted != 2 || a.Outcome != NoMatch {
		t.Errorf("%d misses, %d omitted, %s", len(a.Misses), a.Omitted, a.Outcome)
	}
	a = Explain(&engine.Config{Rules: rule.NewSet(append(rules, &rule.Rule{ID: 13, Service: "s"}))}, q)
	if a.Shorten(); len(a.Misses) != 0 || a.Omitted != 12 || a.Outcome != Denied {
		t.Errorf("%d misses, %d omitted, %s", len(a.Misses), a.Omitted, a.Outcome)
	}
}

func TestNearest(t *testing.T) {
	one := func(id int, low uint16, src, dst string) *rule.Rule {
		return &rule.Rule{ID: id, DstPort: []rule.PortRange{{Low: low, High: low}}, SrcSubnet: networks(src), DstSubnet: networks(dst)}
	}
	q := Question{Client: netip.MustParseAddrPort("10.0.0.1:1"), Server: netip.MustParseAddrPort("10.0.0.2:25")}
	a := Explain(&engine.Config{Rules: rule.NewSet([]*rule.Rule{
		one(1, 26, "192.0.2.1", "192.0.2.1"), one(2, 26, "192.0.2.1", "10.0.0.2"), {ID: 3, Proto: []int{17}}, one(4, 25, "192.0.2.1", "10.0.0.2"),
	})}, q)
	ids := ""
	for _, m := range a.Misses {
		ids += fmt.Sprint(" ", m.ID)
	}
	if ids != " 4 3 2 1" {
		t.Errorf("nearest are%s", ids)
	}
}

func TestAssumed(t *testing.T) {
	q := Question{Client: netip.MustParseAddrPort("10.0.0.1:0"), Server: netip.MustParseAddrPort("10.0.0.2:25")}
	for _, c := range []struct {
		rule  rule.Rule
		iface *Interface
		want  string
	}{
		{rule.Rule{}, nil, ""},
		{rule.Rule{SrcPort: []rule.PortRange{{Low: 1, High: 2}}}, nil, "src_port"},
		{rule.Rule{SrcIface: []string{"eth0"}}, nil, "not given"},
		{rule.Rule{SrcIface: []string{"eth0"}}, &Interface{Name: "eth0", Group: -1}, ""},
		{rule.Rule{SrcIfgroup: []int{0}}, &Interface{Name: "eth0", Group: -1}, "does not have"},
		{rule.Rule{SrcIfgroup: []int{0}}, &Interface{Name: "eth0", Here: true}, ""},
		{rule.Rule{ReqID: []int{1}}, nil, "IPsec"},
	} {
		c.rule.ID = 1
		q.Iface = c.iface
		got := strings.Join(Explain(&engine.Config{Rules: rule.NewSet([]*rule.Rule{&c.rule})}, q).Assumed, "; ")
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%+v: %q, want %q", c.rule, got, cmp.Or(c.want, "nothing"))
		}
	}
}

func TestRefuse(t *testing.T) {
	a := &Answer{}
	a.Refuse(source.Findings{{Severity: source.Warning, ID: "w"}, {Severity: source.Error, ID: "e", Message: "m"}})
	if fmt.Sprint(a.Refused) != "[{- e m }]" {
		t.Errorf("%v", a.Refused)
	}
}

func TestFindInterface(t *testing.T) {
	if lo := FindInterface("lo"); !lo.Here || lo.Name != "lo" {
		t.Errorf("%+v", lo)
	}
	if none := FindInterface("nowhere0"); none.Here || none.Group != -1 {
		t.Errorf("%+v", none)
	}
}
