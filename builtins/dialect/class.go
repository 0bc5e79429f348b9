package dialect

import (
	"sort"

	"go.starlark.net/syntax"
)

// classes turns every class statement of f into what makes the class.
func (p *parser) classes(f *syntax.File) { f.Stmts = p.block(f.Stmts, "") }

// block rewrites the statements of a file or a function; outer is the qualified name of what they are in.
func (p *parser) block(stmts []syntax.Stmt, outer string) []syntax.Stmt {
	var out []syntax.Stmt
	for _, stmt := range stmts {
		def, isDef := stmt.(*syntax.DefStmt)
		if isDef {
			if h := p.headers[placeOf(def.Def)]; h != nil {
				made, call := p.made(def, h, outer)
				out = append(out, made, assign(&syntax.Ident{NamePos: h.name.NamePos, Name: h.name.Name}, call))
				continue
			}
		}
		for _, b := range blocks(stmt) {
			in := outer
			if isDef {
				in = outer + def.Name.Name + "."
			}
			*b = p.block(*b, in)
		}
		out = append(out, stmt)
	}
	return out
}

// made is the function that binds what the class body says, and the call that makes the class of it.
func (p *parser) made(def *syntax.DefStmt, h *header, outer string) (*syntax.DefStmt, syntax.Expr) {
	at := h.name.NamePos
	c := &classBody{parser: p, name: outer + h.name.Name, bound: map[string]bool{}, reads: map[string]bool{}}
	def.Body = c.block(def.Body)
	def.Name = &syntax.Ident{NamePos: at, Name: "class " + c.name}
	def.Params = []syntax.Expr{&syntax.Ident{NamePos: at, Name: namespace}}
	reads := make([]string, 0, len(c.reads))
	for r := range c.reads {
		reads = append(reads, r)
	}
	sort.Strings(reads)
	args := []syntax.Expr{str(at, h.name.Name), tuple(at, h.bases), &syntax.Ident{NamePos: at, Name: def.Name.Name}, strs(at, reads)}
	return def, &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: ClassBuiltin}, Lparen: at, Args: args, Rparen: at}
}

// classBody rewrites the body of one class: what it binds goes to the namespace, and its own reads come from there.
type classBody struct {
	*parser
	name  string          // qualified
	bound map[string]bool // by the statements so far
	reads map[string]bool // attributes that methods read from their first parameter
}

func (c *classBody) block(stmts []syntax.Stmt) []syntax.Stmt {
	var out []syntax.Stmt
	for _, stmt := range stmts {
		switch s := stmt.(type) {
		case *syntax.DefStmt:
			out = append(out, c.def(s)...)
			continue
		case *syntax.AssignStmt:
			c.assign(s)
		case *syntax.ForStmt:
			c.read(&s.X)
			c.bind(&s.Vars)
			s.Body = c.block(s.Body)
		case *syntax.IfStmt:
			c.read(&s.Cond)
			s.True, s.False = c.block(s.True), c.block(s.False)
		case *syntax.ReturnStmt:
			c.errorAt(s.Return, "syntax", "return stands outside a function", "indent it to belong to a method")
		default:
			eachExpr(s, c.read)
		}
		out = append(out, stmt)
	}
	return out
}

// def is a method or a nested class.
func (c *classBody) def(s *syntax.DefStmt) []syntax.Stmt {
	if h := c.headers[placeOf(s.Def)]; h != nil {
		each(h.bases, c.read)
		made, call := c.made(s, h, c.name+".")
		c.bound[h.name.Name] = true
		return []syntax.Stmt{made, assign(c.slot(h.name.NamePos, h.name.Name), call)}
	}
	eachDefault(s.Params, c.read)
	own, at := s.Name.Name, s.Name.NamePos
	s.Name = &syntax.Ident{NamePos: at, Name: c.name + "." + own}
	s.Body = c.parser.block(s.Body, s.Name.Name+".")
	c.method(s)
	c.bound[own] = true
	return []syntax.Stmt{s, assign(c.slot(at, own), &syntax.Ident{NamePos: at, Name: s.Name.Name})}
}

// method records what s reads from its first parameter and gives super() its arguments.
func (c *classBody) method(s *syntax.DefStmt) {
	self := firstParam(s.Params)
	Rewrite(s.Body, func(e syntax.Expr) syntax.Expr {
		call, ok := e.(*syntax.CallExpr)
		if !ok {
			return e
		}
		if fn, ok := call.Fn.(*syntax.Ident); ok && fn.Name == SuperBuiltin && len(call.Args) == 0 {
			if self == "" {
				c.errorAt(fn.NamePos, "syntax", "super() stands in a function without self", "give the method the parameter self")
				return e
			}
			call.Args = []syntax.Expr{&syntax.Ident{NamePos: fn.NamePos, Name: namespace}, &syntax.Ident{NamePos: fn.NamePos, Name: self}}
		}
		return e
	})
	c.recordReads(s.Body, self)
}

func firstParam(params []syntax.Expr) string {
	if len(params) == 0 {
		return ""
	}
	switch param := params[0].(type) {
	case *syntax.Ident:
		return param.Name
	case *syntax.BinaryExpr:
		return param.X.(*syntax.Ident).Name
	}
	return ""
}

// assign rewrites x = y and x += y.
func (c *classBody) assign(s *syntax.AssignStmt) {
	c.read(&s.RHS)
	if id, ok := s.LHS.(*syntax.Ident); ok && s.Op != syntax.EQ && !c.bound[id.Name] {
		s.RHS = &syntax.BinaryExpr{X: &syntax.Ident{NamePos: id.NamePos, Name: id.Name}, OpPos: s.OpPos, Op: s.Op - (syntax.PLUS_EQ - syntax.PLUS), Y: s.RHS}
		s.Op = syntax.EQ
	}
	c.bind(&s.LHS)
}

// bind rewrites the target of an assignment.
func (c *classBody) bind(target *syntax.Expr) {
	switch t := (*target).(type) {
	case *syntax.Ident:
		c.bound[t.Name] = true
		*target = c.slot(t.NamePos, t.Name)
	case *syntax.TupleExpr:
		each(t.List, c.bind)
	case *syntax.ListExpr:
		each(t.List, c.bind)
	case *syntax.ParenExpr:
		c.bind(&t.X)
	default:
		eachChild(t, c.read)
	}
}

// read rewrites the names of an expression that the class body bound.
func (c *classBody) read(e *syntax.Expr) {
	switch x := (*e).(type) {
	case *syntax.Ident:
		if c.bound[x.Name] {
			*e = c.slot(x.NamePos, x.Name)
		}
	case *syntax.LambdaExpr:
		eachDefault(x.Params, c.read)
		if firstParam(x.Params) == chainLeft {
			c.read(&x.Body)
		}
	case *syntax.Comprehension:
		c.readComprehension(x)
	default:
		eachChild(x, c.read)
	}
}

// readComprehension is read where the comprehension's own variables hide names of the body.
func (c *classBody) readComprehension(x *syntax.Comprehension) {
	outer := c.bound
	c.bound = map[string]bool{}
	for n := range outer {
		c.bound[n] = true
	}
	for _, clause := range x.Clauses {
		switch clause := clause.(type) {
		case *syntax.ForClause:
			c.read(&clause.X)
			c.hide(clause.Vars)
		case *syntax.IfClause:
			c.read(&clause.Cond)
		}
	}
	c.read(&x.Body)
	c.bound = outer
}

func (c *classBody) hide(vars syntax.Expr) {
	if id, ok := vars.(*syntax.Ident); ok {
		delete(c.bound, id.Name)
		return
	}
	eachChild(vars, func(e *syntax.Expr) { c.hide(*e) })
}

// slot is namespace["name"].
func (c *classBody) slot(at syntax.Position, name string) syntax.Expr {
	return &syntax.IndexExpr{X: &syntax.Ident{NamePos: at, Name: namespace}, Lbrack: at, Y: str(at, name), Rbrack: at}
}

func assign(to, from syntax.Expr) syntax.Stmt {
	return &syntax.AssignStmt{OpPos: syntax.Start(to), Op: syntax.EQ, LHS: to, RHS: from}
}

func str(at syntax.Position, s string) syntax.Expr {
	return &syntax.Literal{Token: syntax.STRING, TokenPos: at, Raw: quoted(s), Value: s}
}

func strs(at syntax.Position, list []string) syntax.Expr {
	var exprs []syntax.Expr
	for _, s := range list {
		exprs = append(exprs, str(at, s))
	}
	return tuple(at, exprs)
}

func tuple(at syntax.Position, list []syntax.Expr) syntax.Expr {
	return &syntax.TupleExpr{Lparen: at, List: list, Rparen: at}
}
