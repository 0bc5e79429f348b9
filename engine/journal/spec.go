package journal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Zorp's defaults.
const (
	DefaultVerbose = 3
	DefaultSpec    = "*.summary:4,*.accounting:4"
)

// Spec says for patterns over tags how much verbosity is wanted; the first that fits decides.
type Spec []Item

// Item is one pattern of a Spec.
type Item struct {
	Pattern   string // dotted; "*" stands for one part, as the last part for all that follow
	Verbosity int
}

// ParseSpec reads what Zorp's --log-spec takes: items "pattern:verbosity", separated by commas.
func ParseSpec(text string) (Spec, error) {
	var s Spec
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		one, err := parseItem(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		s = append(s, one)
	}
	return s, nil
}

func parseItem(text string) (Item, error) {
	pattern, level, found := strings.Cut(text, ":")
	n, err := strconv.Atoi(level)
	switch {
	case text == "":
		return Item{}, fmt.Errorf("an item is empty: write items such as smtp.*:5 with one comma between them")
	case !found:
		return Item{}, fmt.Errorf("%q has no verbosity: write %s:5", text, text)
	case err != nil || n < 0 || n > MaxVerbosity:
		return Item{}, fmt.Errorf("%q: the verbosity is a number from 0 to %d: write %s:5", text, MaxVerbosity, pattern)
	case !validPattern(pattern):
		return Item{}, fmt.Errorf("%q: write a tag with * in place of any of its parts: smtp.policy:5, smtp.*:5 or *.accounting:4", text)
	}
	return Item{pattern, n}, nil
}

// validPattern: parts are words of letters, digits, "_" and "-", or one star.
func validPattern(p string) bool {
	for part := range strings.SplitSeq(p, ".") {
		word := strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
		if part == "" || part != "*" && !word {
			return false
		}
	}
	return true
}

// String is s as ParseSpec reads it.
func (s Spec) String() string {
	var items []string
	for _, i := range s {
		items = append(items, i.Pattern+":"+strconv.Itoa(i.Verbosity))
	}
	return strings.Join(items, ",")
}

// fits reports whether the pattern is of tag.
func (i Item) fits(tag string) bool {
	for pattern := i.Pattern; ; {
		part, rest, more := strings.Cut(pattern, ".")
		if part == "*" && !more {
			return true
		}
		word, others, dotted := strings.Cut(tag, ".")
		if part != "*" && part != word || more != dotted {
			return false
		}
		if !more {
			return true
		}
		pattern, tag = rest, others
	}
}

// Verbosity says which records are wanted. It may be changed at any time; until Set is called it is 0 for everything.
type Verbosity struct{ now atomic.Pointer[setting] }

type setting struct {
	verbose int // of tags that nothing in spec fits
	spec    Spec
	most    int // that anything is wanted of
}

// NewVerbosity is one that is set.
func NewVerbosity(verbose int, spec Spec) *Verbosity {
	v := &Verbosity{}
	v.Set(verbose, spec)
	return v
}

// Set changes both parts of it.
func (v *Verbosity) Set(verbose int, spec Spec) {
	s := &setting{verbose: verbose, spec: slices.Clone(spec)}
	all := false
	for _, i := range spec {
		s.most = max(s.most, i.Verbosity)
		if all = i.Pattern == "*"; all { // nothing behind it is ever asked
			break
		}
	}
	if !all {
		s.most = max(s.most, verbose)
	}
	v.now.Store(s)
}

// Get tells both parts of it.
func (v *Verbosity) Get() (verbose int, spec Spec) {
	if s := v.now.Load(); s != nil {
		return s.verbose, s.spec
	}
	return 0, nil
}

// Change adds to the verbosity that the spec does not decide, within its bounds, and tells what it is then.
func (v *Verbosity) Change(by int) int {
	verbose, spec := v.Get()
	verbose = min(max(verbose+by, 0), MaxVerbosity)
	v.Set(verbose, spec)
	return verbose
}

// most is the verbosity of the most verbose tag.
func (v *Verbosity) most() int {
	if s := v.now.Load(); s != nil {
		return s.most
	}
	return 0
}

// wants reports whether records of c are to be written.
func (v *Verbosity) wants(c Class) bool {
	verbose, spec := v.Get()
	for _, i := range spec {
		if i.fits(c.Tag) {
			return c.Verbosity <= i.Verbosity
		}
	}
	return c.Verbosity <= verbose
}
