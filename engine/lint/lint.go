// Package lint finds what is suspicious in a policy that could be loaded: what can never work, and what does other than
// its author may think.
//
// The command check prints its findings together with those of the loading; run prints them before it serves.
package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"zorpgo/engine"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// Check lists the findings over c, ordered by position. What was found while c was loaded is given, too: a declaration
// with an error of its own is not what its author wrote, and nothing more is said of it.
func Check(c *engine.Config, sofar source.Findings) source.Findings {
	p := &policy{Config: c, wrong: broken(c, sofar), below: families(c.Zones)}
	p.rules = good(c, p.wrong)
	p.set = rule.NewSet(p.rules)
	p.services()
	p.unusedTranslations()
	p.encryptions()
	for _, r := range p.rules {
		p.rule(r)
	}
	p.listeners()
	p.circles()
	if len(c.Rules.All()) == 0 && !sofar.HasErrors() {
		p.find(source.Pos{}, source.Error, "no-rule", fmt.Sprintf("instance %q has no rule, so there is nothing to listen for", c.Instance),
			"write a Rule with one address of this host as dst_subnet, and a dst_port")
	}
	p.found.Sort()
	return p.found
}

// policy is a Config under examination.
type policy struct {
	*engine.Config
	wrong map[source.Pos]bool // declarations with errors
	rules []*rule.Rule        // those without errors, by id
	set   *rule.Set           // of these
	below map[*zone.Zone]has  // the families of a zone's networks and of those of the zones below it
	found source.Findings
}

func (p *policy) find(pos source.Pos, severity source.Severity, id, message, hint string) {
	p.found = append(p.found, source.Finding{Pos: pos, Severity: severity, ID: id, Message: message, Hint: hint})
}

// services examines the services one by one, in the order of their names.
func (p *policy) services() {
	used := map[string]bool{}
	for _, r := range p.Rules.All() {
		used[r.Service] = true
	}
	for _, s := range sorted(p.Services) {
		if p.wrong[s.Pos] {
			continue
		}
		if !used[s.Name] {
			p.find(s.Pos, source.Warning, "unused-service", fmt.Sprintf("service %q: no rule uses it", s.Name),
				fmt.Sprintf("write a Rule(service=%q, ...) or remove the service", s.Name))
		}
		if !s.Deny {
			p.mail(s)
			p.authInClear(s)
			p.outside(s)
			p.spare(s)
		}
	}
	p.unlike(used)
}

// rule examines one rule.
func (p *policy) rule(r *rule.Rule) {
	if p.unreachable(r) {
		return // what it would do does not matter
	}
	p.emptyZones(r)
	p.conditionsTwice(r)
	p.believesAll(r)
	switch s := p.Services[r.Service]; {
	case s == nil || p.wrong[s.Pos]:
	case s.Deny:
		p.denies(r, s)
	default:
		p.forging(r, s)
		p.translation(r, s)
		p.loops(r, s)
	}
}

func sorted(services map[string]*service.Service) []*service.Service {
	return slices.SortedFunc(maps.Values(services), func(a, b *service.Service) int { return cmp.Compare(a.Name, b.Name) })
}
