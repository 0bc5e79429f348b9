package review

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/syntax"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// class learns a class statement, which the dialect made two statements of: the function that is its body, and the call
// that makes the class.
func (p *Policy) class(stmt syntax.Stmt, all []syntax.Stmt) {
	s, ok := stmt.(*syntax.AssignStmt)
	if !ok {
		return
	}
	name, isName := s.LHS.(*syntax.Ident)
	call, isCall := s.RHS.(*syntax.CallExpr)
	if !isName || !isCall || !called(call, dialect.ClassBuiltin) || len(call.Args) < 3 {
		return
	}
	c := &class{name: name.Name, pos: posOf(name.NamePos)}
	if bases, ok := call.Args[1].(*syntax.TupleExpr); ok {
		for _, b := range bases.List {
			c.bases = append(c.bases, lastName(b))
		}
	}
	for _, body := range all {
		if def, ok := body.(*syntax.DefStmt); ok && def.Name.Name == "class "+c.name && posOf(def.Name.NamePos) == c.pos {
			c.methods = methods(def.Body)
		}
	}
	p.classes = append(p.classes, c)
}

func called(call *syntax.CallExpr, name string) bool {
	id, ok := call.Fn.(*syntax.Ident)
	return ok && id.Name == name
}

func lastName(e syntax.Expr) string {
	switch e := e.(type) {
	case *syntax.Ident:
		return e.Name
	case *syntax.DotExpr:
		return e.Name.Name
	}
	return ""
}

func methods(body []syntax.Stmt) (list []method) {
	for _, stmt := range body {
		if def, ok := stmt.(*syntax.DefStmt); ok {
			qualified := def.Name.Name
			list = append(list, method{qualified[strings.LastIndex(qualified, ".")+1:], posOf(def.Name.NamePos)})
		}
	}
	return list
}

// proxy reports whether c derives from a proxy class that comes with zorpgo.
func (p *Policy) proxy(c *class, depth int) bool {
	for _, base := range c.bases {
		if slices.Contains(p.Proxies, base) {
			return true
		}
		for _, other := range p.classes {
			if other.name == base && other != c && depth < len(p.classes) && p.proxy(other, depth+1) {
				return true
			}
		}
	}
	return false
}

// unusedMethods finds methods that neither the engine nor the policy calls, by name or by a text for getattr.
func (p *Policy) unusedMethods(c *class) {
	for _, m := range c.methods {
		defined := 0
		for _, other := range p.classes {
			for _, o := range other.methods {
				if o.name == m.name {
					defined++
				}
			}
		}
		// A definition has the name as a text, by which the class keeps it.
		if slices.Contains(p.Methods, m.name) || p.dotted[m.name] > 0 || p.quoted[m.name] > defined {
			continue
		}
		severity, hint := source.Note, "put it into a table, self.request[...] = (SMTP_REQ_POLICY, self."+m.name+"), or remove it"
		if near := source.Nearest(m.name, p.Methods); near != "" {
			severity, hint = source.Warning, "did you mean "+near+"?"
		}
		p.find(m.pos, severity, "unused-method", fmt.Sprintf("class %s: nothing calls the method %s", c.name, m.name), hint)
	}
}
