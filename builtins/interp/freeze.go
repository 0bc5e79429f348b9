package interp

import (
	"go.starlark.net/starlark"

	"zorpgo/engine/source"
)

// Freeze makes everything that the policy defined constant. From then on its functions may run on many threads at once.
func (p *Policy) Freeze() source.Findings {
	c := cycles{seen: map[any]bool{}, path: map[*starlark.Function]bool{}}
	for _, u := range p.units {
		for _, name := range u.names.Keys() {
			c.visit(u.names[name])
		}
	}
	if c.visits > maxVisits {
		c.findings = tooMany
	}
	if len(c.findings) > 0 {
		return c.findings
	}
	for _, u := range p.units {
		u.names.Freeze()
	}
	return nil
}

var tooMany = source.Findings{{Severity: source.Error, ID: "runtime", Message: "the values that the policy defines are too many or too deeply nested"}}

// FreezeValue makes v and all that it holds constant: a value that no name of the policy stands for, which Freeze does
// not reach.
func FreezeValue(v starlark.Value) source.Findings {
	c := cycles{seen: map[any]bool{}, path: map[*starlark.Function]bool{}}
	if c.visit(v); c.visits > maxVisits {
		c.findings = tooMany
	}
	if len(c.findings) > 0 {
		return c.findings
	}
	v.Freeze()
	if o, ok := v.(*Object); ok {
		o.class.Freeze()
	}
	return nil
}

// cycles finds functions that close over themselves. Starlark's Freeze would never return from one.
type cycles struct {
	seen     map[any]bool
	path     map[*starlark.Function]bool
	visits   int
	findings source.Findings
}

// maxVisits bounds the walk: tuples may share parts, and are then walked many times over, by Freeze as well.
const maxVisits = 1 << 22

func (c *cycles) visit(v starlark.Value) {
	if c.visits++; c.visits > maxVisits {
		return
	}
	switch v := v.(type) {
	case starlark.Tuple:
		c.all(v)
	case *starlark.Function:
		c.function(v)
	case *Method:
		c.visit(v.Self)
	case *starlark.List:
		c.container(v)
	case *starlark.Dict:
		c.dict(v)
	case *Object:
		c.once(v, v.own)
		c.visit(v.class)
	case *Class:
		c.once(v, v.attrs)
	case *body:
		if v.class != nil {
			c.visit(v.class)
		}
	}
}

func (c *cycles) all(values []starlark.Value) {
	for _, v := range values {
		c.visit(v)
	}
}

func (c *cycles) container(v starlark.Iterable) {
	if c.seen[v] {
		return
	}
	c.seen[v] = true
	for e := range starlark.Elements(v) {
		c.visit(e)
	}
}

func (c *cycles) dict(v *starlark.Dict) {
	if c.seen[v] {
		return
	}
	c.seen[v] = true
	for _, item := range v.Items() {
		c.all(item)
	}
}

func (c *cycles) once(v any, attrs starlark.StringDict) {
	if c.seen[v] {
		return
	}
	c.seen[v] = true
	for _, name := range attrs.Keys() {
		c.visit(attrs[name])
	}
}

func (c *cycles) function(f *starlark.Function) {
	if c.path[f] {
		c.findings = append(c.findings, source.Finding{Pos: PosOf(f.Position()), Severity: source.Error, ID: "runtime",
			Message: "function " + f.Name() + " refers to itself", Hint: "functions cannot recurse; use a for loop"})
		return
	}
	if c.seen[f] {
		return
	}
	c.seen[f], c.path[f] = true, true
	for i := range f.NumFreeVars() {
		_, v := f.FreeVar(i)
		c.visit(v)
	}
	for i := range f.NumParams() {
		c.visit(f.ParamDefault(i))
	}
	delete(c.path, f)
}
