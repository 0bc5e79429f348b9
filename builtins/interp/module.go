package interp

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"
)

// module is what "import x" binds: names by dots.
type module struct {
	name     string
	attrs    starlark.StringDict
	notBuilt map[string]string
	set      func(module, name string) // nil: nothing can be set
}

var _ starlark.HasSetField = (*module)(nil)

// SetField tells the loader; a module itself does not change.
func (m *module) SetField(name string, _ starlark.Value) error {
	if m.set == nil {
		return fmt.Errorf("cannot set %s.%s: a module is constant", m.name, name)
	}
	m.set(m.name, name)
	return nil
}

// Attr is a name of the module.
func (m *module) Attr(name string) (starlark.Value, error) {
	if v, ok := m.attrs[name]; ok {
		return v, nil
	}
	if why, ok := m.notBuilt[name]; ok {
		return nil, errors.New(notBuilt(name, why))
	}
	return nil, starlark.NoSuchAttrError(fmt.Sprintf("%s has no %s", m.name, name))
}

func (m *module) AttrNames() []string   { return m.attrs.Keys() }
func (m *module) String() string        { return "<module " + m.name + ">" }
func (m *module) Type() string          { return "module" }
func (m *module) Truth() starlark.Bool  { return true }
func (m *module) Hash() (uint32, error) { return starlark.String(m.name).Hash() }
func (m *module) Freeze()               { m.attrs.Freeze() }
func (m *module) Immutable() bool       { return true }

func notBuilt(name, why string) string {
	s := name + " is Zorp's but not built yet"
	if why != "" {
		s += ": " + why
	}
	return s
}

// tree is the value of the first part of a dotted module name with every module below it: Zorp, with Zorp.Core, Zorp.Smtp.
func (l *Loader) tree(root string) *module {
	modules, notBuilt := l.Modules, l.NotBuilt
	m := &module{name: root, attrs: starlark.StringDict{}, notBuilt: notBuilt, set: l.SetModule}
	for n, v := range modules[root] {
		m.attrs[n] = v
	}
	for full, names := range modules {
		if below, ok := strings.CutPrefix(full, root+"."); ok && !strings.Contains(below, ".") {
			m.attrs[below] = &module{name: full, attrs: names, notBuilt: notBuilt, set: l.SetModule}
		}
	}
	return m
}
