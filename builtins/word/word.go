// Package word is how a policy language's words are declared: each is one table entry with its parameters, their types,
// defaults and documentation, and a function that makes the value. One table serves the call, its errors and the
// printed documentation. It also holds the Draft that the words of a policy fill.
//
// Packages builtins/core and builtins/smtp declare words; package builtins gives them to the interpreter.
package word

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/engine/source"
)

// Word is one function of the policy language.
type Word struct {
	Name    string
	Aliases []string
	Module  string // the Zorp module that offers it: "Zorp.Core"
	Doc     string
	Errors  []string // what is refused, in words
	Example string
	Params  []Param // in positional order
	// KeywordOnly refuses positional arguments, PositionalOnly refuses keywords: as in Zorp.
	KeywordOnly, PositionalOnly bool
	// Declares says that the word is of use only while the policy is loaded; others can be called in a session, too.
	Declares bool
	// Make makes the word's value. It is called even if arguments were wrong: these then have their defaults.
	// Without it the table entry is documentation only.
	Make func(c *Call) starlark.Value
}

// Param is one parameter of a Word.
type Param struct {
	Name     string
	Alias    string // another name for the same parameter
	Type     Type
	Default  string // as a policy would write it; "" makes the parameter mandatory
	Doc      string
	NotBuilt string // why a value is refused: Zorp has the parameter, this engine has not yet
}

// Signature is the word as its documentation shows it: Service(name, proxy_class, router=None).
func (w *Word) Signature() string {
	params := make([]string, 0, len(w.Params))
	for _, p := range w.Params {
		if p.Default == "" {
			params = append(params, p.Name)
		} else {
			params = append(params, p.Name+"="+p.Default)
		}
	}
	return w.Name + "(" + strings.Join(params, ", ") + ")"
}

// brief is the signature with the mandatory parameters only.
func (w *Word) brief() string {
	var params []string
	for _, p := range w.Params {
		if p.Default == "" {
			params = append(params, p.Name)
		}
	}
	if len(params) < len(w.Params) {
		params = append(params, "...")
	}
	return w.Name + "(" + strings.Join(params, ", ") + ")"
}

// Builtin is the word as a value of the policy whose declarations go into d.
func (w *Word) Builtin(d *Draft) *starlark.Builtin { return w.builtin(w.Name, d) }

// builtin is the word under one of its names.
func (w *Word) builtin(name string, d *Draft) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return w.make(&Call{Draft: d, name: name, Thread: thread}, args, kwargs)
	})
}

// make makes the value for c, of which the draft, the thread and the name are known.
func (w *Word) make(c *Call, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	c.Word, c.values, c.refused, c.places = w, map[string]starlark.Value{}, map[string]bool{}, map[string]place{}
	if inSession(c.Thread) {
		return c.inSession(args, kwargs)
	}
	c.locate()
	c.bind(args, kwargs)
	return w.Make(c), nil
}

// inSession makes the value for a session, which shares nothing with others: what is wrong is an error.
func (c *Call) inSession(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if c.Word.Declares {
		return nil, fmt.Errorf("%s can be called while the policy is loaded, not in a session", c.name)
	}
	own := *c.Draft
	own.Findings, own.live = nil, true
	c.Draft = &own
	c.bind(args, kwargs)
	v := c.Word.Make(c)
	for _, f := range own.Findings {
		if f.Severity == source.Error {
			return nil, errors.New(f.Message)
		}
	}
	return v, nil
}

// Builtins is the table of words as values, aliases included. A word whose name has a dot is an attribute of the one
// before it: Certificate.fromFile.
func Builtins(d *Draft, words []*Word) starlark.StringDict {
	dict := make(starlark.StringDict, len(words))
	for _, w := range words {
		if w.Make == nil {
			continue
		}
		for _, name := range append([]string{w.Name}, w.Aliases...) {
			own(dict, name, w.builtin(name, d))
		}
	}
	return dict
}

func own(dict starlark.StringDict, name string, b *starlark.Builtin) {
	owner, attribute, dotted := strings.Cut(name, ".")
	if !dotted {
		dict[name] = b
		return
	}
	if plain, ok := dict[owner].(*starlark.Builtin); ok {
		dict[owner] = &owning{plain, starlark.StringDict{}}
	}
	dict[owner].(*owning).attributes[attribute] = b
}

// owning is a word that has others.
type owning struct {
	*starlark.Builtin
	attributes starlark.StringDict
}

// Attr is another word.
func (o *owning) Attr(name string) (starlark.Value, error) { return o.attributes[name], nil }

// AttrNames lists them.
func (o *owning) AttrNames() []string { return o.attributes.Keys() }

func (w *Word) param(name string) *Param {
	for i := range w.Params {
		if p := &w.Params[i]; p.Name == name || p.Alias == name && name != "" {
			return p
		}
	}
	return nil
}

func (w *Word) names() []string {
	var names []string
	for _, p := range w.Params {
		names = append(names, p.Name)
		if p.Alias != "" {
			names = append(names, p.Alias)
		}
	}
	return names
}
