package explain

import (
	"cmp"
	"fmt"
	"slices"

	"zorpgo/engine/rule"
)

// Named is how a rule is called.
type Named struct {
	ID      int    `json:"id"`
	Pos     string `json:"pos"`
	Service string `json:"service"`
	Word    string `json:"said_by,omitempty"` // the listener that it belongs to: "Dispatcher"; "" if it is a Rule's
}

// Match is a rule that matches.
type Match struct {
	Named
	Score   rule.Score `json:"score"`              // incoming interface, protocol, ICMP type and code, ports, source, destination
	Held    []Held     `json:"held,omitempty"`     // what of it holds, in the order of weight
	LosesBy string     `json:"loses_by,omitempty"` // the dimension that decided against it; "id" if none did
	TieWith []int      `json:"tie_with,omitempty"` // of the winner: rules with the same score and a higher id

	rule *rule.Rule
}

// Held is an entry of a rule that the connection fits; of one list the most specific.
type Held struct {
	Dimension string `json:"dimension"`
	Keyword   string `json:"keyword"`
	Entry     string `json:"entry"`
}

// Miss is a rule that does not match.
type Miss struct {
	Named
	Holds int    `json:"holds"` // dimensions with conditions that hold
	Fails []Fail `json:"fails"`
}

// Fail is a dimension in which a rule does not match.
type Fail struct {
	Dimension string `json:"dimension"`
	Wants     []Want `json:"wants"` // any of these would do
	Has       string `json:"has"`   // what the connection has instead
}

// Want is a keyword with its entries.
type Want struct {
	Keyword string   `json:"keyword"`
	Entries []string `json:"entries"`
}

// idDecides is the LosesBy of a rule that only its id keeps from winning.
const idDecides = "id"

// judge sorts rules into the winner, the others that match, and those that do not.
func (a *Answer) judge(rules []*rule.Rule, f *rule.Flow) {
	var matches []Match
	for _, r := range rules {
		reasons := r.Reasons(f)
		if score, ok := r.Score(f); ok {
			matches = append(matches, Match{Named: name(r), Score: score, Held: held(reasons[:]), rule: r})
		} else {
			a.Misses = append(a.Misses, miss(r, reasons[:]))
		}
	}
	slices.SortFunc(matches, func(m, o Match) int { return cmp.Or(o.Score.Compare(&m.Score), cmp.Compare(m.ID, o.ID)) })
	slices.SortFunc(a.Misses, nearer)
	if len(matches) == 0 {
		return
	}
	a.Winner, a.Others = &matches[0], matches[1:]
	dimensions := a.Winner.rule.Reasons(f)
	for i := range a.Others {
		o := &a.Others[i]
		if o.Score == a.Winner.Score {
			o.LosesBy = idDecides
			a.Winner.TieWith = append(a.Winner.TieWith, o.ID)
			continue
		}
		for d := range o.Score {
			if o.Score[d] != a.Winner.Score[d] {
				o.LosesBy = dimensions[d].Dimension
				break
			}
		}
	}
}

func name(r *rule.Rule) Named {
	n := Named{ID: r.ID, Pos: r.Pos.String(), Service: r.Service}
	if r.Listener != nil {
		n.Word = r.Listener.Word
	}
	return n
}

// called is how messages speak of the rule.
func (n Named) called() string {
	if n.Word != "" {
		return n.Word
	}
	return fmt.Sprintf("rule %d", n.ID)
}

func held(reasons []rule.Reason) (list []Held) {
	for _, reason := range reasons {
		for _, c := range reason.Wants {
			if c.Held != "" {
				list = append(list, Held{Dimension: reason.Dimension, Keyword: c.Keyword, Entry: c.Held})
			}
		}
	}
	return list
}

func miss(r *rule.Rule, reasons []rule.Reason) Miss {
	m := Miss{Named: name(r)}
	for _, reason := range reasons {
		switch {
		case len(reason.Wants) == 0:
		case reason.Holds():
			m.Holds++
		default:
			fail := Fail{Dimension: reason.Dimension, Has: reason.Has}
			for _, c := range reason.Wants {
				fail.Wants = append(fail.Wants, Want{Keyword: c.Keyword, Entries: c.Entries})
			}
			m.Fails = append(m.Fails, fail)
		}
	}
	return m
}

// nearer puts rules that fail in fewer dimensions first, of these the ones of which more holds.
func nearer(m, o Miss) int {
	return cmp.Or(cmp.Compare(len(m.Fails), len(o.Fails)), cmp.Compare(o.Holds, m.Holds), cmp.Compare(m.ID, o.ID))
}
