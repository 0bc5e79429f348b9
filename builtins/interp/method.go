package interp

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

// Method is a function bound to an object. Two are equal if object and function are.
type Method struct {
	Self *Object
	Func starlark.Callable
}

var _ interface {
	starlark.Callable
	starlark.Comparable
} = (*Method)(nil)

// Is reports whether the method's function is fn: so it tells whether a built-in method was overridden.
func (m *Method) Is(fn starlark.Value) bool { return m.Func == fn }

// Pos is where the function was written; no place for one made in Go.
func (m *Method) Pos() source.Pos {
	if f, ok := m.Func.(*starlark.Function); ok {
		return PosOf(f.Position())
	}
	return source.Pos{}
}

// Name is the function's name.
func (m *Method) Name() string { return m.Func.Name() }

// CallInternal calls the function with the object as its first argument.
func (m *Method) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return starlark.Call(thread, m.Func, append(starlark.Tuple{m.Self}, args...), kwargs)
}

// CompareSameType compares by identity of object and function.
func (m *Method) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	other := y.(*Method)
	same := m.Self == other.Self && m.Func == other.Func
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("methods have no order")
}

func (m *Method) String() string {
	return fmt.Sprintf("<method %s of %s>", m.Name(), m.Self.class.name)
}
func (m *Method) Type() string          { return "method" }
func (m *Method) Truth() starlark.Bool  { return true }
func (m *Method) Hash() (uint32, error) { return starlark.String(m.Name()).Hash() }
func (m *Method) Freeze()               { m.Self.Freeze() }

// Rebind is v with every Method bound to from, also inside tuples, bound to its clone to instead.
func Rebind(v starlark.Value, from, to *Object) starlark.Value {
	switch v := v.(type) {
	case *Method:
		if v.Self == from {
			return &Method{Self: to, Func: v.Func}
		}
	case starlark.Tuple:
		return rebindTuple(v, from, to)
	}
	return v
}

func rebindTuple(t starlark.Tuple, from, to *Object) starlark.Tuple {
	if !mentions(t, from) {
		return t
	}
	t = slices.Clone(t)
	for i := range t {
		t[i] = Rebind(t[i], from, to)
	}
	return t
}

func mentions(v starlark.Value, o *Object) bool {
	switch v := v.(type) {
	case *Method:
		return v.Self == o
	case starlark.Tuple:
		return slices.ContainsFunc(v, func(e starlark.Value) bool { return mentions(e, o) })
	}
	return false
}

// NewMethod makes a built-in method for NewClass; self is checked before fn runs.
func NewMethod(name string, fn func(*starlark.Thread, *Object, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 0 {
			return nil, fmt.Errorf("%s: self is missing: write Class.%s(self, ...)", name, name)
		}
		self, ok := args[0].(*Object)
		if !ok {
			return nil, fmt.Errorf("%s: the first argument is %s: write Class.%s(self, ...)", name, args[0].Type(), name)
		}
		return fn(thread, self, args[1:], kwargs)
	})
}

// Miscount says what is wrong with the parameters of fn, which is called with so many arguments, self aside; "" if it
// can be called.
func Miscount(fn starlark.Callable, given int) string {
	callable := fn
	if m, ok := fn.(*Method); ok {
		given, callable = given+1, m.Func
	}
	f, ok := callable.(*starlark.Function)
	if !ok {
		return ""
	}
	positional := f.NumParams() - f.NumKwonlyParams()
	if f.HasVarargs() {
		positional--
	}
	if f.HasKwargs() {
		positional--
	}
	needed := 0
	for i := range positional {
		if f.ParamDefault(i) == nil {
			needed++
		}
	}
	if given < needed || given > positional && !f.HasVarargs() {
		return fmt.Sprintf("%s has %d parameters, but is called with %d", f.Name(), positional, given)
	}
	return ""
}

// initNothing is the __init__ of classes without one.
var initNothing = NewMethod("__init__", func(*starlark.Thread, *Object, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.None, nil
})
