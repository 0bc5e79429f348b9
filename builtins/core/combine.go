package core

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/match"
	"zorpgo/engine/source"
)

var combineMatcherWord = &word.Word{
	Name: "CombineMatcher", Module: "Zorp.Core",
	Doc: "Matches what an operator makes of other matchers: Z_AND, Z_OR and Z_NOT as usual, Z_XOR (also called Z_NE) if an odd number of " +
		"them match, Z_EQ if all or none do. They are asked in order until the answer is clear; if one cannot tell, the combination cannot either.",
	Example: "MatcherPolicy(\"spammers\", RegexpMatcher(match_list=[\"@spam\\\\.example$\"]))\n" +
		`CombineMatcher((Z_AND, "spammers", (Z_NOT, RegexpMatcher(match_list=["^postmaster@"]))))`,
	Errors: []string{
		"an expression that is not an operator with operands: one of Z_NOT, at least one of the others",
		"the name of a matcher that no MatcherPolicy defines, here or further below",
		"a matcher that is made of itself",
	},
	Params: []word.Param{
		{Name: "expr", Type: word.Type{Want: "an operator with its operands, such as (Z_NOT, \"spammers\")", Accepts: isExpression},
			Doc: "an operator and its operands: matchers, names of matchers, or such expressions"},
	},
	Make: makeCombineMatcher,
}

// maxOperands bounds an expression: its parts may be one value written once.
const maxOperands = 1000

func isExpression(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Tuple, *starlark.List:
		return true
	}
	return false
}

// combination is an expression that is read.
type combination struct {
	call     *word.Call
	operands int
	names    []*namedMatcher
}

func makeCombineMatcher(c *word.Call) starlark.Value {
	x := &combination{call: c}
	if c.Given("expr") == nil {
		return interp.Poison{}
	}
	is := x.read(c.Given("expr").(starlark.Indexable), -1)
	if is == nil {
		return interp.Poison{}
	}
	c.Draft.Later(func() { x.resolve(is) })
	return word.NewMatcher(c, &word.Matcher{Pos: c.Pos, Is: is})
}

// read makes a matcher of an expression, which is element top of the outermost one, or that itself; nil if it is wrong.
func (x *combination) read(expr starlark.Indexable, top int) *match.Combine {
	if x.operands += expr.Len(); x.operands > maxOperands {
		x.problem(top, "wrong-type", fmt.Sprintf("the expression has more than %d operands", maxOperands), "write one RegexpMatcher with many patterns")
		return nil
	}
	if expr.Len() == 0 {
		x.problem(top, "wrong-type", "the expression is empty", "write an operator and operands: "+`(Z_NOT, "spammers")`)
		return nil
	}
	var operands []match.Matcher
	for i := 1; i < expr.Len(); i++ {
		m := x.operand(expr.Index(i), at(top, i))
		if m == nil {
			return nil
		}
		operands = append(operands, m)
	}
	operator, ok := starlark.AsString(expr.Index(0))
	if !ok {
		x.problem(at(top, 0), "wrong-type", "an expression starts with "+word.TypeName(expr.Index(0))+", want an operator", `write (Z_OR, ...)`)
		return nil
	}
	m, err := match.NewCombine(match.Operator(operator), operands...)
	if err != nil {
		x.problem(at(top, 0), "wrong-type", err.Error(), "")
		return nil
	}
	return m
}

// at is which element of the outermost expression element i of an expression belongs to.
func at(top, i int) int {
	if top < 0 {
		return i
	}
	return top
}

func (x *combination) operand(v starlark.Value, top int) match.Matcher {
	if word.IsMatcher(v) {
		if m := matcherOf(x.call, v); m != nil {
			return m.Is
		}
		return nil
	}
	switch v := v.(type) {
	case starlark.String:
		n := &namedMatcher{name: string(v), pos: x.pos(top)}
		x.names = append(x.names, n)
		return n
	case starlark.Indexable:
		if m := x.read(v, top); m != nil {
			return m
		}
	default:
		if !interp.IsPoison(v) {
			x.problem(top, "wrong-type", "an operand is "+word.TypeName(v)+", want a matcher, a MatcherPolicy or its name, or an expression", "")
		}
	}
	return nil
}

func (x *combination) pos(top int) source.Pos {
	if top < 0 {
		return x.call.At("expr")
	}
	return x.call.Element("expr", top)
}

func (x *combination) problem(top int, id, message, hint string) {
	x.call.ProblemAt(x.pos(top), id, message, hint)
}

// resolve finds the matchers that have names, now that the policy is read.
func (x *combination) resolve(whole *match.Combine) {
	for _, n := range x.names {
		if !n.resolve(x.call) {
			continue
		}
		if path := pathTo(whole, n, x.call.Draft, map[any]bool{}); path != nil {
			x.call.ProblemAt(n.pos, "matcher-cycle", fmt.Sprintf("matcher %q is made of itself: %s", n.name, strings.Join(append(path, n.name), " has ")),
				"take it out of one of them")
		}
	}
}

// pathTo lists the names that lead from m to whole; nil if none do.
func pathTo(whole *match.Combine, m match.Matcher, d *word.Draft, seen map[any]bool) []string {
	switch m := m.(type) {
	case *match.Combine:
		if m == whole {
			return []string{}
		}
		if seen[m] {
			return nil
		}
		seen[m] = true
		for _, operand := range m.Operands() {
			if path := pathTo(whole, operand, d, seen); path != nil {
				return path
			}
		}
	case *namedMatcher:
		next := d.Matchers[m.name]
		if next == nil || seen[m.name] {
			return nil
		}
		seen[m.name] = true
		if path := pathTo(whole, next.Is, d, seen); path != nil {
			return append([]string{m.name}, path...)
		}
	}
	return nil
}
