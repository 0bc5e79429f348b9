package interp

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/dialect"
)

// body is the namespace of a class statement while its body runs; afterwards it is how super() finds the class.
type body struct {
	attrs starlark.StringDict
	class *Class
}

var _ starlark.HasSetKey = (*body)(nil)

// Get is the value of a name that the class body bound.
func (b *body) Get(k starlark.Value) (starlark.Value, bool, error) {
	name, _ := starlark.AsString(k)
	v, ok := b.attrs[name]
	if !ok {
		return nil, false, fmt.Errorf("%s is used before the class body sets it", name)
	}
	return v, true, nil
}

// SetKey binds a name.
func (b *body) SetKey(k, v starlark.Value) error {
	name, ok := starlark.AsString(k)
	if !ok || b.class != nil {
		return errors.New("the class body is complete")
	}
	b.attrs[name] = v
	return nil
}

func (b *body) String() string        { return "<class body>" }
func (b *body) Type() string          { return "class body" }
func (b *body) Truth() starlark.Bool  { return true }
func (b *body) Hash() (uint32, error) { return 0, errors.New("unhashable: class body") }
func (b *body) Freeze() {
	if b.class != nil {
		b.class.Freeze()
	}
}

// makeClass is what a class statement calls: name, bases, the function that binds what the body says, the attributes
// that methods read from self.
func makeClass(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	name, bases, fn, reads := args[0].(starlark.String), args[1].(starlark.Tuple), args[2].(*starlark.Function), args[3].(starlark.Tuple)
	c := &Class{name: string(name), doc: fn.Doc(), pos: CallerPos(thread), reads: map[string]bool{}}
	for _, base := range bases {
		switch base := base.(type) {
		case *Class:
			c.bases = append(c.bases, base)
		case interface{ Base() *Class }:
			c.bases = append(c.bases, base.Base())
		case Poison:
			c.poisoned = true
		default:
			return nil, fmt.Errorf("class %s derives from a value of type %s, which is no class", c.name, base.Type())
		}
	}
	for _, r := range reads {
		c.reads[string(r.(starlark.String))] = true
	}
	c.order()
	b := &body{attrs: starlark.StringDict{}}
	if _, err := starlark.Call(thread, fn, starlark.Tuple{b}, nil); err != nil {
		return nil, err
	}
	c.attrs, b.class = b.attrs, c
	return c, nil
}

// super is super(Class, self), and super() by way of the class body's namespace.
func super(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if len(args) != 2 {
		return nil, errors.New("super wants nothing, or a class and self: super(Class, self)")
	}
	after, _ := args[0].(*Class)
	if b, ok := args[0].(*body); ok {
		after = b.class
	}
	o, ok := args[1].(*Object)
	switch {
	case after == nil:
		return nil, fmt.Errorf("super wants a class first, got %s", args[0].Type())
	case !ok:
		return nil, fmt.Errorf("super wants self as its second argument, got %s", args[1].Type())
	case !o.class.Is(after):
		return nil, fmt.Errorf("super: self is a %s, which does not derive from %s", o.class.name, after.name)
	}
	return &superObject{after, o}, nil
}

// superObject is an object seen as one of a class further up.
type superObject struct {
	after *Class
	self  *Object
}

var _ starlark.HasAttrs = (*superObject)(nil)

func (s *superObject) rest() []*Class {
	mro := s.self.class.mro
	for i, k := range mro {
		if k == s.after {
			return mro[i+1:]
		}
	}
	return nil
}

// Attr looks an attribute up in the classes after s.after.
func (s *superObject) Attr(name string) (starlark.Value, error) {
	if v, owner := lookup(s.rest(), name); v != nil {
		return s.self.bind(v, owner), nil
	}
	switch {
	case name == "__init__":
		return &Method{Self: s.self, Func: initNothing}, nil
	case s.after.poisoned:
		return Poison{}, nil
	}
	return nil, starlark.NoSuchAttrError(fmt.Sprintf("no class that %s derives from has .%s", s.after.name, name))
}

// AttrNames are the names that Attr finds.
func (s *superObject) AttrNames() []string {
	var names []string
	for _, k := range s.rest() {
		names = append(names, k.attrs.Keys()...)
	}
	return names
}

func (s *superObject) String() string        { return "<super of " + s.after.name + ">" }
func (s *superObject) Type() string          { return "super" }
func (s *superObject) Truth() starlark.Bool  { return true }
func (s *superObject) Hash() (uint32, error) { return 0, errors.New("unhashable: super") }
func (s *superObject) Freeze()               { s.self.Freeze() }

// pythonTypes says what isinstance(x, str) and the like ask for.
var pythonTypes = map[string]string{"str": "string", "int": "int", "bool": "bool", "float": "float", "list": "list",
	"dict": "dict", "tuple": "tuple", "set": "set", "bytes": "bytes"}

func isInstance(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, of starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 2, &x, &of); err != nil {
		return nil, err
	}
	ofs, ok := of.(starlark.Tuple)
	if !ok {
		ofs = starlark.Tuple{of}
	}
	for _, of := range ofs {
		switch of := of.(type) {
		case *Class:
			if o, ok := x.(*Object); ok && o.class.Is(of) {
				return starlark.True, nil
			}
		case *starlark.Builtin:
			if pythonTypes[of.Name()] == x.Type() {
				return starlark.True, nil
			}
		default:
			return nil, fmt.Errorf("isinstance wants a class or a tuple of classes, got %s", of.Type())
		}
	}
	return starlark.False, nil
}

// own are the names that every policy has from the interpreter.
func own() starlark.StringDict {
	return starlark.StringDict{
		dialect.ClassBuiltin: starlark.NewBuiltin(dialect.ClassBuiltin, makeClass),
		dialect.SuperBuiltin: starlark.NewBuiltin(dialect.SuperBuiltin, super),
		"isinstance":         starlark.NewBuiltin("isinstance", isInstance),
		"object":             NewClass("object", nil, nil),
	}
}
