// Package reference is the documentation of the policy language, made of the tables that declare it: every function,
// proxy class, table, attribute, method, constant, statement and module, and every finding of package catalogue.
//
// Command doc prints it; policies/REFERENCE.md is the same text, which a test keeps current:
//
//	go test ./builtins/reference -update
package reference

import (
	"slices"
	"strings"
	"sync"

	"zorpgo/builtins"
	"zorpgo/builtins/catalogue"
	"zorpgo/builtins/trial"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

// Chapter is what the pages of one kind, or of a few, are called together.
type Chapter struct {
	Title, Intro string
	Pages        []word.Page
}

// Chapters is everything, in the order of a book.
func Chapters() []Chapter { return book() }

var book = sync.OnceValue(func() []Chapter {
	chapters := []Chapter{
		{"Functions", "What a policy declares with. They need no import.", of(word.Function)},
		{"Proxy classes", "What a service does with a connection. A class of the policy's own derives from one of them.", of(word.Class)},
		{"Tables and objects", "What proxies have beside attributes and methods, and what is there without them.", of(word.Table, word.Object)},
		{"Methods", "What a class may define, or call.", of(word.Method)},
		{"Attributes", "What proxies are set up with, and what they tell in a session.", of(word.Setting)},
		{"Constants", "Names with a fixed value, by family.", constants()},
		{"Statements", "What is not Starlark's, or not as in Python.", statements()},
		{"Modules", "What can be imported.", modules()},
		{"Tests", "What the functions of a file of tests are given, which command test runs.", trial.Pages()},
		{"Findings", "What check says, by the id in brackets.", findings()},
	}
	return slices.DeleteFunc(chapters, func(c Chapter) bool { return len(c.Pages) == 0 })
})

func of(kinds ...word.Kind) (list []word.Page) {
	for _, p := range builtins.Pages() {
		if slices.Contains(kinds, p.Kind) {
			list = append(list, p)
		}
	}
	return list
}

// Find lists the pages of name, case aside; without any, nearest is a name that may be meant.
func Find(name string) (found []word.Page, nearest string) {
	name = plain(name)
	var names []string
	for _, c := range Chapters() {
		for _, p := range c.Pages {
			if is(&p, name) {
				found = append(found, p)
			}
			names = append(append(names, p.Name), p.Also...)
		}
	}
	if len(found) == 0 {
		nearest = source.Nearest(name, names)
	}
	return found, nearest
}

// plain is name without what may stand around it: [unknown-zone], self.request, Service().
func plain(name string) string {
	name = strings.TrimSuffix(strings.Trim(strings.TrimSpace(name), "[]"), "()")
	return strings.TrimPrefix(strings.ReplaceAll(name, "_callback", " callback"), "self.")
}

// is reports whether p is the page of name, which may be a family of constants without the star.
func is(p *word.Page, name string) bool {
	same := func(other string) bool {
		family, isFamily := strings.CutSuffix(other, "_*")
		return strings.EqualFold(name, other) || isFamily && strings.EqualFold(strings.TrimRight(name, "_*"), family)
	}
	return same(p.Name) || slices.ContainsFunc(p.Also, same)
}

// NotBuilt says of a name of Zorp's that it is not built, and what to write instead; "" if it is none of these.
func NotBuilt(name string) string {
	for other, way := range builtins.NotBuilt() {
		if strings.EqualFold(plain(name), other) && way == "" {
			return other + " is Zorp's but not built yet"
		} else if strings.EqualFold(plain(name), other) {
			return other + " is Zorp's but not built yet: " + way
		}
	}
	return ""
}

func findings() (list []word.Page) {
	for _, f := range catalogue.Pages() {
		p := word.Page{Name: f.ID, Kind: word.Finding, Signature: f.Severity + ": " + f.Summary, Doc: f.Text,
			Examples: []word.Example{{Title: "This has it, in bad.star", Text: f.Bad}, {Title: "check says", Text: f.Finding}, {Title: "This has not", Text: f.Good}}}
		for name, text := range f.Others {
			p.Examples = append(p.Examples, word.Example{Title: "with " + name, Text: text})
		}
		slices.SortFunc(p.Examples[3:], func(a, b word.Example) int { return strings.Compare(a.Title, b.Title) })
		list = append(list, p)
	}
	return list
}
