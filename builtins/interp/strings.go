package interp

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.starlark.net/starlark"
)

// pythonMethods are methods of Python's strings, lists and dictionaries that Starlark has not: the tree calls them by
// name through callPython, which falls back on the value's own method.
var pythonMethods = map[string]bool{"ljust": true, "rjust": true, "center": true, "zfill": true, "swapcase": true,
	"expandtabs": true, "decode": true, "encode": true, "iteritems": true, "iterkeys": true, "itervalues": true, "sort": true,
	"reverse": true, "count": true, "isalnum": true}

const pythonCall = "python call" // (value, name, arguments...)

// callPython calls args[0].args[1](...).
func callPython(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	recv, name, args := args[0], string(args[1].(starlark.String)), args[2:]
	switch recv := recv.(type) {
	case starlark.String:
		Charge(thread, recv)
		if v, ok, err := stringMethod(string(recv), name, args); ok {
			return charged(thread)(v, err)
		}
	case *starlark.List:
		Charge(thread, recv)
		if v, ok, err := listMethod(thread, recv, name, args, kwargs); ok {
			return v, err
		}
	case *starlark.Dict:
		if v, ok := dictMethod(recv, name); ok {
			return charged(thread)(v, nil)
		}
	}
	attrs, ok := recv.(starlark.HasAttrs)
	if !ok {
		return nil, fmt.Errorf("%s has no .%s field or method", recv.Type(), name)
	}
	method, err := attrs.Attr(name)
	if err != nil {
		return nil, err
	}
	if method == nil {
		return nil, fmt.Errorf("%s has no .%s field or method", recv.Type(), name)
	}
	return starlark.Call(thread, method, args, kwargs)
}

func stringMethod(s, name string, args starlark.Tuple) (v starlark.Value, ok bool, err error) {
	switch name {
	case "ljust", "rjust", "center", "zfill":
		v, err = justified(s, name, args)
	case "swapcase":
		v = starlark.String(strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, s))
	case "expandtabs":
		v, err = expandTabs(s, args)
	case "decode", "encode":
		v, err = recode(s, name, args)
	default:
		return nil, false, nil
	}
	return v, true, err
}

// justified fills s up to a width.
func justified(s, name string, args starlark.Tuple) (starlark.Value, error) {
	width, fill := 0, " "
	if err := starlark.UnpackPositionalArgs(name, args, nil, 1, &width, &fill); err != nil {
		return nil, err
	}
	missing := width - len(s)
	switch {
	case width > maxText:
		return nil, errTooLong
	case missing <= 0:
		return starlark.String(s), nil
	case len(fill) != 1:
		return nil, fmt.Errorf("%s: the fill must be one character", name)
	}
	switch name {
	case "ljust":
		s += strings.Repeat(fill, missing)
	case "rjust":
		s = strings.Repeat(fill, missing) + s
	case "center":
		s = strings.Repeat(fill, missing/2) + s + strings.Repeat(fill, missing-missing/2)
	default:
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		s = sign + strings.Repeat("0", missing) + s
	}
	return starlark.String(s), nil
}

func expandTabs(s string, args starlark.Tuple) (starlark.Value, error) {
	size := 8
	if err := starlark.UnpackPositionalArgs("expandtabs", args, nil, 0, &size); err != nil {
		return nil, err
	}
	if size < 0 || size > 64 || len(s)+strings.Count(s, "\t")*size > maxText {
		return nil, errTooLong
	}
	var b strings.Builder
	col := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - col%size
			b.WriteString(strings.Repeat(" ", n))
			col += n
			continue
		case r == '\t':
			continue
		case r == '\n' || r == '\r':
			col = -1
		}
		b.WriteRune(r)
		col++
	}
	return starlark.String(b.String()), nil
}

// recode takes the encodings that leave text as it is; "hex" writes it in hexadecimal.
func recode(s, name string, args starlark.Tuple) (starlark.Value, error) {
	encoding, errs := "ascii", "strict"
	if err := starlark.UnpackPositionalArgs(name, args, nil, 0, &encoding, &errs); err != nil {
		return nil, err
	}
	switch strings.ReplaceAll(strings.ToLower(encoding), "_", "-") {
	case "ascii", "utf8", "utf-8", "us-ascii":
		return starlark.String(s), nil
	case "hex":
		if name == "encode" && 2*len(s) <= maxText {
			return starlark.String(fmt.Sprintf("%x", s)), nil
		}
	}
	return nil, fmt.Errorf("%s: the encoding %q is not in zorpgo's policy language", name, encoding)
}

func dictMethod(d *starlark.Dict, name string) (starlark.Value, bool) {
	switch name {
	case "iterkeys":
		return starlark.NewList(d.Keys()), true
	case "itervalues", "iteritems":
		list := make([]starlark.Value, 0, d.Len())
		for _, item := range d.Items() {
			if name == "iteritems" {
				list = append(list, item)
			} else {
				list = append(list, item[1])
			}
		}
		return starlark.NewList(list), true
	}
	return nil, false
}

func listMethod(thread *starlark.Thread, l *starlark.List, name string, args starlark.Tuple, kwargs []starlark.Tuple) (v starlark.Value, ok bool, err error) {
	switch name {
	case "count":
		v, err = countOf(l, args)
	case "sort":
		var sorted starlark.Value
		if sorted, err = starlark.Call(thread, starlark.Universe["sorted"], append(starlark.Tuple{l}, args...), kwargs); err == nil {
			err = refill(l, sorted.(*starlark.List))
		}
	case "reverse":
		all := items(l)
		slices.Reverse(all)
		err = refill(l, starlark.NewList(all))
	default:
		return nil, false, nil
	}
	if v == nil {
		v = starlark.None
	}
	return v, true, err
}

func items(l *starlark.List) []starlark.Value {
	all := make([]starlark.Value, 0, l.Len())
	for i := range l.Len() {
		all = append(all, l.Index(i))
	}
	return all
}

// refill puts the elements of from, as many as l has, into l.
func refill(l, from *starlark.List) error {
	for i := range l.Len() {
		if err := l.SetIndex(i, from.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func countOf(l *starlark.List, args starlark.Tuple) (starlark.Value, error) {
	var want starlark.Value
	if err := starlark.UnpackPositionalArgs("count", args, nil, 1, &want); err != nil {
		return nil, err
	}
	n := 0
	for _, v := range items(l) {
		same, err := starlark.Equal(v, want)
		if err != nil {
			return nil, err
		}
		if same {
			n++
		}
	}
	return starlark.MakeInt(n), nil
}

const eachOf = "each of" // (value): what a for loop goes over

// iterated is what a loop over v goes over: of a text its characters, as in Python.
func iterated(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	text, ok := args[0].(starlark.String)
	if !ok {
		return args[0], nil
	}
	if len(text) > maxItems {
		return nil, errTooLong
	}
	list := make(starlark.Tuple, 0, len(text))
	for _, r := range string(text) {
		list = append(list, starlark.String(string(r)))
	}
	Charge(thread, list)
	return list, nil
}
