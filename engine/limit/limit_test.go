package limit

import (
	"net/netip"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		l          Limits
		addr, want string
	}{
		{Limits{}, "192.0.2.1", "192.0.2.1/32"},
		{Limits{IPv4: 24}, "192.0.2.1", "192.0.2.0/24"},
		{Limits{IPv4: 9}, "10.255.2.1", "10.128.0.0/9"},
		{Limits{IPv4: 24}, "::ffff:192.0.2.1", "192.0.2.0/24"},
		{Limits{}, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{Limits{IPv6: 56}, "2001:db8:1:2ff::4", "2001:db8:1:200::/56"},
		{Limits{IPv6: 128}, "2001:db8::1", "2001:db8::1/128"},
		{Limits{}, "fe80::1%eth0", "fe80::/64"},
	} {
		a := netip.MustParseAddr(c.addr)
		if got := c.l.Network(a).String(); got != c.want {
			t.Errorf("%+v: %s is of %s, want %s", c.l, a, got, c.want)
		}
		masked := netip.MustParsePrefix(c.want).Addr()
		if got := c.l.network(a); got != masked.As16() {
			t.Errorf("%+v: %s is counted as %v", c.l, a, netip.AddrFrom16(got))
		}
	}
}

// step is a session that begins or ends at a second.
type step struct {
	second int
	client string
	want   Kind
	leave  bool // the first of client's that is there
}

func TestEnter(t *testing.T) {
	for name, c := range map[string]struct {
		l     Limits
		steps []step
	}{
		"none": {Limits{}, []step{{client: "192.0.2.1"}, {client: "192.0.2.1"}}},
		"at a time": {Limits{Sessions: 1}, []step{{client: "192.0.2.1"}, {client: "192.0.2.2", want: Sessions},
			{client: "192.0.2.1", leave: true}, {client: "192.0.2.2"}}},
		"of a network": {Limits{SessionsPerClient: 2, IPv4: 24}, []step{{client: "192.0.2.1"}, {client: "::ffff:192.0.2.2"},
			{client: "192.0.2.3", want: SessionsPerClient}, {client: "192.0.3.1"}, {client: "192.0.2.1", leave: true}, {client: "192.0.2.3"},
			{client: "192.0.2.4", want: SessionsPerClient}}},
		"IPv6": {Limits{SessionsPerClient: 1}, []step{{client: "2001:db8::1"}, {client: "2001:db8::2", want: SessionsPerClient},
			{client: "2001:db8:0:1::1"}}},
		"rate": {Limits{Rate: 2}, []step{{client: "192.0.2.1"}, {client: "192.0.2.2"}, {client: "192.0.2.3", want: Rate},
			{second: 29, client: "192.0.2.3", want: Rate}, {second: 30, client: "192.0.2.3"}, {second: 30, client: "192.0.2.4", want: Rate},
			{second: 90, client: "192.0.2.4"}, {second: 90, client: "192.0.2.4"}, {second: 90, client: "192.0.2.4", want: Rate}}},
		"rate of a network": {Limits{RatePerClient: 1}, []step{{client: "192.0.2.1"}, {client: "192.0.2.1", leave: true},
			{second: 59, client: "192.0.2.1", want: RatePerClient}, {second: 59, client: "192.0.2.2"}, {second: 60, client: "192.0.2.1"}}},
		"a refused network costs the others nothing": {Limits{Rate: 3, RatePerClient: 1}, []step{{client: "192.0.2.1"},
			{client: "192.0.2.1", want: RatePerClient}, {client: "192.0.2.1", want: RatePerClient}, {client: "192.0.2.1", want: RatePerClient},
			{client: "192.0.2.2"}, {client: "192.0.2.3"}, {client: "192.0.2.4", want: Rate}}},
		"a full service costs a network nothing": {Limits{Sessions: 1, RatePerClient: 1, Rate: 2}, []step{{client: "192.0.2.1"},
			{client: "192.0.2.2", want: Sessions}, {client: "192.0.2.1", leave: true}, {client: "192.0.2.2"}}},
	} {
		t.Run(name, func(t *testing.T) { play(t, &c.l, c.steps) })
	}
}

func play(t *testing.T, l *Limits, steps []step) {
	t.Helper()
	var table Table
	passes := map[string][]Pass{}
	for i, s := range steps {
		if s.leave {
			table.Leave(passes[s.client][0])
			passes[s.client] = passes[s.client][1:]
			continue
		}
		pass, got := table.Enter(l, netip.MustParseAddr(s.client), noon.Add(time.Duration(s.second)*time.Second))
		if got != s.want {
			t.Fatalf("step %d: %s at second %d: %s, want %s", i, s.client, s.second, got, s.want)
		}
		if got == None {
			passes[s.client] = append(passes[s.client], pass)
		}
	}
	for _, list := range passes {
		for _, p := range list {
			table.Leave(p)
		}
	}
	if n := table.Networks(noon.Add(time.Hour)); n != 0 || table.Live() != 0 {
		t.Errorf("%d networks and %d sessions are left", n, table.Live())
	}
}

func address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// A full table forgets networks without a session; where all have one, newcomers are one network together.
func TestFullTable(t *testing.T) {
	l, table := &Limits{SessionsPerClient: 2, RatePerClient: 5}, &Table{room: 8}
	for n := range 100 {
		p, k := table.Enter(l, address(n), noon)
		if k != None {
			t.Fatalf("client %d: %s", n, k)
		}
		table.Leave(p)
	}
	if n := table.Networks(noon); n > 8 {
		t.Errorf("%d networks in a table for 8", n)
	}
	var passes []Pass
	for n := range 10 {
		p, k := table.Enter(l, address(n), noon)
		if k != None {
			t.Fatalf("client %d: %s", n, k)
		}
		passes = append(passes, p)
	}
	if _, k := table.Enter(l, address(10), noon); k != SessionsPerClient {
		t.Errorf("the third of those that are not told apart: %s", k)
	}
	if _, k := table.Enter(l, address(0), noon); k != None {
		t.Errorf("the second of a network that is known: %s", k)
	}
	for _, p := range passes {
		table.Leave(p)
	}
	if n := table.Networks(noon); n > 9 {
		t.Errorf("%d networks in a table for 8 and the others", n)
	}
}

// Networks that do not matter any more are forgotten while others come, and what is left is bounded by them.
func TestForgets(t *testing.T) {
	l, table := &Limits{RatePerClient: 60}, &Table{}
	for n := range 50_000 { // each matters for a second; 1000 come in one
		p, _ := table.Enter(l, address(n), noon.Add(time.Duration(n)*time.Millisecond))
		table.Leave(p)
	}
	if n := len(table.networks); n > 3000 {
		t.Errorf("%d networks are known, of which 1000 matter", n)
	}
}

func TestConcurrently(t *testing.T) {
	l, table := &Limits{Sessions: 50, SessionsPerClient: 3, Rate: 1 << 20}, &Table{}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for range 200 {
				if p, k := table.Enter(l, address(n%8), noon); k == None {
					if live := table.Live(); live > 24 {
						t.Errorf("%d sessions of 8 networks", live)
					}
					table.Leave(p)
				}
			}
		})
	}
	all.Wait()
	if table.Live() != 0 || len(table.networks) != 0 {
		t.Errorf("%d sessions, %d networks are left", table.Live(), len(table.networks))
	}
}

func TestReasons(t *testing.T) {
	l := &Limits{Sessions: 1, SessionsPerClient: 2, Rate: 3, RatePerClient: 4}
	client := netip.MustParseAddr("2001:db8::1")
	for k, want := range map[Kind]string{
		Sessions:          "has max_instances=1 sessions already",
		SessionsPerClient: "has max_sessions_per_client=2 sessions of 2001:db8::/64 already",
		Rate:              "has begun max_rate=3 sessions in a minute",
		RatePerClient:     "has begun max_rate_per_client=4 sessions of 2001:db8::/64 in a minute",
	} {
		if got := l.Reason(k, client); got != want {
			t.Errorf("%s: %s", k, got)
		}
	}
}

func TestOf(t *testing.T) {
	client := netip.MustParseAddr("192.0.2.1")
	for want, l := range map[string]*Limits{
		"":                                    {Sessions: 1, Rate: 3},
		"of 192.0.2.1/32 at most 2 at a time": {SessionsPerClient: 2},
		"of 192.0.2.0/24 at most 2 at a time and 4 that begin in a minute": {SessionsPerClient: 2, RatePerClient: 4, IPv4: 24},
	} {
		if got := l.Of(client); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}

// TestAllocs: a session costs an entry of its network, if that is new, and nothing else.
func TestAllocs(t *testing.T) {
	l, table := &Limits{Sessions: 9, SessionsPerClient: 9, Rate: 1 << 30, RatePerClient: 1 << 30}, &Table{}
	client := netip.MustParseAddr("192.0.2.1")
	if _, k := table.Enter(l, client, noon); k != None {
		t.Fatal(k)
	}
	if n := testing.AllocsPerRun(100, func() {
		p, _ := table.Enter(l, client, noon)
		table.Leave(p)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// BenchmarkEnterLeave is what a session costs: where only the sessions at a time are limited, where all is and its
// network is known, and where the network is new.
func BenchmarkEnterLeave(b *testing.B) {
	all := &Limits{Sessions: 1 << 20, SessionsPerClient: 100, Rate: 1 << 30, RatePerClient: 1000}
	for _, c := range []struct {
		name     string
		l        *Limits
		networks int
	}{{"sessions", &Limits{Sessions: 1 << 20}, 1}, {"known", all, 1000}, {"new", all, 1 << 24}} {
		b.Run(c.name, func(b *testing.B) {
			table, n := &Table{}, 0
			for b.Loop() {
				n++
				p, _ := table.Enter(c.l, address(n%c.networks), noon.Add(time.Duration(n)*time.Microsecond))
				table.Leave(p)
			}
		})
	}
}
