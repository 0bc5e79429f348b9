package graph

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/chain"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// hair is what rounding may make of nothing.
const hair = 1e-6

// random is a policy of so many parts, the same for the same seed.
func random(t testing.TB, seed uint64, zones, services, rules int) *engine.Config {
	dice := rand.New(rand.NewPCG(seed, 1))
	var zs []*zone.Zone
	for i := range zones {
		z := &zone.Zone{Name: fmt.Sprint("zone <", i, ">"), Pos: at(i + 1)}
		for k := range dice.IntN(7) {
			z.Prefixes = append(z.Prefixes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), byte(k), 0}), 24))
		}
		if i > 0 && dice.IntN(2) == 0 {
			if p := zs[dice.IntN(i)]; p.Depth() < 5 {
				z.Parent = p
			}
		}
		zs = append(zs, z)
	}
	var vs []*service.Service
	for i := range services {
		vs = append(vs, randomService(dice, i))
	}
	var rs []*rule.Rule
	for i := range rules {
		r := &rule.Rule{ID: i + 1, Pos: at(i + 100), Proto: []int{6}, Service: vs[dice.IntN(services)].Name, DstPort: ports(25, uint16(25+dice.IntN(2)))}
		for range dice.IntN(6) {
			r.DstSubnet = append(r.DstSubnet, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(dice.IntN(256))}), 32))
		}
		for range dice.IntN(3) {
			r.SrcZone = append(r.SrcZone, zs[dice.IntN(zones)])
		}
		rs = append(rs, r)
	}
	return config(t, zs, vs, rs)
}

func randomService(dice *rand.Rand, i int) *service.Service {
	v := &service.Service{Name: fmt.Sprintf("service_%d%*s", i, dice.IntN(50), "end"), Pos: at(i + 50), MaxInstances: dice.IntN(2)}
	switch dice.IntN(5) {
	case 0:
		v.Deny = true
	case 1:
		v.Router = &route.Inband{}
	case 2:
		v.Chainer = &chain.StateBased{Failover: dice.IntN(2) == 0}
		fallthrough
	case 3:
		var to []stream.Addr
		for range 1 + dice.IntN(12) {
			to = append(to, stream.Addr{AddrPort: netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, 16, 0, byte(dice.IntN(20))}), 25)})
		}
		v.Router = &route.Directed{Dest: to}
	}
	return v
}

// seeds are the sizes that the properties are tried with.
func seeds(t *testing.T, try func(t *testing.T, c func() *engine.Config)) {
	for seed := range uint64(60) {
		dice := rand.New(rand.NewPCG(seed, 2))
		zones, services, rules := 1+dice.IntN(30), 1+dice.IntN(20), dice.IntN(110)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			try(t, func() *engine.Config { return random(t, seed, zones, services, rules) })
		})
	}
}

func TestBoxesDoNotTouch(t *testing.T) {
	seeds(t, func(t *testing.T, c func() *engine.Config) {
		d := layOut(Of(c()))
		var all []*box
		for _, column := range d.columns {
			all = append(all, column...)
		}
		for i, b := range all {
			if b.x < 0 || b.y < margin+headHeight-hair || b.x+b.w > d.width || b.y+b.h > d.height+hair {
				t.Errorf("%s is outside: %+v", b.ID, b)
			}
			for _, o := range all[:i] {
				if b.x < o.x+o.w && o.x < b.x+b.w && b.y < o.y+o.h-hair && o.y < b.y+b.h-hair {
					t.Errorf("%s lies on %s", b.ID, o.ID)
				}
			}
		}
	})
}

// Arrows run between two neighbouring columns, where no box is, and each has both its ends at boxes of the graph.
func TestArrowsCrossNoBox(t *testing.T) {
	seeds(t, func(t *testing.T, c func() *engine.Config) {
		g := Of(c())
		d := layOut(g)
		if len(d.arrows) != len(g.Edges) {
			t.Errorf("%d arrows, %d edges", len(d.arrows), len(g.Edges))
		}
		for _, a := range d.arrows {
			if a.to.column != a.from.column+1 || a.to.Kind != a.from.Kind+1 {
				t.Errorf("%s goes from column %d to %d", a.words(), a.from.column, a.to.column)
			}
			if a.startX != a.from.x+a.from.w || a.endX != a.to.x || a.endX-a.startX < gutter {
				t.Errorf("%s goes from %v to %v", a.words(), a.startX, a.endX)
			}
		}
	})
}

func TestTheSameAgain(t *testing.T) {
	seeds(t, func(t *testing.T, c func() *engine.Config) {
		first := svg(t, Of(c()), SVGOptions{})
		if !bytes.Equal(first, svg(t, Of(c()), SVGOptions{})) {
			t.Error("two drawings of one policy differ")
		}
		seen := map[string]bool{}
		for _, id := range wellFormed(t, first, "id") {
			if seen[id] {
				t.Errorf("id %s is there twice", id)
			}
			seen[id] = true
		}
		for _, r := range c().Rules.All() {
			if !seen[fmt.Sprint("rule-", r.ID)] {
				t.Errorf("rule %d is nowhere", r.ID)
			}
		}
	})
}

func TestFewerArrowsCross(t *testing.T) {
	d := &drawing{}
	d.boxes(Of(random(t, 7, 20, 15, 40)))
	before := d.crossings()
	d.arrange()
	if after := d.crossings(); after*2 > before {
		t.Errorf("%d crossings, unordered %d", after, before)
	}
}

func TestTextFits(t *testing.T) {
	for text, want := range map[string]string{"short": "short", "a text that is too long": "a text th…", "": ""} {
		if got := fit(text, 10, 60); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
}

func BenchmarkHundredRules(b *testing.B) {
	c := random(b, 3, 20, 15, 100)
	for b.Loop() {
		svg(b, Of(c), SVGOptions{})
	}
}
