package python

import (
	"fmt"
	"math/big"
	"strings"

	"go.starlark.net/starlark"
)

// texts is the module string of Python 2: constants, and methods of strings written as functions.
func texts() starlark.StringDict {
	lower := "abcdefghijklmnopqrstuvwxyz"
	upper, digits := strings.ToUpper(lower), "0123456789"
	dict := starlark.StringDict{}
	for name, text := range map[string]string{"ascii_lowercase": lower, "lowercase": lower, "ascii_uppercase": upper, "uppercase": upper,
		"ascii_letters": lower + upper, "letters": lower + upper, "digits": digits, "hexdigits": digits + "abcdefABCDEF", "octdigits": digits[:8],
		"punctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "whitespace": "\t\n\x0b\x0c\r "} {
		dict[name] = starlark.String(text)
	}
	for name := range strings.FieldsSeq("lower upper strip lstrip rstrip split rsplit splitlines find rfind index rindex count capitalize replace startswith endswith") {
		builtin(dict, name, method(name))
	}
	builtin(dict, "splitfields", method("split"))
	for _, name := range []string{"join", "joinfields"} {
		simple(dict, name, joined)
	}
	for _, name := range []string{"atoi", "atol"} {
		simple(dict, name, number)
	}
	simple(dict, "atof", func(args starlark.Tuple) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackPositionalArgs("atof", args, nil, 1, &text); err != nil {
			return nil, err
		}
		var f float64
		if _, err := fmt.Sscan(strings.TrimSpace(text), &f); err != nil {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return starlark.Float(f), nil
	})
	simple(dict, "capwords", func(args starlark.Tuple) (starlark.Value, error) {
		var text string
		err := starlark.UnpackPositionalArgs("capwords", args, nil, 1, &text)
		words := strings.Fields(text)
		for i, w := range words {
			words[i] = strings.ToUpper(w[:1]) + strings.ToLower(w[1:])
		}
		return starlark.String(strings.Join(words, " ")), err
	})
	return dict
}

// method is string.name(text, ...), which is text.name(...).
func method(name string) function {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 0 {
			return nil, fmt.Errorf("string.%s: the text is missing", name)
		}
		text, ok := args[0].(starlark.String)
		if !ok {
			return nil, fmt.Errorf("string.%s: got %s, want a string", name, args[0].Type())
		}
		if name == "replace" && len(args) >= 3 {
			old, _ := starlark.AsString(args[1])
			if times := strings.Count(string(text), old); len(text)+times*starlark.Len(args[2]) > maxResult {
				return nil, errTooLong
			}
		}
		fn, err := text.Attr(name)
		if err != nil {
			return nil, err
		}
		return starlark.Call(thread, fn, args[1:], kwargs)
	}
}

func joined(args starlark.Tuple) (starlark.Value, error) {
	var list starlark.Iterable
	between := " "
	if err := starlark.UnpackPositionalArgs("join", args, nil, 1, &list, &between); err != nil {
		return nil, err
	}
	var b strings.Builder
	first := true
	for e := range starlark.Elements(list) {
		text, ok := starlark.AsString(e)
		switch {
		case !ok:
			return nil, fmt.Errorf("the list holds %s, want strings", e.Type())
		case b.Len()+len(between)+len(text) > maxResult:
			return nil, errTooLong
		case !first:
			b.WriteString(between)
		}
		b.WriteString(text)
		first = false
	}
	return starlark.String(b.String()), nil
}

func number(args starlark.Tuple) (starlark.Value, error) {
	var text string
	base := 10
	if err := starlark.UnpackPositionalArgs("atoi", args, nil, 1, &text, &base); err != nil {
		return nil, err
	}
	if base != 0 && (base < 2 || base > 36) || len(text) > 1000 {
		return nil, fmt.Errorf("%q is no number of base %d", text, base)
	}
	digits := strings.TrimSpace(text)
	if base == 16 {
		digits = strings.TrimPrefix(strings.ToLower(digits), "0x")
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return nil, fmt.Errorf("%q is no number of base %d", text, base)
	}
	return starlark.MakeBigInt(n), nil
}
