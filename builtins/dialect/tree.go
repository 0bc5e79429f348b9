package dialect

import "go.starlark.net/syntax"

// eachChild calls do for every expression directly inside e, in order of the text; not for names of keywords.
func eachChild(e syntax.Expr, do func(*syntax.Expr)) {
	all := func(children ...*syntax.Expr) {
		for _, child := range children {
			if *child != nil {
				do(child)
			}
		}
	}
	switch e := e.(type) {
	case *syntax.ListExpr:
		each(e.List, do)
	case *syntax.TupleExpr:
		each(e.List, do)
	case *syntax.DictExpr:
		each(e.List, do)
	case *syntax.DictEntry:
		all(&e.Key, &e.Value)
	case *syntax.ParenExpr:
		all(&e.X)
	case *syntax.CondExpr:
		all(&e.True, &e.Cond, &e.False)
	case *syntax.IndexExpr:
		all(&e.X, &e.Y)
	case *syntax.SliceExpr:
		all(&e.X, &e.Lo, &e.Hi, &e.Step)
	case *syntax.UnaryExpr:
		all(&e.X)
	case *syntax.BinaryExpr:
		all(&e.X, &e.Y)
	case *syntax.DotExpr:
		all(&e.X)
	case *syntax.CallExpr:
		do(&e.Fn)
		eachNamed(e.Args, do)
	case *syntax.Comprehension:
		eachClause(e, do)
	case *syntax.LambdaExpr:
		eachDefault(e.Params, do)
		do(&e.Body)
	}
}

func each(list []syntax.Expr, do func(*syntax.Expr)) {
	for i := range list {
		do(&list[i])
	}
}

// eachNamed is each for arguments: of name=value only the value.
func eachNamed(args []syntax.Expr, do func(*syntax.Expr)) {
	for i := range args {
		if b, ok := args[i].(*syntax.BinaryExpr); ok && b.Op == syntax.EQ {
			do(&b.Y)
		} else {
			do(&args[i])
		}
	}
}

// eachDefault calls do for the default values of params.
func eachDefault(params []syntax.Expr, do func(*syntax.Expr)) {
	for _, param := range params {
		if b, ok := param.(*syntax.BinaryExpr); ok {
			do(&b.Y)
		}
	}
}

func eachClause(e *syntax.Comprehension, do func(*syntax.Expr)) {
	for _, c := range e.Clauses {
		switch c := c.(type) {
		case *syntax.ForClause:
			do(&c.X)
			do(&c.Vars)
		case *syntax.IfClause:
			do(&c.Cond)
		}
	}
	do(&e.Body)
}

// eachExpr calls do for every expression directly inside stmt, not for those of statements inside it.
func eachExpr(stmt syntax.Stmt, do func(*syntax.Expr)) {
	switch s := stmt.(type) {
	case *syntax.ExprStmt:
		do(&s.X)
	case *syntax.AssignStmt:
		do(&s.LHS)
		do(&s.RHS)
	case *syntax.IfStmt:
		do(&s.Cond)
	case *syntax.ForStmt:
		do(&s.Vars)
		do(&s.X)
	case *syntax.WhileStmt:
		do(&s.Cond)
	case *syntax.ReturnStmt:
		if s.Result != nil {
			do(&s.Result)
		}
	case *syntax.DefStmt:
		eachDefault(s.Params, do)
	}
}

// blocks are the blocks of statements directly inside stmt.
func blocks(stmt syntax.Stmt) []*[]syntax.Stmt {
	switch s := stmt.(type) {
	case *syntax.IfStmt:
		return []*[]syntax.Stmt{&s.True, &s.False}
	case *syntax.ForStmt:
		return []*[]syntax.Stmt{&s.Body}
	case *syntax.WhileStmt:
		return []*[]syntax.Stmt{&s.Body}
	case *syntax.DefStmt:
		return []*[]syntax.Stmt{&s.Body}
	}
	return nil
}

// Rewrite calls do for every expression in stmts, innermost first, and puts its answer in the expression's place.
func Rewrite(stmts []syntax.Stmt, do func(syntax.Expr) syntax.Expr) {
	var visit func(*syntax.Expr)
	visit = func(e *syntax.Expr) {
		eachChild(*e, visit)
		*e = do(*e)
	}
	Statements(stmts, func(stmt syntax.Stmt) { eachExpr(stmt, visit) })
}

// Statements calls do for every statement in stmts, outermost first.
func Statements(stmts []syntax.Stmt, do func(syntax.Stmt)) {
	for _, stmt := range stmts {
		do(stmt)
		for _, b := range blocks(stmt) {
			Statements(*b, do)
		}
	}
}

// restore puts the tree of the masked text right: literals, chained comparisons, print and has_key.
func (p *parser) restore(f *syntax.File) {
	f.Stmts = p.statements(f.Stmts)
	Rewrite(f.Stmts, p.restored)
}

func (p *parser) restored(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Literal:
		if lit, ok := p.literals[placeOf(e.TokenPos)]; ok {
			e.Raw, e.Value = lit.raw, lit.value
		}
	case *syntax.BinaryExpr:
		if _, marked := p.chains[placeOf(e.OpPos)]; !marked && len(p.chains) > 0 {
			return p.unchain(e)
		}
	case *syntax.CallExpr:
		if dot, ok := e.Fn.(*syntax.DotExpr); ok && dot.Name.Name == "has_key" && len(e.Args) == 1 && plain(e.Args[0]) {
			in := &syntax.BinaryExpr{X: e.Args[0], OpPos: dot.Dot, Op: syntax.IN, Y: dot.X}
			return &syntax.ParenExpr{Lparen: e.Lparen, X: in, Rparen: e.Rparen}
		}
	}
	return e
}

// plain reports whether arg is a positional argument.
func plain(arg syntax.Expr) bool {
	switch arg := arg.(type) {
	case *syntax.BinaryExpr:
		return arg.Op != syntax.EQ
	case *syntax.UnaryExpr:
		return arg.Op != syntax.STAR && arg.Op != syntax.STARSTAR
	}
	return true
}

// statements drops what masked the imports and makes calls of print statements.
func (p *parser) statements(stmts []syntax.Stmt) []syntax.Stmt {
	kept := stmts[:0]
	for _, stmt := range stmts {
		for _, b := range blocks(stmt) {
			*b = p.statements(*b)
		}
		if p.dropped[placeOf(syntax.Start(stmt))] {
			continue
		}
		kept = append(kept, p.printed(stmt))
	}
	return kept
}

// printed is the call of print that stmt stands for, or stmt.
func (p *parser) printed(stmt syntax.Stmt) syntax.Stmt {
	switch s := stmt.(type) {
	case *syntax.AssignStmt:
		if at := syntax.Start(s); p.prints[placeOf(at)] {
			return printCall(at, s.RHS)
		}
	case *syntax.ExprStmt:
		if id, ok := s.X.(*syntax.Ident); ok && id.Name == "print" {
			return printCall(id.NamePos, &syntax.TupleExpr{Lparen: id.NamePos})
		}
	}
	return stmt
}

func printCall(at syntax.Position, what syntax.Expr) syntax.Stmt {
	args := []syntax.Expr{what}
	if t, ok := what.(*syntax.TupleExpr); ok {
		args = t.List
	}
	end := at
	if len(args) > 0 {
		end = syntax.End(what)
	}
	return &syntax.ExprStmt{X: &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: "print"}, Lparen: at, Args: args, Rparen: end}}
}
