package word

import (
	"iter"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
)

// Type is what a parameter accepts.
type Type struct {
	Want    string // for messages: "a string"
	Accepts func(v starlark.Value) bool
}

// The types that most parameters have.
var (
	Text       = Type{"a string", isText}
	Integer    = Type{"an integer", isInteger}
	Boolean    = Type{"TRUE or FALSE", isInteger}
	TextList   = Type{"a string or a list of strings", listOf(isText)}
	NumList    = Type{"an integer or a list of integers", listOf(isInteger)}
	ProxyClass = Type{"a proxy class, such as SmtpProxy", isClass}
	Any        = Type{"a value", func(starlark.Value) bool { return true }}
)

// ListOf accepts one value of type t, or a list or tuple of them.
func ListOf(t Type, want string) Type { return Type{want, listOf(t.Accepts)} }

func isClass(v starlark.Value) bool {
	_, ok := v.(*interp.Class)
	return ok
}

func isText(v starlark.Value) bool {
	_, ok := v.(starlark.String)
	return ok
}

func isInteger(v starlark.Value) bool {
	_, ok := AsInt(v)
	return ok
}

func listOf(accepts func(starlark.Value) bool) func(starlark.Value) bool {
	return func(v starlark.Value) bool {
		for element := range Elements(v) {
			if !accepts(element) {
				return false
			}
		}
		return true
	}
}

// Elements yields the elements of a list or tuple, or the value itself if it is neither.
func Elements(v starlark.Value) iter.Seq[starlark.Value] {
	return func(yield func(starlark.Value) bool) {
		sequence, ok := v.(starlark.Indexable)
		if _, text := v.(starlark.String); text || !ok {
			yield(v)
			return
		}
		for i := range sequence.Len() {
			if !yield(sequence.Index(i)) {
				return
			}
		}
	}
}

// AsInt is v as an integer; a boolean is 0 or 1, as in Zorp.
func AsInt(v starlark.Value) (int, bool) {
	switch v := v.(type) {
	case starlark.Bool:
		if v {
			return 1, true
		}
		return 0, true
	case starlark.Int:
		n, ok := v.Int64()
		return int(n), ok
	}
	return 0, false
}

// AsBool is v as a boolean; an integer other than 0 is true.
func AsBool(v starlark.Value) (value, ok bool) {
	n, ok := AsInt(v)
	return n != 0, ok
}

// AsTexts is v, a string or a list of strings, as a list; elements that are no strings are left out.
func AsTexts(v starlark.Value) []string {
	var texts []string
	for element := range Elements(v) {
		if s, ok := starlark.AsString(element); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// TypeName is what messages call the type of v.
func TypeName(v starlark.Value) string {
	switch v := v.(type) {
	case *interp.Object:
		return "an object of class " + v.Class().Name()
	case starlark.NoneType:
		return "None"
	case starlark.Bool:
		return "TRUE or FALSE"
	case *starlark.Function, *starlark.Builtin, *owning:
		return "function"
	}
	return v.Type()
}
