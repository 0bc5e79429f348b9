package rule

import (
	"cmp"
	"slices"
)

// Set holds the rules of a policy and finds the one that a connection meets. It is not changed once made, so any
// number of goroutines may ask it. A nil Set has no rules.
type Set struct {
	rules    []*Rule
	src, dst index
	rest     bucket // the rules that are in neither index
}

// NewSet makes a set of rules, whose ids are all different.
func NewSet(rules []*Rule) *Set {
	s := &Set{rules: slices.SortedFunc(slices.Values(rules), func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })}
	srcCrowd, dstCrowd := crowd{}, crowd{}
	for _, r := range s.rules {
		srcCrowd.count(r.srcKeys())
		dstCrowd.count(r.dstKeys())
	}
	for _, r := range s.rules {
		switch src, dst := srcCrowd.worst(r.srcKeys()), dstCrowd.worst(r.dstKeys()); {
		case src == 0 && dst == 0:
			s.rest.add(r)
		case src == 0 || dst != 0 && dst < src:
			s.dst.add(r, r.dstKeys())
		default:
			s.src.add(r, r.srcKeys())
		}
	}
	s.src.link()
	s.dst.link()
	return s
}

// All lists the rules by id.
func (s *Set) All() []*Rule {
	if s == nil {
		return nil
	}
	return slices.Clone(s.rules)
}

// Lookup is the rule that f meets: the one with the greatest score, of equal ones that with the lowest id.
// It is nil if none matches.
func (s *Set) Lookup(f *Flow) *Rule {
	if s == nil {
		return nil
	}
	var b best
	b.amongBucket(&s.rest, f)
	for n := s.src.subnet(f.Src); n != nil; n = n.wider {
		b.amongBucket(&n.bucket, f)
	}
	for n := s.dst.subnet(f.Dst); n != nil; n = n.wider {
		b.amongBucket(&n.bucket, f)
	}
	for z := f.SrcZone; z != nil && len(s.src.zones) > 0; z = z.Parent {
		b.amongBucket(s.src.zones[z], f)
	}
	for z := f.DstZone; z != nil && len(s.dst.zones) > 0; z = z.Parent {
		b.amongBucket(s.dst.zones[z], f)
	}
	return b.rule
}

// best is the best rule met so far.
type best struct {
	rule  *Rule
	score Score
}

func (b *best) amongBucket(k *bucket, f *Flow) {
	if k == nil {
		return
	}
	b.among(k.other, f)
	if len(k.single) > 0 {
		b.among(k.single[f.DstPort], f)
	}
}

// among may meet a rule twice; that does no harm.
func (b *best) among(rules []*Rule, f *Flow) {
	for _, r := range rules {
		score, ok := r.Score(f)
		if !ok {
			continue
		}
		c := 1
		if b.rule != nil {
			c = score.Compare(&b.score)
		}
		if c > 0 || c == 0 && r.ID < b.rule.ID {
			b.rule, b.score = r, score
		}
	}
}
