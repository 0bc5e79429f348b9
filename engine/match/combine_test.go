package match

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// letters is a matcher that answers yes, no or an error by one letter each, and counts how often it is asked.
type letters struct {
	answer rune // t, f or e
	asked  *int
}

var errUnknown = errors.New("no answer")

func (l letters) Match(context.Context, string) (bool, error) {
	*l.asked++
	if l.answer == 'e' {
		return false, errUnknown
	}
	return l.answer == 't', nil
}

func TestCombine(t *testing.T) {
	for _, c := range []struct {
		operator Operator
		operands string
		want     rune
		asked    int
	}{
		{And, "t", 't', 1}, {And, "tt", 't', 2}, {And, "tf", 'f', 2}, {And, "ft", 'f', 1}, {And, "fe", 'f', 1}, {And, "te", 'e', 2}, {And, "ef", 'e', 1},
		{Or, "f", 'f', 1}, {Or, "ff", 'f', 2}, {Or, "ft", 't', 2}, {Or, "te", 't', 1}, {Or, "fe", 'e', 2}, {Or, "et", 'e', 1},
		{Not, "t", 'f', 1}, {Not, "f", 't', 1}, {Not, "e", 'e', 1},
		{Xor, "t", 't', 1}, {Xor, "f", 'f', 1}, {Xor, "tt", 'f', 2}, {Xor, "ft", 't', 2}, {Xor, "ttt", 't', 3}, {Xor, "tte", 'e', 3},
		{Eq, "t", 't', 1}, {Eq, "f", 't', 1}, {Eq, "tt", 't', 2}, {Eq, "ff", 't', 2}, {Eq, "ft", 'f', 2}, {Eq, "tf", 'f', 2}, {Eq, "tfe", 'f', 2}, {Eq, "tte", 'e', 3},
	} {
		asked, operands := 0, []Matcher(nil)
		for _, answer := range c.operands {
			operands = append(operands, letters{answer, &asked})
		}
		m, err := NewCombine(c.operator, operands...)
		if err != nil {
			t.Fatal(err)
		}
		hit, err := m.Match(context.Background(), "x")
		got := 'f'
		if hit {
			got = 't'
		} else if err != nil {
			got = 'e'
		}
		if got != c.want || asked != c.asked {
			t.Errorf("%s %s: %c after %d, want %c after %d", c.operator, c.operands, got, asked, c.want, c.asked)
		}
	}
}

func TestCombineRefuses(t *testing.T) {
	one := letters{}
	for _, c := range []struct {
		operator Operator
		operands []Matcher
		says     string
	}{
		{"Z_NAND", []Matcher{one}, `"Z_NAND" is no operator`},
		{Not, []Matcher{one, one}, "Z_NOT has 2 operands, want one"},
		{Not, nil, "Z_NOT has 0 operands, want one"},
		{Or, nil, "Z_OR has no operands"},
	} {
		if _, err := NewCombine(c.operator, c.operands...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s of %d: %v", c.operator, len(c.operands), err)
		}
	}
}
