// Package python is what policies use of Python's own library: the modules re, string, time and socket, in the form that
// policies need, and functions that Starlark has not. Package builtins gives them to every policy.
//
// Nothing here opens a file or a socket. Names are looked up through the Draft's resolver, with a deadline; what changes
// from session to session (time, names) makes a config() that looks at it run once per session.
package python

import (
	"fmt"
	"math"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
)

// Modules are the modules by name, for the policy of d.
func Modules(d *word.Draft) map[string]starlark.StringDict {
	return map[string]starlark.StringDict{"re": regexps(d), "string": texts(), "time": clock(d), "socket": sockets(d)}
}

// Socket is the module socket, which every policy has without import.
func Socket(d *word.Draft) starlark.Value {
	return &starlarkstruct.Module{Name: "socket", Members: sockets(d)}
}

type function = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func builtin(dict starlark.StringDict, name string, fn function) {
	dict[name] = starlark.NewBuiltin(name, func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		v, err := fn(thread, b, args, kwargs)
		interp.Charge(thread, v)
		return v, err
	})
}

// simple is a function of strings and numbers: unpack takes the arguments, do answers.
func simple(dict starlark.StringDict, name string, do func(args starlark.Tuple) (starlark.Value, error)) {
	builtin(dict, name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(kwargs) > 0 {
			return nil, fmt.Errorf("%s: arguments have no names here", name)
		}
		v, err := do(args)
		if err != nil && !strings.HasPrefix(err.Error(), name) {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return v, err
	})
}

// Functions are Python's functions that Starlark has not, or under another name.
func Functions() starlark.StringDict {
	dict := starlark.StringDict{}
	builtin(dict, "map", mapped)
	builtin(dict, "filter", filtered)
	builtin(dict, "reduce", reduced)
	builtin(dict, "sum", summed)
	simple(dict, "callable", func(args starlark.Tuple) (starlark.Value, error) {
		if len(args) != 1 {
			return nil, fmt.Errorf("callable takes one value")
		}
		_, ok := args[0].(starlark.Callable)
		return starlark.Bool(ok), nil
	})
	for name, format := range map[string]string{"hex": "0x%x", "oct": "0%o"} {
		simple(dict, name, func(args starlark.Tuple) (starlark.Value, error) {
			var n int
			if err := starlark.UnpackPositionalArgs(name, args, nil, 1, &n); err != nil {
				return nil, err
			}
			return starlark.String(fmt.Sprintf(format, n)), nil
		})
	}
	simple(dict, "round", func(args starlark.Tuple) (starlark.Value, error) {
		var x starlark.Value
		digits := 0
		if err := starlark.UnpackPositionalArgs("round", args, nil, 1, &x, &digits); err != nil {
			return nil, err
		}
		f, ok := starlark.AsFloat(x)
		if !ok || digits < 0 || digits > 15 {
			return nil, fmt.Errorf("got %s, want a number and up to 15 digits", x.Type())
		}
		scale := math.Pow10(digits)
		return starlark.Float(math.Round(f*scale) / scale), nil
	})
	return dict
}

func each(v starlark.Value, do func(starlark.Value) error) error {
	list, ok := v.(starlark.Iterable)
	if !ok {
		return fmt.Errorf("got %s, want a list", v.Type())
	}
	for e := range starlark.Elements(list) {
		if err := do(e); err != nil {
			return err
		}
	}
	return nil
}

func mapped(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fn, list starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "function", &fn, "list", &list); err != nil {
		return nil, err
	}
	var out []starlark.Value
	err := each(list, func(e starlark.Value) error {
		v, err := starlark.Call(thread, fn, starlark.Tuple{e}, nil)
		out = append(out, v)
		return err
	})
	return starlark.NewList(out), err
}

func filtered(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fn, list starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "function", &fn, "list", &list); err != nil {
		return nil, err
	}
	var out []starlark.Value
	err := each(list, func(e starlark.Value) error {
		keep := e
		if fn != starlark.None {
			var err error
			if keep, err = starlark.Call(thread, fn, starlark.Tuple{e}, nil); err != nil {
				return err
			}
		}
		if keep.Truth() {
			out = append(out, e)
		}
		return nil
	})
	return starlark.NewList(out), err
}

func reduced(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fn, list, so starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "function", &fn, "list", &list, "initial?", &so); err != nil {
		return nil, err
	}
	err := each(list, func(e starlark.Value) (err error) {
		if so == nil {
			so = e
			return nil
		}
		so, err = starlark.Call(thread, fn, starlark.Tuple{so, e}, nil)
		return err
	})
	if err == nil && so == nil {
		err = fmt.Errorf("reduce: the list is empty and there is no initial value")
	}
	return so, err
}

func summed(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Value
	var so starlark.Value = starlark.MakeInt(0)
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "list", &list, "start?", &so); err != nil {
		return nil, err
	}
	err := each(list, func(e starlark.Value) (err error) {
		switch e := e.(type) {
		case starlark.Int, starlark.Float:
			so, err = starlark.Binary(syntax.PLUS, so, e)
		case starlark.Bool:
			so, err = starlark.Binary(syntax.PLUS, so, truth(e))
		default:
			err = fmt.Errorf("sum: got %s, want numbers", e.Type())
		}
		return err
	})
	return so, err
}

func truth(b starlark.Bool) starlark.Int {
	if b {
		return starlark.MakeInt(1)
	}
	return starlark.MakeInt(0)
}
