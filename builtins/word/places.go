package word

import (
	"go.starlark.net/syntax"

	"zorpgo/builtins/interp"
	"zorpgo/engine/source"
)

// Places knows where the arguments of every call stand in the policy's text. The zero Places knows none.
type Places struct {
	calls  map[source.Pos]*callPlaces // by the position of the opening bracket
	starts map[source.Pos]source.Pos  // of what has a dot or an index, by the position of that
	set    map[string]source.Pos      // of the first assignment to an attribute of that name
	onSelf []Assignment
	read   map[string]bool // the attributes of self that some method reads
	defs   map[source.Pos]*syntax.DefStmt
	texts  map[string]int // how often a text stands in the policy
	Serves bool           // the policy mentions a method that names the server of a session
}

// serving are the methods that name the server.
var serving = map[string]bool{"setServer": true, "setServerAddress": true, "setTargetAddress": true, "setTargetAddressByHostname": true}

// Assignment is a place where a method sets an attribute of its object.
type Assignment struct {
	Name string
	Pos  source.Pos
}

type callPlaces struct {
	start source.Pos
	args  []syntax.Expr
}

// Learn takes the calls of a file.
func (p *Places) Learn(f *syntax.File) {
	if p.calls == nil {
		p.calls, p.starts = map[source.Pos]*callPlaces{}, map[source.Pos]source.Pos{}
		p.set, p.texts = map[string]source.Pos{}, map[string]int{}
		p.defs, p.read = map[source.Pos]*syntax.DefStmt{}, map[string]bool{}
	}
	targets := map[syntax.Expr]bool{}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch e := n.(type) {
		case *syntax.CallExpr:
			p.calls[position(e.Lparen)] = &callPlaces{exprPos(e), e.Args}
		case *syntax.DefStmt:
			p.defs[position(e.Def)] = e
		case *syntax.Literal:
			if text, ok := e.Value.(string); ok {
				p.texts[text]++
				p.Serves = p.Serves || serving[text]
			}
		case *syntax.DotExpr:
			p.Serves = p.Serves || serving[e.Name.Name]
			p.starts[position(e.Dot)] = exprPos(e)
			if !targets[e] && isSelf(e.X) {
				p.read[e.Name.Name] = true
			}
		case *syntax.IndexExpr:
			p.starts[position(e.Lbrack)] = exprPos(e)
		case *syntax.AssignStmt:
			targets[e.LHS] = e.Op == syntax.EQ
			p.assigned(e.LHS)
		}
		return true
	})
}

// Texts counts how often a text stands in the policy.
func (p *Places) Texts(text string) int { return p.texts[text] }

func (p *Places) assigned(to syntax.Expr) {
	dot, ok := to.(*syntax.DotExpr)
	if !ok {
		return
	}
	if isSelf(dot.X) {
		p.onSelf = append(p.onSelf, Assignment{dot.Name.Name, exprPos(dot)})
	}
	if _, known := p.set[dot.Name.Name]; !known {
		p.set[dot.Name.Name] = exprPos(dot)
	}
}

func isSelf(e syntax.Expr) bool {
	id, ok := e.(*syntax.Ident)
	return ok && id.Name == "self"
}

func position(p syntax.Position) source.Pos {
	return source.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}

func exprPos(e syntax.Expr) source.Pos {
	start, _ := e.Span()
	return position(start)
}

// locate finds the call that is being made: the caller's frame stands at its opening bracket.
func (c *Call) locate() {
	c.Pos = interp.CallerPos(c.Thread)
	if c.call = c.Draft.Places.calls[c.Pos]; c.call != nil {
		c.Pos = c.call.start
		if args := c.call.args; len(args) > 0 && isSelf(args[0]) { // DirectedRouter.__init__(self, ...)
			c.call = &callPlaces{c.call.start, args[1:]}
		}
	}
}

// positional is where positional argument i stands.
func (c *callPlaces) positional(i int, otherwise source.Pos) source.Pos {
	if c == nil || i >= len(c.args) || isSpread(c.args[i]) || isKeyword(c.args[i]) {
		return otherwise
	}
	return exprPos(c.args[i])
}

// keyword is where the argument given as name=value stands.
func (c *callPlaces) keyword(name string, otherwise source.Pos) place {
	if e := c.find(name); e != nil {
		return place{exprPos(e), exprPos(e.Y)}
	}
	return place{otherwise, otherwise}
}

func (c *callPlaces) find(name string) *syntax.BinaryExpr {
	if c == nil {
		return nil
	}
	for _, arg := range c.args {
		if e, ok := arg.(*syntax.BinaryExpr); ok && e.Op == syntax.EQ {
			if id, ok := e.X.(*syntax.Ident); ok && id.Name == name {
				return e
			}
		}
	}
	return nil
}

// element is where element i of a list argument stands.
func (c *callPlaces) element(name string, index, i int, otherwise source.Pos) source.Pos {
	if e := c.item(name, index, i); e != nil {
		return exprPos(e)
	}
	return otherwise
}

// item is element i of a list argument; nil if the policy does not write it there.
func (c *callPlaces) item(name string, index, i int) syntax.Expr {
	var list []syntax.Expr
	switch e := c.value(name, index).(type) {
	case *syntax.TupleExpr:
		list = e.List
	case *syntax.ListExpr:
		list = e.List
	}
	if i >= len(list) {
		return nil
	}
	return list[i]
}

// dictionary is element i of a list argument as if its entries were arguments by name.
func (c *callPlaces) dictionary(name string, index, i int) *callPlaces {
	dict, ok := c.item(name, index, i).(*syntax.DictExpr)
	if !ok {
		return nil
	}
	own := &callPlaces{start: exprPos(dict)}
	for _, e := range dict.List {
		entry := e.(*syntax.DictEntry)
		if key, ok := entry.Key.(*syntax.Literal); ok {
			if text, ok := key.Value.(string); ok {
				own.args = append(own.args, &syntax.BinaryExpr{X: &syntax.Ident{NamePos: key.TokenPos, Name: text}, Op: syntax.EQ, Y: entry.Value})
			}
		}
	}
	return own
}

func (c *callPlaces) value(name string, index int) syntax.Expr {
	var value syntax.Expr
	if e := c.find(name); e != nil {
		value = e.Y
	} else if c != nil && 0 <= index && index < len(c.args) && !isSpread(c.args[index]) && !isKeyword(c.args[index]) {
		value = c.args[index]
	}
	if paren, ok := value.(*syntax.ParenExpr); ok {
		return paren.X
	}
	return value
}

func isKeyword(e syntax.Expr) bool {
	b, ok := e.(*syntax.BinaryExpr)
	return ok && b.Op == syntax.EQ
}

func isSpread(e syntax.Expr) bool {
	u, ok := e.(*syntax.UnaryExpr)
	return ok && (u.Op == syntax.STAR || u.Op == syntax.STARSTAR)
}
