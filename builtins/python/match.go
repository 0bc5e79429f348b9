package python

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

var (
	_ starlark.HasAttrs = (*pattern)(nil)
	_ starlark.HasAttrs = (*match)(nil)
)

// String is how it prints.
func (p *pattern) String() string { return fmt.Sprintf("re.compile(%q)", p.text) }

// Type is "pattern".
func (*pattern) Type() string { return "pattern" }

// Freeze does nothing: a pattern does not change.
func (*pattern) Freeze() {}

// Truth is true.
func (*pattern) Truth() starlark.Bool { return true }

// Hash makes a pattern usable as a key.
func (p *pattern) Hash() (uint32, error) { return starlark.String(p.text).Hash() }

// Immutable lets objects that hold it be shared between sessions.
func (*pattern) Immutable() bool { return true }

// Attr is a method of the pattern, or what it was made of.
func (p *pattern) Attr(name string) (starlark.Value, error) {
	switch name {
	case "pattern":
		return starlark.String(p.text), nil
	case "flags":
		return starlark.MakeInt(p.flags), nil
	case "groups":
		return starlark.MakeInt(p.any.NumSubexp()), nil
	}
	method := methods[name]
	if method == nil {
		return nil, nil
	}
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return method(&matching{thread, name, p}, args, kwargs)
	}), nil
}

// AttrNames lists the attributes.
func (*pattern) AttrNames() []string {
	return []string{"findall", "flags", "groups", "match", "pattern", "search", "split", "sub", "subn"}
}

// match is where a pattern was found.
type match struct {
	pattern *pattern
	text    string
	at      []int // start and end of each group
}

// String is how it prints.
func (m *match) String() string { return fmt.Sprintf("<match %q>", m.text[m.at[0]:m.at[1]]) }

// Type is "match".
func (*match) Type() string { return "match" }

// Freeze does nothing: a match does not change.
func (*match) Freeze() {}

// Truth is true.
func (*match) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (*match) Hash() (uint32, error) { return 0, fmt.Errorf("a match is no dictionary key") }

// AttrNames lists the attributes.
func (*match) AttrNames() []string {
	return []string{"end", "group", "groupdict", "groups", "re", "span", "start", "string"}
}

func (m *match) group(n int, otherwise starlark.Value) starlark.Value {
	if m.at[2*n] < 0 {
		return otherwise
	}
	return starlark.String(m.text[m.at[2*n]:m.at[2*n+1]])
}

func (m *match) groups(otherwise starlark.Value) starlark.Tuple {
	list := starlark.Tuple{}
	for n := 1; n <= m.pattern.any.NumSubexp(); n++ {
		list = append(list, m.group(n, otherwise))
	}
	return list
}

func (m *match) byName(v starlark.Value) (starlark.Value, error) {
	n, err := groupNumber(m.pattern.any, v)
	if err != nil {
		return nil, err
	}
	return m.group(n, starlark.None), nil
}

// Attr is a method of the match.
func (m *match) Attr(name string) (starlark.Value, error) {
	switch name {
	case "re":
		return m.pattern, nil
	case "string":
		return starlark.String(m.text), nil
	}
	if !slices.Contains(m.AttrNames(), name) {
		return nil, nil
	}
	dict := starlark.StringDict{}
	simple(dict, name, func(args starlark.Tuple) (starlark.Value, error) { return m.call(name, args) })
	return dict[name], nil
}

func (m *match) call(name string, args starlark.Tuple) (starlark.Value, error) {
	switch name {
	case "group":
		return m.named(args)
	case "groups":
		var otherwise starlark.Value = starlark.None
		err := starlark.UnpackPositionalArgs(name, args, nil, 0, &otherwise)
		return m.groups(otherwise), err
	case "groupdict":
		dict := starlark.NewDict(0)
		for n, key := range m.pattern.any.SubexpNames() {
			if key != "" {
				_ = dict.SetKey(starlark.String(key), m.group(n, starlark.None)) // a new dictionary takes it
			}
		}
		return dict, nil
	}
	var which starlark.Value = starlark.MakeInt(0)
	if err := starlark.UnpackPositionalArgs(name, args, nil, 0, &which); err != nil {
		return nil, err
	}
	n, err := groupNumber(m.pattern.any, which)
	if err != nil {
		return nil, err
	}
	start, end := starlark.MakeInt(m.at[2*n]), starlark.MakeInt(m.at[2*n+1])
	return map[string]starlark.Value{"start": start, "end": end, "span": starlark.Tuple{start, end}}[name], nil
}

// named is the group that args name; of several a tuple.
func (m *match) named(args starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 {
		return m.group(0, starlark.None), nil
	}
	var list starlark.Tuple
	for _, arg := range args {
		v, err := m.byName(arg)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}
