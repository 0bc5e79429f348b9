package rule

import (
	"net/netip"
	"testing"
)

// listener makes r one of a listener's.
func (w *world) listener(r *Rule) *Rule {
	l := &Listener{Word: "ZoneListener", OwnZone: w.IntN(2) == 0, AnySrc: w.IntN(2) == 0, AnyDst: w.IntN(3) == 0}
	for range 1 + w.IntN(2) {
		at := netip.MustParseAddr(one(w, append([]string{"0.0.0.0", "::"}, worldAddrs...)...)).WithZone("")
		l.At = append(l.At, netip.AddrPortFrom(at, one(w, worldPorts...).Low))
	}
	r.Listener = l
	return r
}

// TestListeners holds what is said of listeners' rules, and what the index finds, against their scores.
func TestListeners(t *testing.T) {
	w := newWorld(t, 7)
	for range 300 {
		var rules []*Rule
		for id := 1; id < 12; id++ {
			r := w.rule(t, id)
			if w.IntN(2) == 0 {
				w.listener(r)
			}
			rules = append(rules, r)
		}
		set := NewSet(rules)
		for range 20 {
			f := w.flow()
			var best best
			best.among(rules, f)
			if got := set.Lookup(f); got != best.rule {
				t.Fatalf("%+v: the index finds %+v, want %+v", f, got, best.rule)
			}
			for _, r := range rules {
				holds := true
				for _, reason := range r.Reasons(f) {
					holds = holds && reason.Holds()
				}
				if _, ok := r.Score(f); ok != holds {
					t.Fatalf("%+v, %+v: reasons say %v", r, f, holds)
				}
			}
		}
	}
}

// TestShadowing holds the index's answer against that of asking every rule.
func TestShadowing(t *testing.T) {
	w := newWorld(t, 9)
	shadowed := 0
	for range 1500 {
		var rules []*Rule
		for id := 1; id < 12; id++ {
			rules = append(rules, w.rule(t, id))
		}
		set := NewSet(rules)
		for _, r := range rules {
			var want *Rule
			for _, o := range rules {
				if want == nil && o.Shadows(r) {
					want = o
				}
			}
			if want != nil {
				shadowed++
			}
			if got := set.Shadowing(r); got != want {
				t.Fatalf("%+v is shadowed by %+v, the index says %+v", r, want, got)
			}
		}
	}
	if shadowed < 50 {
		t.Errorf("only %d rules are shadowed: the test says little", shadowed)
	}
}
