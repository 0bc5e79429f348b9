package dialect

import "go.starlark.net/syntax"

// chainOp is an operator that a chained comparison has after its first.
type chainOp struct {
	op  syntax.Token
	pos syntax.Position
}

var comparisons = map[string]syntax.Token{"<": syntax.LT, ">": syntax.GT, "<=": syntax.LE, ">=": syntax.GE,
	"==": syntax.EQL, "!=": syntax.NEQ, "<>": syntax.NEQ, "in": syntax.IN, "is": syntax.EQL}

// between ends an operand of a comparison.
var between = map[string]bool{"and": true, "or": true, "not": true, "if": true, "else": true, "lambda": true, "return": true,
	",": true, ":": true, ";": true, "=": true, ":=": true, "print": true, "elif": true, "for": true, "while": true, "assert": true}

// maskChains writes | for every operator that follows another of the same comparison: the one binary operator that
// binds just tighter than a comparison, so "a < b < c" is read as "a < (b | c)" and can be told apart by the place.
func (p *parser) maskChains() {
	type state struct{ seen, forVars bool }
	stack := []state{{}}
	for i := 0; i < len(p.tokens); i++ {
		t, w, top := p.tokens[i], p.word(i), &stack[len(stack)-1]
		op, width := p.comparison(i)
		switch {
		case t.kind == newline || t.line:
			stack = []state{{forVars: w == "for"}}
		case t.kind == text || t.kind == number:
		case w == "(" || w == "[" || w == "{":
			stack = append(stack, state{})
		case (w == ")" || w == "]" || w == "}") && len(stack) > 1:
			stack = stack[:len(stack)-1]
		case op != 0 && top.forVars:
			top.forVars = false
		case op != 0 && top.seen:
			p.chains[p.place(t.start)] = chainOp{op, p.position(t.start)}
			p.blank(t.start, p.tokens[i+width-1].end)
			p.masked[t.start] = '|'
			i += width - 1
		case op != 0:
			top.seen = true
			i += width - 1
		case between[w]:
			*top = state{forVars: w == "for"}
		}
	}
}

// comparison is the comparison operator at token i and how many tokens it has.
func (p *parser) comparison(i int) (op syntax.Token, width int) {
	switch w := p.word(i); {
	case p.tokens[i].kind != name && p.tokens[i].kind != punct || p.word(i-1) == ".":
		return 0, 0
	case w == "not" && p.word(i+1) == "in":
		return syntax.NOT_IN, 2
	case w == "is" && p.word(i+1) == "not":
		return syntax.NEQ, 2
	default:
		return comparisons[w], 1
	}
}

// link is one "op y" of a chain.
type link struct {
	chainOp
	y syntax.Expr
}

// unchain turns x op (b | c) back into x op b and b op2 c if a | in it is an operator masked by maskChains.
func (p *parser) unchain(e *syntax.BinaryExpr) syntax.Expr {
	links := p.links(e.Y)
	if len(links) == 1 {
		return e
	}
	links[0].chainOp = chainOp{e.Op, e.OpPos}
	return joined(e.X, links)
}

// links splits e at the masked operators of its left spine.
func (p *parser) links(e syntax.Expr) []link {
	b, ok := e.(*syntax.BinaryExpr)
	if !ok || b.Op != syntax.PIPE {
		return []link{{y: e}}
	}
	links := p.links(b.X)
	if op, ok := p.chains[placeOf(b.OpPos)]; ok {
		return append(links, link{op, b.Y})
	}
	last := &links[len(links)-1]
	last.y = &syntax.BinaryExpr{X: last.y, OpPos: b.OpPos, Op: syntax.PIPE, Y: b.Y}
	return links
}

// Names of the hidden function that evaluates a chain's operands once.
const chainLeft, chainRight = "chain left", "chain right"

// joined is x op1 y1 and y1 op2 y2 ...; a y that is more than a name is evaluated once, as a parameter.
func joined(x syntax.Expr, links []link) syntax.Expr {
	l := links[0]
	if len(links) == 1 {
		return compare(x, l.chainOp, l.y)
	}
	if simple(l.y) {
		return both(compare(x, l.chainOp, l.y), links[1].pos, joined(l.y, links[1:]))
	}
	left := func() *syntax.Ident { return &syntax.Ident{NamePos: l.pos, Name: chainLeft} }
	right := func() *syntax.Ident { return &syntax.Ident{NamePos: l.pos, Name: chainRight} }
	body := both(compare(left(), l.chainOp, right()), links[1].pos, joined(right(), links[1:]))
	f := &syntax.LambdaExpr{Lambda: l.pos, Params: []syntax.Expr{left(), right()}, Body: body}
	return &syntax.CallExpr{Fn: f, Lparen: l.pos, Args: []syntax.Expr{x, l.y}, Rparen: l.pos}
}

func compare(x syntax.Expr, op chainOp, y syntax.Expr) syntax.Expr {
	return &syntax.BinaryExpr{X: x, OpPos: op.pos, Op: op.op, Y: y}
}

func both(x syntax.Expr, pos syntax.Position, y syntax.Expr) syntax.Expr {
	return &syntax.BinaryExpr{X: x, OpPos: pos, Op: syntax.AND, Y: y}
}

// simple reports whether e may be evaluated twice.
func simple(e syntax.Expr) bool {
	switch e.(type) {
	case *syntax.Ident, *syntax.Literal:
		return true
	}
	return false
}
