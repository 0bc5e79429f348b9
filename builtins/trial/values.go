package trial

import (
	"errors"
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// value is what tests hold of the Go side: attributes and methods by name.
type value struct {
	kind    string
	attrs   map[string]func() starlark.Value
	methods map[string]method
}

// method is called with its arguments, and with its own name to unpack them.
type method func(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)

var _ starlark.HasAttrs = (*value)(nil)

// Attr is an attribute or a method.
func (v *value) Attr(name string) (starlark.Value, error) {
	if attr := v.attrs[name]; attr != nil {
		return attr(), nil
	}
	if m := v.methods[name]; m != nil {
		return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			return m(b.Name(), args, kwargs)
		}), nil
	}
	return nil, nil
}

// AttrNames are the names of all.
func (v *value) AttrNames() (names []string) {
	for name := range v.attrs {
		names = append(names, name)
	}
	for name := range v.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (v *value) String() string        { return "<" + v.kind + ">" }
func (v *value) Type() string          { return v.kind }
func (v *value) Truth() starlark.Bool  { return true }
func (v *value) Hash() (uint32, error) { return 0, errors.New("unhashable: " + v.kind) }
func (v *value) Freeze()               {}

// noArguments is a method without arguments.
func noArguments(run func() (starlark.Value, error)) method {
	return func(name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackArgs(name, args, kwargs); err != nil {
			return nil, err
		}
		return run()
	}
}

// textOrNone is a text; "" is None.
func textOrNone(s string) starlark.Value {
	if s == "" {
		return starlark.None
	}
	return starlark.String(s)
}

func textList(texts []string) starlark.Value {
	list := make([]starlark.Value, 0, len(texts))
	for _, s := range texts {
		list = append(list, starlark.String(s))
	}
	return starlark.NewList(list)
}

// differ is the error of two values that should be equal.
func differ(what string, got, want starlark.Value) error {
	if what != "" {
		what += ": "
	}
	return fmt.Errorf("%sgot %s, want %s", what, got, want)
}
