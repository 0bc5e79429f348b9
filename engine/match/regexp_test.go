package match

import (
	"context"
	"strings"
	"testing"
)

func TestRegexp(t *testing.T) {
	for _, c := range []struct {
		title         string
		match, ignore []string
		exactCase     bool
		text          string
		want          bool
	}{
		{title: "found anywhere", match: []string{"a"}, ignore: []string{"b"}, text: "xax", want: true},
		{title: "ignored", match: []string{"a"}, ignore: []string{"b"}, text: "ab"},
		{title: "anchors, any case", match: []string{"^a$"}, text: "A", want: true},
		{title: "anchors hold", match: []string{"^a$"}, text: "xa"},
		{title: "the case matters", match: []string{"^a$"}, exactCase: true, text: "A"},
		{title: "the same case", match: []string{"^a$"}, exactCase: true, text: "a", want: true},
		{title: "ignored in any case", match: []string{"a"}, ignore: []string{"B"}, text: "ab"},
		{title: "not ignored, the case matters", match: []string{"a"}, ignore: []string{"B"}, exactCase: true, text: "ab", want: true},
		{title: "any case in all alternatives", match: []string{"x|y"}, text: "Y", want: true},
		{title: "dot is any character", match: []string{"example.com"}, text: "http://exampleXcom/", want: true},
		{title: "one of several", match: []string{"x", "y"}, text: "by", want: true},
		{title: "one of several ignored", match: []string{"a"}, ignore: []string{"x", "y"}, text: "ay"},
		{title: "none of several", match: []string{"x", "y"}, text: "z"},
		{title: "no pattern to match", ignore: []string{"b"}, text: "a"},
		{title: "no pattern at all", text: "a"},
		{title: "white space at the end", match: []string{"^a$ \t\r\n"}, text: "a", want: true},
		{title: "white space at the beginning stays", match: []string{" a"}, text: "a"},
		{title: "an empty pattern is everywhere", match: []string{""}, text: "a", want: true},
		{title: "a backslash, then a digit", match: []string{`^\\1$`}, text: `\1`, want: true},
		{title: "not UTF-8", match: []string{"^a.b$"}, text: "a\xffb", want: true},
	} {
		m, err := NewRegexp(c.match, c.ignore, !c.exactCase)
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
			continue
		}
		if got, err := m.Match(context.Background(), c.text); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.title, got, err)
		}
	}
}

func TestRegexpRefuses(t *testing.T) {
	for _, c := range []struct{ pattern, says string }{
		{"(?=a)b", "no look-around"},
		{"a(?!b)", "no look-around"},
		{"(?<=a)b", "no look-around"},
		{"(?<!a)b", "no look-around"},
		{`(a)\1`, "no back references"},
		{`(a)x\9`, "no back references"},
		{`(a)\10`, "no back references"},
		{`(a)\\\1`, "no back references"},
		{"(?P<x>a)(?P=x)", "no back references"},
		{`a\Z`, `write \z`},
		{`a\ `, "lone backslash"},
		{"(a", "missing closing ): (a"},
		{"[a", "missing closing ]: [a"},
		{"a**", "invalid nested repetition operator: **"},
		{"(?>a)", "unsupported Perl syntax: (?>"},
	} {
		for _, ignoreCase := range []bool{true, false} {
			_, err := NewRegexp([]string{"good", c.pattern}, nil, ignoreCase)
			complains(t, c.pattern, "match pattern 2", c.says, err)
			_, err = NewRegexp([]string{"good"}, []string{c.pattern}, ignoreCase)
			complains(t, c.pattern, "ignore pattern 1", c.says, err)
		}
	}
}

func complains(t *testing.T, pattern, which, says string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%q is accepted", pattern)
	} else if !strings.HasPrefix(err.Error(), which) || !strings.Contains(err.Error(), says) {
		t.Errorf("%q: %q, want %q and %q in it", pattern, err, which, says)
	}
}
