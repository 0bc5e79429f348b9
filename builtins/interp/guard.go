package interp

import (
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/dialect"
)

// The interpreter counts steps but not bytes, and one step can double or multiply a text. So the tree is changed before
// it is compiled: what can blow up goes through a builtin that looks at the sizes first.

// boundedOps are the operators to guard, and those that assign.
var boundedOps = map[syntax.Token]syntax.Token{
	syntax.PLUS: syntax.PLUS, syntax.STAR: syntax.STAR, syntax.PERCENT: syntax.PERCENT, syntax.LTLT: syntax.LTLT,
	syntax.PLUS_EQ: syntax.PLUS, syntax.STAR_EQ: syntax.STAR, syntax.PERCENT_EQ: syntax.PERCENT, syntax.LTLT_EQ: syntax.LTLT,
}

// boundedMethods are the methods to guard: of strings, and those that make what they are of grow.
var boundedMethods = map[string]bool{"join": true, "replace": true, "format": true, "split": true, "rsplit": true,
	"splitlines": true, "extend": true, "update": true, "union": true}

const (
	boundedOp     = "bounded "     // with the operator: x op y
	boundedCall   = "bounded call" // (method, arguments...)
	boundedAddend = "bounded +="   // (x, y): y, if x += y is not too long
)

// guard changes the tree of one file.
func (r *load) guard(u *unit) {
	stmts := u.file.Syntax.Stmts
	dialect.Rewrite(stmts, func(e syntax.Expr) syntax.Expr { return chargedExpr(guarded(e)) })
	dialect.Statements(stmts, func(stmt syntax.Stmt) {
		switch s := stmt.(type) {
		case *syntax.AssignStmt:
			if op := boundedOps[s.Op]; op != 0 {
				r.guardAssign(s, op)
			}
		case *syntax.ForStmt:
			s.X = call(syntax.Start(s.X), eachOf, s.X)
		}
	})
}

func guarded(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		if op := boundedOps[e.Op]; op != 0 && !number(e.X) && !number(e.Y) || e.Op == syntax.STAR || e.Op == syntax.LTLT ||
			e.Op == syntax.PERCENT && !number(e.X) {
			return call(e.OpPos, boundedOp+e.Op.String(), e.X, e.Y)
		}
	case *syntax.CallExpr:
		if dot, ok := e.Fn.(*syntax.DotExpr); ok && boundedMethods[dot.Name.Name] {
			args := append([]syntax.Expr{dot}, e.Args...)
			return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: syntax.Start(e), Name: boundedCall}, Lparen: e.Lparen, Args: args, Rparen: e.Rparen}
		} else if ok && pythonMethods[dot.Name.Name] {
			name := &syntax.Literal{Token: syntax.STRING, TokenPos: dot.NamePos, Raw: strconv.Quote(dot.Name.Name), Value: dot.Name.Name}
			args := append([]syntax.Expr{dot.X, name}, e.Args...)
			return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: syntax.Start(e), Name: pythonCall}, Lparen: e.Lparen, Args: args, Rparen: e.Rparen}
		}
	case *syntax.Comprehension:
		for _, clause := range e.Clauses {
			if loop, ok := clause.(*syntax.ForClause); ok {
				loop.X = call(syntax.Start(loop.X), eachOf, loop.X)
			}
		}
	}
	return e
}

// number reports whether e is a number as written: what is added to one is no text.
func number(e syntax.Expr) bool {
	lit, ok := e.(*syntax.Literal)
	return ok && (lit.Token == syntax.INT || lit.Token == syntax.FLOAT)
}

// guardAssign turns x *= y into x = x * y, guarded, and looks at the sizes before x += y, which may change x in place.
func (r *load) guardAssign(s *syntax.AssignStmt, op syntax.Token) {
	if op == syntax.PLUS && number(s.RHS) {
		return
	}
	x := again(s.LHS)
	switch {
	case x == nil:
		r.fail(PosOf(s.OpPos), "not-in-zorpgo", "left of "+s.Op.String()+" stands more than a name, an attribute or an entry", "assign it to a name first")
	case op == syntax.PLUS:
		s.RHS = call(s.OpPos, boundedAddend, x, s.RHS)
	default:
		s.Op, s.RHS = syntax.EQ, call(s.OpPos, boundedOp+op.String(), x, s.RHS)
	}
}

// again is a copy of e if it may be evaluated twice, else nil.
func again(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: e.NamePos, Name: e.Name}
	case *syntax.Literal:
		return e
	case *syntax.ParenExpr:
		return again(e.X)
	case *syntax.DotExpr:
		if x := again(e.X); x != nil {
			return &syntax.DotExpr{X: x, Dot: e.Dot, NamePos: e.NamePos, Name: &syntax.Ident{NamePos: e.Name.NamePos, Name: e.Name.Name}}
		}
	case *syntax.IndexExpr:
		if x, y := again(e.X), again(e.Y); x != nil && y != nil {
			return &syntax.IndexExpr{X: x, Lbrack: e.Lbrack, Y: y, Rbrack: e.Rbrack}
		}
	case *syntax.TupleExpr:
		return againTuple(e)
	}
	return nil
}

func againTuple(e *syntax.TupleExpr) syntax.Expr {
	t := &syntax.TupleExpr{Lparen: e.Lparen, Rparen: e.Rparen}
	for _, x := range e.List {
		x = again(x)
		if x == nil {
			return nil
		}
		t.List = append(t.List, x)
	}
	return t
}

// call is a call that fails at a place of the text, and begins where its first argument does.
func call(at syntax.Position, name string, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: syntax.Start(args[0]), Name: name}, Lparen: at, Args: args, Rparen: at}
}

// bounded are the builtins that the changed tree calls, and bounded forms of Starlark's own.
func bounded() starlark.StringDict {
	names := starlark.StringDict{
		boundedCall:   starlark.NewBuiltin(boundedCall, callBounded),
		pythonCall:    starlark.NewBuiltin(pythonCall, callPython),
		eachOf:        starlark.NewBuiltin(eachOf, iterated),
		boundedAddend: starlark.NewBuiltin(boundedAddend, addBounded),
		"range":       starlark.NewBuiltin("range", rangeBounded),
	}
	for _, op := range []syntax.Token{syntax.PLUS, syntax.STAR, syntax.PERCENT, syntax.LTLT} {
		names[boundedOp+op.String()] = starlark.NewBuiltin(boundedOp+op.String(), binaryBounded(op))
	}
	for _, name := range []string{madeValue, madeList, searched} {
		names[name] = starlark.NewBuiltin(name, made)
	}
	for _, name := range collecting {
		names[name] = starlark.NewBuiltin(name, collect(starlark.Universe[name]))
	}
	for _, name := range []string{"int", "float"} {
		names[name] = starlark.NewBuiltin(name, numeric(starlark.Universe[name]))
	}
	for _, name := range []string{"str", "repr", "print", "fail"} {
		names[name] = starlark.NewBuiltin(name, textBounded(starlark.Universe[name]))
	}
	names["unicode"], names["basestring"], names["xrange"], names["long"] = names["str"], names["str"], names["range"], names["int"]
	return names
}
