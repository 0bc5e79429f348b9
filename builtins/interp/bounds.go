package interp

import (
	"errors"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// What one step of a policy may make.
const (
	maxText  = 16 << 20 // bytes of a text
	maxItems = 1 << 20  // items of a list, tuple or range
	maxBits  = 1 << 12  // bits of a number
)

var errTooLong = errors.New("the result would be too long: a text is limited to 16 MiB, a list to 1048576 items, a number to 4096 bits")

type builtin = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func binaryBounded(op syntax.Token) builtin {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if tooLong(op, args[0], args[1]) {
			return nil, errTooLong
		}
		if text, ok := args[0].(starlark.String); ok && op == syntax.PERCENT {
			return charged(thread)(format(string(text), args[1]))
		}
		return charged(thread)(starlark.Binary(op, args[0], args[1]))
	}
}

func addBounded(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if tooLong(syntax.PLUS, args[0], args[1]) {
		return nil, errTooLong
	}
	if _, list := args[0].(*starlark.List); list { // that it makes room, a text is made anew
		Charge(thread, args[1])
	} else {
		Charge(thread, args[0])
	}
	return args[1], nil
}

// tooLong reports whether x op y would be.
func tooLong(op syntax.Token, x, y starlark.Value) bool {
	switch op {
	case syntax.PLUS:
		return over(x, length(x)+length(y))
	case syntax.STAR:
		return manyTimes(x, y) || manyTimes(y, x)
	case syntax.LTLT:
		return shiftsTooFar(x, y)
	}
	format, ok := x.(starlark.String)
	return ok && len(format)+printed(y, maxText) > maxText
}

func manyTimes(x, n starlark.Value) bool {
	times, ok := n.(starlark.Int)
	if !ok {
		return false
	}
	if x, ok := x.(starlark.Int); ok {
		return x.BigInt().BitLen()+times.BigInt().BitLen() > maxBits
	}
	count, fits := times.Int64()
	size := int64(length(x))
	return size > 0 && times.Sign() > 0 && (!fits || count > maxText || over(x, int(size*count)))
}

func shiftsTooFar(x, y starlark.Value) bool {
	number, ok := x.(starlark.Int)
	by, counts := y.(starlark.Int)
	if !ok || !counts {
		return false
	}
	n, fits := by.Int64()
	return !fits || int64(number.BigInt().BitLen())+n > maxBits
}

// over reports whether n is too much for a value of x's type.
func over(x starlark.Value, n int) bool {
	switch x.(type) {
	case starlark.String, starlark.Bytes:
		return n > maxText
	case *starlark.List, starlark.Tuple:
		return n > maxItems
	}
	return false
}

func length(v starlark.Value) int { return max(starlark.Len(v), 0) }

// printed is about the length of v as text, counted no further than budget, nor deeper than maxDepth.
func printed(v starlark.Value, budget int) int { return printedIn(v, budget, 0) }

// maxDepth is how deep a value may be whose text is asked for: what makes texts looks for loops at every depth.
const maxDepth = 256

func printedIn(v starlark.Value, budget, depth int) int {
	switch {
	case budget <= 0:
		return 1
	case depth > maxDepth:
		return budget + 1
	}
	switch v := v.(type) {
	case starlark.String:
		return len(v) + 2
	case starlark.Bytes:
		return 4*len(v) + 3
	case starlark.Int:
		return v.BigInt().BitLen()/3 + 2
	case starlark.Tuple:
		return printedAll(v.Len(), v.Index, budget, depth)
	case *starlark.List:
		return printedAll(v.Len(), v.Index, budget, depth)
	case starlark.IterableMapping:
		items := v.Items()
		return printedAll(len(items), func(i int) starlark.Value { return items[i] }, budget, depth)
	}
	return 32 + 16*length(v)
}

// printedAll is printed for a container; it costs more than its brackets, so that counting many small ones ends soon.
func printedAll(n int, at func(int) starlark.Value, budget, depth int) int {
	sum := 32
	for i := 0; i < n && sum <= budget; i++ {
		sum += printedIn(at(i), budget-sum, depth+1) + 2
	}
	return sum
}

// textBounded is a builtin that makes text of its arguments.
func textBounded(fn starlark.Value) builtin {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if printed(args, maxText) > maxText {
			return nil, errTooLong
		}
		return charged(thread)(fn.(*starlark.Builtin).CallInternal(thread, args, kwargs))
	}
}

func rangeBounded(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v, err := starlark.Universe["range"].(*starlark.Builtin).CallInternal(thread, args, kwargs)
	if err == nil && starlark.Len(v) > maxItems {
		return nil, errors.New("a range is limited to 1048576 numbers")
	}
	return v, err
}

// callBounded calls join, replace or format of a string; a method of that name of anything else is just called.
func callBounded(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	fn, args := args[0], args[1:]
	if b, ok := fn.(*starlark.Builtin); ok {
		s, ok := b.Receiver().(starlark.String)
		if ok && methodTooLong(b.Name(), string(s), args, kwargs) || !ok && growsTooLong(b, args) {
			return nil, errTooLong
		}
		if grows[b.Name()] {
			Charge(thread, args)
			for _, more := range args {
				Charge(thread, more)
			}
		}
	}
	return charged(thread)(starlark.Call(thread, fn, args, kwargs))
}

func methodTooLong(name, s string, args starlark.Tuple, kwargs []starlark.Tuple) bool {
	size := printed(args, maxText)
	switch {
	case size > maxText:
		return true
	case name == "join" && len(args) == 1:
		return size+len(s)*length(args[0]) > maxText
	case name == "replace" && len(args) >= 2:
		old, _ := starlark.AsString(args[0])
		times := strings.Count(s, old)
		return len(s)+times*length(args[1]) > maxText
	case name == "format":
		for _, pair := range kwargs {
			size += printed(pair, maxText)
		}
		return len(s)+strings.Count(s, "{")*size > maxText
	}
	return false
}

// grows are the methods that put what they are given into a list, dictionary or set.
var grows = map[string]bool{"extend": true, "update": true, "union": true}

func growsTooLong(b *starlark.Builtin, args starlark.Tuple) bool {
	size := length(b.Receiver())
	for _, more := range args {
		size += length(more)
	}
	return grows[b.Name()] && size > maxItems
}
