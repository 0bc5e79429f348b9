package interp

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// Attrs is the Go side of an object. For names that it knows it comes before the class.
type Attrs interface {
	// Attr is the attribute's value; nil, nil if there is none.
	Attr(name string) (starlark.Value, error)
	// SetField sets a name; handled is false for a name that is none of its own, which then becomes an attribute of the object.
	SetField(name string, v starlark.Value) (handled bool, err error)
	AttrNames() []string
}

// Object is an instance of a Class. Attributes are looked up among its own, its host's, its class's.
type Object struct {
	class  *Class
	host   Attrs
	own    starlark.StringDict
	frozen bool
}

var _ starlark.HasSetField = (*Object)(nil)

// Class is the object's class.
func (o *Object) Class() *Class { return o.class }

// Host is the object's Go side, nil if it has none.
func (o *Object) Host() Attrs { return o.host }

// Own are the attributes set on the object itself; not to be changed.
func (o *Object) Own() starlark.StringDict { return o.own }

// Attr looks an attribute up; functions of the class come as bound Methods.
func (o *Object) Attr(name string) (starlark.Value, error) {
	if v, ok := o.own[name]; ok {
		return v, nil
	}
	if o.host != nil {
		if v, err := o.host.Attr(name); v != nil || err != nil {
			return v, err
		}
	}
	if v, owner := o.class.Lookup(name); v != nil {
		return o.bind(v, owner), nil
	}
	if name == "__class__" {
		return o.class, nil
	}
	if v, err := o.class.Attr(name); v != nil || err != nil {
		return v, err
	}
	return nil, nil
}

// bind makes a Method of a function that owner has; Go's functions are methods only in classes made in Go.
func (o *Object) bind(v starlark.Value, owner *Class) starlark.Value {
	switch v := v.(type) {
	case *starlark.Function:
		return &Method{Self: o, Func: v}
	case *starlark.Builtin:
		if owner.goMade {
			return &Method{Self: o, Func: v}
		}
	}
	return v
}

// SetField sets an attribute, on the host if that takes it.
func (o *Object) SetField(name string, v starlark.Value) error {
	if o.frozen {
		return fmt.Errorf("cannot set .%s: the object was made while the policy was loaded and is constant since", name)
	}
	if o.host != nil {
		if handled, err := o.host.SetField(name, v); handled || err != nil {
			return err
		}
	}
	if o.own == nil {
		o.own = starlark.StringDict{}
	}
	o.own[name] = v
	return nil
}

// AttrNames are the names of all attributes.
func (o *Object) AttrNames() []string {
	names := append(o.own.Keys(), o.class.AttrNames()...)
	if o.host != nil {
		names = append(names, o.host.AttrNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Call calls the method called name; found is false if the object has none.
func (o *Object) Call(thread *starlark.Thread, name string, args ...starlark.Value) (v starlark.Value, found bool, err error) {
	m, err := o.Attr(name)
	if m == nil || err != nil {
		return nil, false, err
	}
	v, err = Call(thread, m, args...)
	return v, true, err
}

func (o *Object) String() string       { return "<" + o.class.name + " object>" }
func (o *Object) Type() string         { return o.class.name }
func (o *Object) Truth() starlark.Bool { return true }
func (o *Object) Hash() (uint32, error) {
	return starlark.String(o.class.name).Hash() // objects are equal to themselves alone
}

// Freeze makes the object constant, and its host if that has a Freeze.
func (o *Object) Freeze() {
	if o.frozen {
		return
	}
	o.frozen = true
	o.own.Freeze()
	if host, ok := o.host.(interface{ Freeze() }); ok {
		host.Freeze()
	}
}

// Shareable reports whether all of the object's own attributes are immutable, so that Clone makes an independent object.
func (o *Object) Shareable() bool {
	for _, v := range o.own {
		if !Immutable(v) {
			return false
		}
	}
	return true
}

// Clone is a new object of the same class with the same own attributes and the given host.
func (o *Object) Clone(host Attrs) *Object {
	c := &Object{class: o.class, host: host}
	if len(o.own) > 0 {
		c.own = make(starlark.StringDict, len(o.own))
		for name, v := range o.own {
			c.own[name] = v
		}
	}
	return c
}

// Immutable reports whether v can never change and holds no object: numbers, text, classes, functions that close over
// nothing, tuples of such. A value of another package says so by a method Immutable() bool.
func Immutable(v starlark.Value) bool {
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes, *Class, Poison:
		return true
	case starlark.Tuple:
		return !slices.ContainsFunc(v, func(e starlark.Value) bool { return !Immutable(e) })
	case *starlark.Builtin:
		return v.Receiver() == nil
	case *starlark.Function:
		return closesOverNothing(v)
	case interface{ Immutable() bool }:
		return v.Immutable()
	}
	return false
}

func closesOverNothing(f *starlark.Function) bool {
	for i := range f.NumFreeVars() {
		if _, v := f.FreeVar(i); !isNamespace(v) {
			return false
		}
	}
	return true
}

func isNamespace(v starlark.Value) bool {
	_, ok := v.(*body)
	return ok
}
