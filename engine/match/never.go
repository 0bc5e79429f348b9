package match

import "regexp/syntax"

// Never reports whether no text at all has a match of pattern, as far as its anchors and classes tell: "a$b", "x^".
// A pattern that does not compile is another matter.
func Never(pattern string) bool {
	r, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && never(r.Simplify())
}

func never(r *syntax.Regexp) bool {
	switch r.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpCharClass:
		return len(r.Rune) == 0
	case syntax.OpCapture, syntax.OpPlus:
		return never(r.Sub[0])
	case syntax.OpRepeat:
		return r.Min > 0 && never(r.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range r.Sub {
			if !never(sub) {
				return false
			}
		}
		return true
	case syntax.OpConcat:
		return neverInOrder(r.Sub)
	}
	return false
}

// neverInOrder looks for text after the end, or before the beginning.
func neverInOrder(parts []*syntax.Regexp) bool {
	began, ended := false, false
	for _, part := range parts {
		if never(part) || part.Op == syntax.OpBeginText && began {
			return true
		}
		if takes(part) {
			if ended {
				return true
			}
			began = true
		}
		ended = ended || part.Op == syntax.OpEndText
	}
	return false
}

// takes reports whether what r matches has at least one character.
func takes(r *syntax.Regexp) bool {
	switch r.Op {
	case syntax.OpLiteral:
		return len(r.Rune) > 0
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return takes(r.Sub[0])
	case syntax.OpRepeat:
		return r.Min > 0 && takes(r.Sub[0])
	case syntax.OpConcat:
		for _, sub := range r.Sub {
			if takes(sub) {
				return true
			}
		}
	case syntax.OpAlternate:
		for _, sub := range r.Sub {
			if !takes(sub) {
				return false
			}
		}
		return true
	}
	return false
}
