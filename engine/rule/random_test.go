package rule

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"zorpgo/engine/zone"
)

// world makes random rules and flows from few values, so that they meet often.
type world struct {
	*rand.Rand
	table *zone.Table
	zones []*zone.Zone
}

var (
	worldSubnets = []string{
		"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/16", "10.1.2.0/24", "10.1.2.3", "10.2.0.0/15", "10.2.0.0/16",
		"192.0.2.0/24", "192.0.2.77", "::/0", "fd00::/16", "fd00:1::/32", "fd00:1::1", "::ffff:10.1.2.0/120",
	}
	worldAddrs = []string{"10.1.2.3", "10.1.2.4", "10.1.9.9", "10.2.0.1", "10.3.0.1", "10.9.9.9", "192.0.2.77", "192.0.2.1",
		"8.8.8.8", "fd00:1::1", "fd00:1::1%eth0", "fd00:2::1", "2001:db8::1", "::ffff:10.1.2.3"}
	worldPorts = []PortRange{{25, 25}, {80, 80}, {443, 443}, {0, 65535}, {1, 1024}, {20, 30}, {25, 80}, {0, 0}}
)

func newWorld(tb testing.TB, seed uint64) *world {
	tb.Helper()
	a := &zone.Zone{Name: "a", Prefixes: prefixes(tb, []string{"10.0.0.0/8", "fd00::/16"})}
	b := &zone.Zone{Name: "b", Prefixes: prefixes(tb, []string{"10.1.0.0/16", "fd00:1::/32"}), Parent: a}
	c := &zone.Zone{Name: "c", Prefixes: prefixes(tb, []string{"10.1.2.0/24"}), Parent: b}
	d := &zone.Zone{Name: "d", Prefixes: prefixes(tb, []string{"192.0.2.0/24", "10.2.0.0/16"}), Parent: a}
	e := &zone.Zone{Name: "e", Prefixes: prefixes(tb, []string{"::ffff:0:0/96", "10.3.0.0/16"})}
	w := &world{Rand: rand.New(rand.NewPCG(seed, 2)), zones: []*zone.Zone{a, b, c, d, e}}
	table, found := zone.NewTable(w.zones)
	if len(found) > 0 {
		tb.Fatal(found)
	}
	w.table = table
	return w
}

// some is an empty list most of the time, else up to three of values.
func some[T any](w *world, oneIn int, values ...T) (list []T) {
	if w.IntN(oneIn) > 0 {
		return nil
	}
	for range 1 + w.IntN(3) {
		list = append(list, values[w.IntN(len(values))])
	}
	return list
}

func one[T any](w *world, values ...T) T { return values[w.IntN(len(values))] }

func (w *world) rule(tb testing.TB, id int) *Rule {
	return &Rule{
		ID: id, Service: fmt.Sprint("service", id),
		ReqID: some(w, 9, 1, 2), SrcIface: some(w, 9, "eth0", "eth1"), SrcIfgroup: some(w, 9, 0, 1),
		Proto: some(w, 3, ProtoTCP, ProtoUDP, ProtoICMP), ProtoType: some(w, 9, 0, 8), ProtoSubtype: some(w, 9, 0, 1),
		SrcPort: some(w, 9, worldPorts...), DstPort: some(w, 2, worldPorts...),
		SrcSubnet: prefixes(tb, some(w, 3, worldSubnets...)), SrcZone: some(w, 3, w.zones...),
		DstSubnet: prefixes(tb, some(w, 3, worldSubnets...)), DstZone: some(w, 3, w.zones...),
		DstIface: some(w, 9, "eth0", "eth1"), DstIfgroup: some(w, 9, 0, 1),
	}
}

func (w *world) flow() *Flow {
	f := &Flow{
		Iface: one(w, "", "eth0", "eth1"), Ifgroup: w.IntN(2), ReqID: some(w, 3, 1, 2),
		Proto: one(w, ProtoTCP, ProtoTCP, ProtoUDP, ProtoICMP, 47),
		Src:   netip.MustParseAddr(one(w, worldAddrs...)), Dst: netip.MustParseAddr(one(w, worldAddrs...)),
		IfaceAddrs: []netip.Addr{netip.MustParseAddr(one(w, worldAddrs...)).WithZone("")},
	}
	switch f.Proto {
	case ProtoTCP, ProtoUDP:
		f.SrcPort, f.DstPort = one[uint16](w, 25, 1024, 40000), one[uint16](w, 25, 80, 443, 26, 8080)
	case ProtoICMP:
		f.ICMPType, f.ICMPCode = one(w, 0, 8, 3), w.IntN(3)
	}
	f.SrcZone, f.DstZone = w.table.Lookup(f.Src), w.table.Lookup(f.Dst)
	return f
}

// scan is the plain way: look at every rule, keep the first of the greatest score.
func scan(s *Set, f *Flow) (winner *Rule) {
	var best Score
	for _, r := range s.rules {
		if score, ok := r.Score(f); ok && (winner == nil || score.Compare(&best) > 0) {
			winner, best = r, score
		}
	}
	return winner
}

func TestIndexAgainstScan(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed)
		var rules []*Rule
		for _, id := range w.Perm(1 + w.IntN(200)) {
			rules = append(rules, w.rule(t, id+1))
		}
		set := NewSet(rules)
		for range 200 {
			f := w.flow()
			if got, want := set.Lookup(f), scan(set, f); got != want {
				t.Fatalf("seed %d, %+v:\n got %+v\nwant %+v", seed, f, got, want)
			}
		}
	}
}

func TestMismatchAgainstScore(t *testing.T) {
	w := newWorld(t, 1)
	for range 2000 {
		r, f := w.rule(t, 1), w.flow()
		if _, ok := r.Score(f); ok != (r.Mismatch(f) == "") {
			t.Fatalf("%+v, %+v: matches %v, mismatch %q", r, f, ok, r.Mismatch(f))
		}
	}
}

// TestShadowsAgainstScore looks for a connection that a rule wins although it was called shadowed.
func TestShadowsAgainstScore(t *testing.T) {
	shadowed := 0
	for seed := range uint64(10) {
		w := newWorld(t, seed)
		for range 2000 {
			r, o := w.rule(t, 1), w.rule(t, 2)
			if w.IntN(2) == 0 {
				*o = *r // alike but for one condition
				o.ID = 1 + w.IntN(2)*2
				r.ID = 2
				other := w.rule(t, 0)
				switch w.IntN(4) {
				case 0:
					o.DstPort = other.DstPort
				case 1:
					o.SrcSubnet, o.SrcZone = other.SrcSubnet, other.SrcZone
				case 2:
					o.DstSubnet, o.DstZone, o.DstIface = other.DstSubnet, other.DstZone, other.DstIface
				case 3:
					o.Proto, o.SrcIface = other.Proto, other.SrcIface
				}
			}
			if !r.Shadows(o) {
				continue
			}
			shadowed++
			set := NewSet([]*Rule{r, o})
			for range 40 {
				if f := w.flow(); set.Lookup(f) == o {
					t.Fatalf("%+v\ndoes not shadow\n%+v\nfor %+v", r, o, f)
				}
			}
		}
	}
	if shadowed < 500 {
		t.Errorf("only %d pairs tried", shadowed)
	}
}
