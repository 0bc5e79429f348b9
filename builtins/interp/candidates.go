package interp

import (
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// Candidate is a function that may be the instance.
type Candidate struct {
	Name string
	Pos  source.Pos
	Func starlark.Callable
}

// Candidates are the functions without parameters, at the top level of any file, whose text declares a service, rule,
// dispatcher or listener, or calls a function of the policy that does. Nothing is called to find out.
func (p *Policy) Candidates() []Candidate {
	defs := map[string]*syntax.DefStmt{}
	var order []string
	for _, u := range p.units {
		for _, stmt := range u.file.Syntax.Stmts {
			if def, ok := stmt.(*syntax.DefStmt); ok && !dialect.Hidden(def.Name.Name) {
				if defs[def.Name.Name] == nil {
					order = append(order, def.Name.Name)
				}
				defs[def.Name.Name] = def
			}
		}
	}
	var out []Candidate
	for _, name := range order {
		fn, ok := p.Globals[name].(starlark.Callable)
		if def := defs[name]; ok && len(def.Params) == 0 && declares(def, defs, 1) {
			out = append(out, Candidate{name, PosOf(def.Name.NamePos), fn})
		}
	}
	return out
}

// declares reports whether def calls a declaring word, or, depth levels on, a function of defs that does.
func declares(def *syntax.DefStmt, defs map[string]*syntax.DefStmt, depth int) bool {
	found := false
	syntax.Walk(def, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || found {
			return !found
		}
		name := calledName(call)
		if other := defs[name]; other != nil {
			found = other != def && depth > 0 && declares(other, defs, depth-1)
		} else {
			found = declaring(name)
		}
		return !found
	})
	return found
}

func calledName(call *syntax.CallExpr) string {
	switch fn := call.Fn.(type) {
	case *syntax.Ident:
		return fn.Name
	case *syntax.DotExpr:
		return fn.Name.Name
	}
	return ""
}

func declaring(name string) bool {
	for _, word := range []string{"Service", "Rule", "Dispatcher", "Listener"} {
		if strings.HasSuffix(name, word) {
			return true
		}
	}
	return false
}
