package match

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Regexp matches a text in which a pattern of one list is found and no pattern of the other (Zorp's RegexpMatcher).
// Without patterns to match it matches nothing.
type Regexp struct {
	match, ignore []*regexp.Regexp
}

var _ Matcher = (*Regexp)(nil)

// NewRegexp makes a matcher of patterns in Go's syntax (RE2), which are searched anywhere in a text. White space at
// the end of a pattern is removed. A pattern that does not compile is an error: to skip it, as Zorp does, would
// let an ignore list match more than was meant.
func NewRegexp(match, ignore []string, ignoreCase bool) (*Regexp, error) {
	m, err := compile("match", match, ignoreCase)
	if err != nil {
		return nil, err
	}
	i, err := compile("ignore", ignore, ignoreCase)
	if err != nil {
		return nil, err
	}
	return &Regexp{match: m, ignore: i}, nil
}

// Match reports whether text is matched. It has an answer always, so the error is nil.
func (r *Regexp) Match(_ context.Context, text string) (bool, error) {
	return found(r.match, text) && !found(r.ignore, text), nil
}

func found(patterns []*regexp.Regexp, text string) bool {
	for _, p := range patterns {
		if p.MatchString(text) {
			return true
		}
	}
	return false
}

func compile(list string, patterns []string, ignoreCase bool) ([]*regexp.Regexp, error) {
	var compiled []*regexp.Regexp
	for i, text := range patterns {
		p, err := compileOne(text, ignoreCase)
		if err != nil {
			return nil, fmt.Errorf("%s pattern %d, %q: %s", list, i+1, trimmed(text), reason(err))
		}
		compiled = append(compiled, p)
	}
	return compiled, nil
}

func compileOne(text string, ignoreCase bool) (*regexp.Regexp, error) {
	text = trimmed(text)
	p, err := regexp.Compile(text)
	if backReference.MatchString(text) { // Go would read some as octal numbers
		return nil, errBackReference
	}
	if err == nil && ignoreCase {
		return regexp.Compile("(?i)" + text)
	}
	return p, err
}

func trimmed(pattern string) string { return strings.TrimRightFunc(pattern, unicode.IsSpace) }

var (
	backReference    = regexp.MustCompile(`^(?:[^\\]|\\[^1-9])*(?:\\[1-9]|\(\?P=)`)
	errBackReference = errors.New("there are no back references in Go's RE2 syntax, write out what the group may be")
)

// reason says why a pattern does not compile, and what Go's syntax has in place of Python's.
func reason(err error) string {
	var wrong *syntax.Error
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	at := wrong.Expr
	switch {
	case startsWithAny(at, "(?=", "(?!", "(?<=", "(?<!"):
		return "there is no look-around in Go's RE2 syntax, write the pattern without it and list what must not match as a pattern to ignore"
	case at == `\Z`:
		return `write \z for the end of the text`
	case wrong.Code == syntax.ErrTrailingBackslash:
		return `it ends with a lone backslash, write \\ for a backslash`
	}
	return fmt.Sprintf("%s: %s", wrong.Code, at)
}

func startsWithAny(text string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) })
}
