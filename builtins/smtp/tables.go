package smtp

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
)

// table is one of the dictionary-like attributes: request and extensions, with one string as the key, and response,
// with two.
type table struct {
	name   string
	parts  int // of a key
	rows   map[key]row
	order  []key
	report *proxyclass.Report // nil once the settings are made: then it cannot be changed
}

// key is a table's key; the second part is used by response only, and any is "*".
type key [2]string

// row is a table's entry as the policy wrote it, and where.
type row = proxyclass.Row

var (
	_ starlark.HasSetKey = (*table)(nil)
	_ starlark.HasAttrs  = (*table)(nil)
)

func newTable(name string, parts int, r *proxyclass.Report) *table {
	return &table{name: name, parts: parts, rows: map[key]row{}, report: r}
}

// String is how the table prints.
func (t *table) String() string { return "<" + t.name + ">" }

// Type is "table".
func (t *table) Type() string { return "table" }

// Freeze does nothing: a table is closed when its class is configured.
func (t *table) Freeze() {}

// Truth says whether the table has entries.
func (t *table) Truth() starlark.Bool { return len(t.rows) > 0 }

// Hash says that a table cannot be a key.
func (t *table) Hash() (uint32, error) { return 0, fmt.Errorf("a table is no dictionary key") }

// Get is the entry of k.
func (t *table) Get(k starlark.Value) (v starlark.Value, found bool, err error) {
	parsed, problem := t.key(k)
	if problem != "" {
		return nil, false, fmt.Errorf("%s: %s", t.name, problem)
	}
	r, found := t.rows[parsed]
	return r.Value, found, nil
}

// SetKey sets the entry of k.
func (t *table) SetKey(k, v starlark.Value) error {
	if t.report == nil {
		return fmt.Errorf("%s cannot be changed during a session: set it in config()", t.name)
	}
	parsed, problem := t.key(k)
	if problem != "" {
		return t.report.Problem("bad-key", fmt.Sprintf("self.%s[%s]: %s", t.name, k, problem), t.keyHint())
	}
	t.put(parsed, row{Value: v, Pos: t.report.Here()})
	return nil
}

func (t *table) put(k key, r row) {
	if _, known := t.rows[k]; !known {
		t.order = append(t.order, k)
	}
	t.rows[k] = r
}

func (t *table) remove(k key) {
	delete(t.rows, k)
	t.order = slices.DeleteFunc(t.order, func(o key) bool { return o == k })
}

func (t *table) keyHint() string {
	if t.parts == 2 {
		return `write the verb and the reply code: self.response["MAIL", "250"]`
	}
	if t.name == "extensions" {
		return `write the EHLO keyword in capitals, or "*": self.extensions["SIZE"]`
	}
	return fmt.Sprintf(`write one name in capitals, or "*": self.%s["MAIL"]`, t.name)
}

// key reads a key; problem says what is wrong with it.
func (t *table) key(v starlark.Value) (k key, problem string) {
	parts := []starlark.Value{v}
	if tuple, ok := v.(starlark.Tuple); ok {
		parts = tuple
	}
	if len(parts) != t.parts {
		return k, [...]string{1: "the key must be one string", 2: "the key must have two parts"}[t.parts]
	}
	for i, part := range parts {
		if k[i], problem = t.keyPart(part, i); problem != "" {
			return k, problem
		}
	}
	return k, ""
}

func (t *table) keyPart(v starlark.Value, i int) (text, problem string) {
	text, ok := starlark.AsString(v)
	if n, number := v.(starlark.Int); number && i == 1 {
		text, ok = n.String(), true
	}
	switch {
	case !ok:
		return "", "a part of the key is " + word.TypeName(v) + ", want a string"
	case text == "" && t.parts == 2:
		return "*", ""
	case i == 1 && text != "*" && strings.Trim(text, "0123456789") != "":
		return "", fmt.Sprintf("%q is no reply code", text)
	case i == 0 && text != "Null" && text != strings.ToUpper(text):
		return "", fmt.Sprintf("%q never matches, write %q", text, strings.ToUpper(text))
	}
	return text, ""
}

// Attr is one of the methods that Zorp's tables have, or that stand for Python's del.
func (t *table) Attr(name string) (starlark.Value, error) {
	method, ok := tableMethods[name]
	if !ok {
		return nil, nil
	}
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var k, otherwise starlark.Value = nil, starlark.None
		if name == "keys" {
			return method(t, key{}, nil)
		}
		if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &k, &otherwise); err != nil {
			return nil, err
		}
		parsed, problem := t.key(k)
		if problem != "" {
			return nil, fmt.Errorf("%s: %s", t.name, problem)
		}
		return method(t, parsed, otherwise)
	}), nil
}

// AttrNames lists the methods.
func (t *table) AttrNames() []string { return []string{"get", "has_key", "keys", "pop"} }

var tableMethods = map[string]func(t *table, k key, otherwise starlark.Value) (starlark.Value, error){
	"get": func(t *table, k key, otherwise starlark.Value) (starlark.Value, error) {
		if r, ok := t.rows[k]; ok {
			return r.Value, nil
		}
		return otherwise, nil
	},
	"has_key": func(t *table, k key, _ starlark.Value) (starlark.Value, error) {
		_, ok := t.rows[k]
		return starlark.Bool(ok), nil
	},
	"keys": func(t *table, _ key, _ starlark.Value) (starlark.Value, error) {
		keys := make([]starlark.Value, len(t.order))
		for i, k := range t.order {
			keys[i] = starlark.String(k[0])
			if t.parts == 2 {
				keys[i] = starlark.Tuple{starlark.String(k[0]), starlark.String(k[1])}
			}
		}
		return starlark.NewList(keys), nil
	},
	"pop": func(t *table, k key, otherwise starlark.Value) (starlark.Value, error) {
		if t.report == nil {
			return nil, fmt.Errorf("%s cannot be changed during a session: set it in config()", t.name)
		}
		r, ok := t.rows[k]
		if !ok {
			return otherwise, nil
		}
		t.remove(k)
		return r.Value, nil
	},
}
