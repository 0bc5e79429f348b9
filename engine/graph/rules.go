package graph

import (
	"fmt"

	"zorpgo/engine/rule"
)

// mostRules is how many rules have boxes of their own; if there are more, those that differ only in addresses and zones
// share one.
const mostRules = 40

// addRules draws the rules and the arrows that they are: from zones to services.
func (b *builder) addRules() {
	var anywhere *Node
	for _, group := range grouped(b.config.Rules.All()) {
		n := b.addRule(group)
		for _, r := range group {
			for _, z := range r.SrcZone {
				b.connect(b.zones[z], n, "")
			}
			if len(r.SrcZone) > 0 {
				continue
			}
			if anywhere == nil {
				anywhere = b.add(&Node{Kind: Zone, Name: "anywhere"}, "-anywhere")
			}
			b.connect(anywhere, n, "")
		}
		if to := b.services[group[0].Service]; to != nil {
			b.connect(n, to, "")
		}
	}
}

// grouped are the rules that share boxes, by their first ids.
func grouped(rules []*rule.Rule) (groups [][]*rule.Rule) {
	if len(rules) <= mostRules {
		for _, r := range rules {
			groups = append(groups, []*rule.Rule{r})
		}
		return groups
	}
	known := map[string]int{}
	for _, r := range rules {
		key := fmt.Sprintf("%q %q", r.Service, shared(r))
		if i, ok := known[key]; ok {
			groups[i] = append(groups[i], r)
			continue
		}
		known[key] = len(groups)
		groups = append(groups, []*rule.Rule{r})
	}
	return groups
}

// called is how r is called, number and all.
func called(r *rule.Rule) string {
	number := fmt.Sprint("rule ", r.ID)
	if name := r.Called(); name != number {
		return name + ", " + number
	}
	return number
}

func (b *builder) addRule(group []*rule.Rule) *Node {
	first := group[0]
	n := b.add(&Node{Kind: Rule, Name: called(first), Pos: first.Pos}, fmt.Sprint(first.ID))
	if len(group) == 1 {
		n.Lines = conditions(group)
		n.Details = whole(first)
		return n
	}
	n.Name = fmt.Sprintf("%d rules", len(group))
	n.Lines = conditions(group)
	for _, r := range group {
		if r != first {
			n.Also = append(n.Also, fmt.Sprint(Rule, "-", r.ID))
		}
		n.Details = append(n.Details, sentence(r))
	}
	return n
}
