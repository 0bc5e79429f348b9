package word

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
)

// Family is words that classes of a policy may derive from, to give their parameters values of their own.
type Family struct {
	Abstract *interp.Class // what a class with a method of its own derives from; nil: there is none
	Hook     string        // that method
	Calls    bool          // words make what has the hook: a class may replace it, and call it
}

// Builtins is the table of the family's words as values, aliases included.
func (f *Family) Builtins(d *Draft, words []*Word) starlark.StringDict {
	dict := starlark.StringDict{}
	for name, v := range Builtins(d, words) {
		dict[name] = f.base(v.(*starlark.Builtin), words, d)
	}
	return dict
}

// base is a word that stands for a class as well.
type base struct {
	*starlark.Builtin
	class *interp.Class
}

var _ starlark.HasAttrs = base{}

// Base is the class that classes of a policy derive from.
func (b base) Base() *interp.Class { return b.class }

// Type is that of other words.
func (b base) Type() string { return "function" }

// Attr is one of the class: DirectedRouter.__init__.
func (b base) Attr(name string) (starlark.Value, error) { return b.class.Attr(name) }

// AttrNames lists those of the class.
func (b base) AttrNames() []string { return b.class.AttrNames() }

func (f *Family) base(b *starlark.Builtin, words []*Word, d *Draft) base {
	w := words[slices.IndexFunc(words, func(w *Word) bool { return w.Name == b.Name() || slices.Contains(w.Aliases, b.Name()) })]
	attrs := starlark.StringDict{"__init__": interp.NewMethod("__init__", func(thread *starlark.Thread, self *interp.Object, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		m, ok := self.Host().(*made)
		if !ok {
			return nil, fmt.Errorf("self is no %s", b.Name())
		}
		v, err := w.make(&Call{name: b.Name(), Draft: d, Thread: thread}, args, kwargs)
		m.value = v
		return starlark.None, err
	})}
	var bases []*interp.Class
	if f.Calls {
		bases, attrs[f.Hook] = []*interp.Class{f.Abstract}, f.call()
	}
	class := interp.NewClass(b.Name(), bases, attrs)
	class.Host = func(*interp.Object) (interp.Attrs, error) { return &made{family: f, word: w, name: b.Name()}, nil }
	return base{b, class}
}

// call is the hook of what a word made.
func (f *Family) call() *starlark.Builtin {
	return interp.NewMethod(f.Hook, func(thread *starlark.Thread, self *interp.Object, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		m, ok := self.Host().(*made)
		if !ok || m.value == nil {
			return nil, fmt.Errorf("__init__ of class %s does not call that of the class that it derives from", self.Class().Name())
		}
		v, ok := m.value.(starlark.HasAttrs)
		if !ok {
			return interp.Poison{}, nil
		}
		hook, err := v.Attr(f.Hook)
		if err != nil {
			return nil, err
		}
		return starlark.Call(thread, hook, args, kwargs)
	})
}

// unchanged reports whether a class has the hook of the word that it derives from.
func (f *Family) unchanged(class *interp.Class) bool {
	_, owner := class.Lookup(f.Hook)
	return owner != nil && owner.GoMade()
}

// made is the Go side of an object whose class derives from a word.
type made struct {
	family *Family
	word   *Word
	name   string
	value  starlark.Value // what the word made; nil: not yet
}

// Attr implements interp.Attrs.
func (m *made) Attr(string) (starlark.Value, error) { return nil, nil }

// SetField refuses what the word has made already of a parameter.
func (m *made) SetField(name string, _ starlark.Value) (bool, error) {
	if m.word.param(name) != nil {
		return true, fmt.Errorf("%s is given to %s.__init__: write it there, %s=", name, m.name, name)
	}
	return false, nil
}

// AttrNames implements interp.Attrs.
func (m *made) AttrNames() []string { return nil }

// derived is what an object stands for whose class derives from a word; the object itself if it is another one, or the
// policy wrote what is called. What is wrong with its class is a finding.
func (c *Call) derived(v starlark.Value) starlark.Value {
	o, ok := v.(*interp.Object)
	if !ok {
		return v
	}
	m, ok := o.Host().(*made)
	if !ok {
		return v
	}
	hook, _ := o.Class().Lookup(m.family.Hook)
	written := hook != nil && !m.family.unchanged(o.Class())
	switch {
	case m.value == nil:
		c.problem(o.Class().Pos(), "bad-class", fmt.Sprintf("class %s: its __init__ does not call %s.__init__", o.Class().Name(), m.name),
			"write "+m.name+".__init__(self, ...) there: it is "+m.word.brief())
	case m.family.Calls && written:
		return v
	case written:
		c.problem(o.Class().Pos(), "bad-class", fmt.Sprintf("class %s: %s of %s cannot be replaced", o.Class().Name(), m.family.Hook, m.name), m.family.instead(o.Class()))
	default:
		if name := m.parameterOf(o.Class()); name != "" {
			c.problem(o.Class().Pos(), "bad-class", fmt.Sprintf("class %s: %s in the class has no effect, it is given to %s.__init__", o.Class().Name(), name, m.name),
				"write "+m.name+".__init__(self, "+name+"=...)")
		}
		return m.value
	}
	return interp.Poison{}
}

func (f *Family) instead(class *interp.Class) string {
	if f.Abstract == nil {
		return "leave the method out"
	}
	return "write class " + class.Name() + "(" + f.Abstract.Name() + "):"
}

// parameterOf is a parameter of the word that a class of the policy sets as its attribute.
func (m *made) parameterOf(class *interp.Class) string {
	for _, k := range class.MRO() {
		for _, name := range k.Own().Keys() {
			if !k.GoMade() && m.word.param(name) != nil {
				return name
			}
		}
	}
	return ""
}
