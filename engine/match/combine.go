package match

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Operator says how a Combine takes the answers of its operands together. The texts are Zorp's constants.
type Operator string

// The operators. Xor, which Zorp also calls Z_NE, is an odd number of matches; Eq is that all match or none does.
const (
	And Operator = "Z_AND"
	Or  Operator = "Z_OR"
	Not Operator = "Z_NOT"
	Xor Operator = "Z_XOR"
	Eq  Operator = "Z_EQ"
)

// Operators lists them.
var Operators = []Operator{And, Or, Not, Xor, Eq}

// Combine matches what an operator makes of the answers of other matchers (Zorp's CombineMatcher).
type Combine struct {
	operator Operator
	operands []Matcher
}

var _ Matcher = (*Combine)(nil)

// NewCombine makes a matcher of other matchers: Not takes one, the others one or more.
func NewCombine(operator Operator, operands ...Matcher) (*Combine, error) {
	switch n := len(operands); {
	case !slices.Contains(Operators, operator):
		return nil, fmt.Errorf("%q is no operator, write one of %s", operator, names())
	case operator == Not && n != 1:
		return nil, fmt.Errorf("%s has %d operands, want one", operator, n)
	case n == 0:
		return nil, fmt.Errorf("%s has no operands, want at least one", operator)
	}
	return &Combine{operator, operands}, nil
}

func names() string {
	var list []string
	for _, o := range Operators {
		list = append(list, string(o))
	}
	return strings.Join(list, ", ")
}

// Operands are the matchers that are combined; not to be changed.
func (c *Combine) Operands() []Matcher { return c.operands }

// Match asks the operands in order until the answer is clear. One that cannot tell ends it: neither can Combine then.
func (c *Combine) Match(ctx context.Context, text string) (bool, error) {
	matches := 0
	for i, m := range c.operands {
		hit, err := m.Match(ctx, text)
		if err != nil {
			return false, err
		}
		if hit {
			matches++
		}
		if c.clear(hit, matches, i+1) {
			break
		}
	}
	return c.answer(matches), nil
}

// clear reports whether no further operand can change the answer.
func (c *Combine) clear(hit bool, matches, asked int) bool {
	switch c.operator {
	case And:
		return !hit
	case Or:
		return hit
	case Eq:
		return matches != 0 && matches != asked
	}
	return false
}

func (c *Combine) answer(matches int) bool {
	switch c.operator {
	case And:
		return matches == len(c.operands)
	case Or:
		return matches > 0
	case Not:
		return matches == 0
	case Eq:
		return matches == 0 || matches == len(c.operands)
	}
	return matches%2 == 1
}
