package word

import (
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/interp"
	"zorpgo/engine/source"
)

// FallsThrough reports whether a function of the policy can end without returning a value, and where: at a return that
// has none, or the function itself. It looks at the text alone: a condition may hold or not.
func (p *Places) FallsThrough(fn *starlark.Function) (at source.Pos, falls bool) {
	def := p.defs[interp.PosOf(fn.Position())]
	if def == nil {
		return at, false
	}
	if bare := bareReturn(def.Body); bare != nil {
		return position(bare.Return), true
	}
	return position(def.Name.NamePos), !returns(def.Body)
}

// bareReturn is the first return without a value in stmts, those of functions in them left out.
func bareReturn(stmts []syntax.Stmt) (found *syntax.ReturnStmt) {
	for _, stmt := range stmts {
		switch s := stmt.(type) {
		case *syntax.ReturnStmt:
			if none, ok := s.Result.(*syntax.Ident); s.Result == nil || ok && none.Name == "None" {
				return s
			}
		case *syntax.IfStmt:
			found = bareReturn(append(s.True[:len(s.True):len(s.True)], s.False...))
		case *syntax.ForStmt:
			found = bareReturn(s.Body)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// returns reports whether every way through stmts ends at a return, or in fail.
func returns(stmts []syntax.Stmt) bool {
	for _, stmt := range stmts {
		switch s := stmt.(type) {
		case *syntax.ReturnStmt:
			return true
		case *syntax.IfStmt:
			if len(s.False) > 0 && returns(s.True) && returns(s.False) {
				return true
			}
		case *syntax.ExprStmt:
			if call, ok := s.X.(*syntax.CallExpr); ok {
				if id, ok := call.Fn.(*syntax.Ident); ok && id.Name == "fail" {
					return true
				}
			}
		}
	}
	return false
}
