package interp

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/engine/source"
)

// Class is a class: of a policy, or made in Go by NewClass.
type Class struct {
	// Host makes the Go side of every object of this class and of classes derived from it; may be nil.
	Host func(*Object) (Attrs, error)

	name     string
	doc      string
	pos      source.Pos
	bases    []*Class
	mro      []*Class
	attrs    starlark.StringDict
	reads    map[string]bool
	goMade   bool
	frozen   bool
	poisoned bool // a base is unknown: so may be any attribute
}

var _ interface {
	starlark.Callable
	starlark.HasSetField
} = (*Class)(nil)

// NewClass makes a class in Go. attrs may hold *starlark.Builtin methods that take self as their first argument (see
// NewMethod), and values.
func NewClass(name string, bases []*Class, attrs starlark.StringDict) *Class {
	c := &Class{name: name, bases: bases, attrs: attrs, goMade: true}
	c.order()
	return c
}

// order fills mro: the class, then its bases depth first, each where it occurs last.
func (c *Class) order() {
	all := []*Class{c}
	for _, b := range c.bases {
		all = append(all, b.mro...)
	}
	for i, k := range all {
		if !slices.Contains(all[i+1:], k) {
			c.mro = append(c.mro, k)
		}
		c.poisoned = c.poisoned || k.poisoned
	}
}

// Name is the class's name.
func (c *Class) Name() string { return c.name }

// Doc is the text under the class's header.
func (c *Class) Doc() string { return c.doc }

// Pos is where the class was written; no place for a class made in Go.
func (c *Class) Pos() source.Pos { return c.pos }

// Bases are the classes it derives from directly.
func (c *Class) Bases() []*Class { return c.bases }

// MRO is the order in which attributes are looked up, the class itself first.
func (c *Class) MRO() []*Class { return c.mro }

// GoMade reports whether the class was made in Go.
func (c *Class) GoMade() bool { return c.goMade }

// Is reports whether c is base or derives from it.
func (c *Class) Is(base *Class) bool { return slices.Contains(c.mro, base) }

// Reads reports whether a method of c, or of a class that it derives from, reads self.name: then the name is the
// policy's own attribute, and no misspelt setting.
func (c *Class) Reads(name string) bool {
	return slices.ContainsFunc(c.mro, func(k *Class) bool { return k.reads[name] })
}

// Lookup finds an attribute of the class or its bases, and the class that has it; nil if there is none.
func (c *Class) Lookup(name string) (starlark.Value, *Class) { return lookup(c.mro, name) }

func lookup(order []*Class, name string) (starlark.Value, *Class) {
	for _, k := range order {
		if v, ok := k.attrs[name]; ok {
			return v, k
		}
	}
	return nil, nil
}

// Own are the attributes of the class itself; not to be changed.
func (c *Class) Own() starlark.StringDict { return c.attrs }

// Attr is the attribute as it stands: functions are not bound.
func (c *Class) Attr(name string) (starlark.Value, error) {
	switch v, _ := c.Lookup(name); {
	case v != nil:
		return v, nil
	case name == "__name__":
		return starlark.String(c.name), nil
	case name == "__doc__":
		return starlark.String(c.doc), nil
	case name == "__init__":
		return initNothing, nil
	case c.poisoned:
		return Poison{}, nil
	}
	return nil, nil
}

// SetField is refused.
func (c *Class) SetField(name string, _ starlark.Value) error {
	return fmt.Errorf("cannot set %s.%s: all sessions have the class in common, and it is constant; set self.%s", c.name, name, name)
}

// AttrNames are the names of all attributes.
func (c *Class) AttrNames() []string {
	var names []string
	for _, k := range c.mro {
		names = append(names, k.attrs.Keys()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// CallInternal makes an object and runs its __init__.
func (c *Class) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	o, err := c.Make()
	if err != nil {
		return nil, err
	}
	init, owner := c.Lookup("__init__")
	if init == nil {
		if len(args)+len(kwargs) > 0 && !c.poisoned {
			return nil, fmt.Errorf("%s takes no arguments", c.name)
		}
		return o, nil
	}
	if _, err := starlark.Call(thread, o.bind(init, owner), args, kwargs); err != nil {
		return nil, err
	}
	return o, nil
}

// Make makes an object without running __init__.
func (c *Class) Make() (*Object, error) {
	o := &Object{class: c}
	for _, k := range c.mro {
		if k.Host == nil {
			continue
		}
		host, err := k.Host(o)
		if err != nil {
			return nil, err
		}
		o.host = host
		break
	}
	return o, nil
}

func (c *Class) String() string        { return "<class " + c.name + ">" }
func (c *Class) Type() string          { return "class" }
func (c *Class) Truth() starlark.Bool  { return true }
func (c *Class) Hash() (uint32, error) { return starlark.String(c.name).Hash() }

// Freeze makes the attributes constant.
func (c *Class) Freeze() {
	if c.goMade || c.frozen {
		return
	}
	c.frozen = true
	c.attrs.Freeze()
}
