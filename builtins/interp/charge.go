package interp

import (
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// What a step makes counts as steps by its size, so that the limit on steps is one on memory, too.

// textPerStep is how many bytes of text count as one step.
const textPerStep = 32

// Charge counts what v takes in memory as steps of thread.
func Charge(thread *starlark.Thread, v starlark.Value) {
	switch v := v.(type) {
	case starlark.String:
		thread.Steps += uint64(len(v) / textPerStep)
	case starlark.Bytes:
		thread.Steps += uint64(len(v) / textPerStep)
	case *starlark.List, starlark.Tuple, *starlark.Dict, *starlark.Set:
		thread.Steps += uint64(length(v))
	}
}

func charged(thread *starlark.Thread) func(starlark.Value, error) (starlark.Value, error) {
	return func(v starlark.Value, err error) (starlark.Value, error) {
		Charge(thread, v)
		return v, err
	}
}

const (
	madeValue = "made"     // (value): what a step has made anew
	madeList  = "taken"    // (value): likewise, where a text is none: it shares its bytes
	searched  = "searched" // (value): what a step goes through
)

// madeMethods make a value of the size of the one that they are of.
var madeMethods = map[string]bool{"upper": true, "lower": true, "title": true, "capitalize": true, "keys": true, "values": true,
	"items": true, "intersection": true, "difference": true, "symmetric_difference": true}

// scanningMethods go through what they are of, or move a part of it, and make little or nothing.
var scanningMethods = map[string]bool{"find": true, "rfind": true, "index": true, "rindex": true, "partition": true, "rpartition": true,
	"strip": true, "lstrip": true, "rstrip": true, "insert": true, "remove": true, "pop": true, "isalpha": true,
	"isdigit": true, "islower": true, "isspace": true, "istitle": true, "isupper": true}

// chargedExpr is e, charged for what it makes.
func chargedExpr(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.SliceExpr:
		if e.Step != nil {
			return call(e.Lbrack, madeValue, e)
		}
		return call(e.Lbrack, madeList, e)
	case *syntax.CallExpr:
		dot, ok := e.Fn.(*syntax.DotExpr)
		switch {
		case ok && madeMethods[dot.Name.Name]:
			return call(e.Lparen, madeValue, e)
		case ok && scanningMethods[dot.Name.Name]:
			dot.X = call(dot.Dot, searched, dot.X)
		}
	case *syntax.BinaryExpr:
		if e.Op == syntax.PIPE && !number(e.X) && !number(e.Y) {
			return call(e.OpPos, madeValue, e)
		}
		if _, list := e.Y.(*syntax.ListExpr); (e.Op == syntax.IN || e.Op == syntax.NOT_IN) && !list {
			e.Y = call(e.OpPos, searched, e.Y)
		}
	}
	return e
}

func made(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	_, text := args[0].(starlark.String)
	_, dict := args[0].(*starlark.Dict)
	_, set := args[0].(*starlark.Set)
	if taken := b.Name() == madeList && text; !taken && !(b.Name() == searched && (dict || set)) {
		Charge(thread, args[0])
	}
	return args[0], nil
}

// collecting are builtins that go through what they are given, and most make a list of it.
var collecting = []string{"list", "tuple", "sorted", "reversed", "dict", "set", "enumerate", "zip", "any", "all", "min", "max", "bytes"}

// collect is a builtin that pays for its arguments, and refuses too many.
func collect(fn starlark.Value) builtin {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, v := range args {
			if length(v) > maxItems {
				if _, text := v.(starlark.String); !text {
					return nil, errTooLong
				}
			}
			thread.Steps += uint64(length(v))
		}
		return fn.(*starlark.Builtin).CallInternal(thread, args, kwargs)
	}
}

// maxDigits is how long the text of a number may be.
const maxDigits = maxBits / 3

// numeric is int or float.
func numeric(fn starlark.Value) builtin {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, v := range args {
			if text, ok := starlark.AsString(v); ok && len(text) > maxDigits {
				return nil, errTooLong
			}
		}
		return fn.(*starlark.Builtin).CallInternal(thread, args, kwargs)
	}
}
