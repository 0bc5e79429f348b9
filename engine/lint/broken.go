package lint

import (
	"cmp"
	"slices"

	"zorpgo/engine"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
)

// broken are the places of the declarations that an error lies in: from each to the next one in its file.
func broken(c *engine.Config, sofar source.Findings) map[source.Pos]bool {
	places := declarations(c)
	wrong := map[source.Pos]bool{}
	for _, f := range sofar {
		if f.Severity != source.Error {
			continue
		}
		for _, at := range slices.Backward(places) {
			if at.File == f.Pos.File && before(at, f.Pos) <= 0 {
				wrong[at] = true
				break
			}
		}
	}
	return wrong
}

// declarations are the places where zones, NAT policies, services and rules are declared, in order.
func declarations(c *engine.Config) (places []source.Pos) {
	for _, z := range c.Zones.All() {
		places = append(places, z.Pos)
	}
	for _, n := range c.NATPolicies {
		places = append(places, n.Pos)
	}
	for _, e := range c.EncryptionPolicies {
		places = append(places, e.Pos)
	}
	for _, s := range c.Services {
		places = append(places, s.Pos)
	}
	for _, r := range c.Rules.All() {
		places = append(places, r.Pos)
	}
	slices.SortFunc(places, before)
	return places
}

func before(a, b source.Pos) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// good are those rules of c that have no errors.
func good(c *engine.Config, wrong map[source.Pos]bool) []*rule.Rule {
	return slices.DeleteFunc(c.Rules.All(), func(r *rule.Rule) bool { return wrong[r.Pos] })
}
