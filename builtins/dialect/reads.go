package dialect

import "go.starlark.net/syntax"

// recordReads adds the attributes that body reads from self: self.x where it is not assigned to, and getattr or
// hasattr with a literal name.
func (c *classBody) recordReads(body []syntax.Stmt, self string) {
	if self == "" {
		return
	}
	var visit func(*syntax.Expr)
	visit = func(e *syntax.Expr) {
		switch x := (*e).(type) {
		case *syntax.DotExpr:
			if isIdent(x.X, self) {
				c.reads[x.Name.Name] = true
			}
		case *syntax.CallExpr:
			c.readByName(x, self)
		}
		eachChild(*e, visit)
	}
	var targets func(*syntax.Expr)
	targets = func(e *syntax.Expr) {
		switch x := (*e).(type) {
		case *syntax.TupleExpr, *syntax.ListExpr, *syntax.ParenExpr:
			eachChild(x, targets)
		default:
			eachChild(x, visit)
		}
	}
	c.walkReads(body, visit, targets)
}

func (c *classBody) walkReads(stmts []syntax.Stmt, visit, targets func(*syntax.Expr)) {
	for _, stmt := range stmts {
		if s, ok := stmt.(*syntax.AssignStmt); ok && s.Op == syntax.EQ {
			targets(&s.LHS)
			visit(&s.RHS)
		} else {
			eachExpr(stmt, visit)
		}
		for _, b := range blocks(stmt) {
			c.walkReads(*b, visit, targets)
		}
	}
}

func (c *classBody) readByName(call *syntax.CallExpr, self string) {
	if len(call.Args) < 2 || !isIdent(call.Args[0], self) || !isIdent(call.Fn, "getattr") && !isIdent(call.Fn, "hasattr") {
		return
	}
	if lit, ok := call.Args[1].(*syntax.Literal); ok && lit.Token == syntax.STRING {
		c.reads[lit.Value.(string)] = true
	}
}

func isIdent(e syntax.Expr, name string) bool {
	id, ok := e.(*syntax.Ident)
	return ok && id.Name == name
}
