package review

import (
	"fmt"

	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

// blocks reads the statements that a statement is made of.
func (p *Policy) blocks(stmt syntax.Stmt) {
	switch s := stmt.(type) {
	case *syntax.DefStmt:
		p.block(s.Body)
	case *syntax.IfStmt:
		p.block(s.True)
		p.block(s.False)
	case *syntax.ForStmt:
		p.block(s.Body)
	}
}

// block reads statements that run one after the other.
func (p *Policy) block(stmts []syntax.Stmt) {
	p.unreachable(stmts)
	p.overwritten(stmts)
}

func (p *Policy) unreachable(stmts []syntax.Stmt) {
	for i, stmt := range stmts[:max(len(stmts)-1, 0)] {
		word := leaves(stmt)
		if word == "" || passes(stmts[i+1:]) {
			continue
		}
		p.find(posOf(syntax.Start(stmts[i+1])), source.Warning, "unreachable-code",
			fmt.Sprintf("this is never reached: line %d ends with %s", syntax.Start(stmt).Line, word),
			"move it up, or indent it less if it belongs to what comes after")
		return
	}
}

// leaves is the word by which stmt leaves its block in any case, or "".
func leaves(stmt syntax.Stmt) string {
	switch s := stmt.(type) {
	case *syntax.ReturnStmt:
		return "return"
	case *syntax.BranchStmt:
		if s.Token != syntax.PASS {
			return s.Token.String()
		}
	case *syntax.ExprStmt:
		if call, ok := s.X.(*syntax.CallExpr); ok && called(call, "fail") {
			return "fail"
		}
	}
	return ""
}

func passes(stmts []syntax.Stmt) bool {
	for _, stmt := range stmts {
		if s, ok := stmt.(*syntax.BranchStmt); !ok || s.Token != syntax.PASS {
			return false
		}
	}
	return true
}

// overwritten finds attributes and entries of tables that are set to one value and then, with nothing but other such
// statements in between, to another one.
func (p *Policy) overwritten(stmts []syntax.Stmt) {
	set := map[string]source.Pos{}
	for _, stmt := range stmts {
		s, ok := stmt.(*syntax.AssignStmt)
		if !ok || s.Op != syntax.EQ || calls(s.RHS) {
			clear(set) // something may have looked
			continue
		}
		forget(set, s.RHS)
		target := targetText(s.LHS)
		if target == "" {
			clear(set)
			continue
		}
		if first, twice := set[target]; twice {
			p.find(posOf(syntax.Start(s.LHS)), source.Warning, "set-twice", fmt.Sprintf("%s is set already in line %d", target, first.Line), "remove one of the two")
		}
		set[target] = posOf(syntax.Start(s.LHS))
	}
}

// targetText is x.name or x.name["key"] as written; "" for another target. A plain name is no finding.
func targetText(e syntax.Expr) string {
	switch e := e.(type) {
	case *syntax.DotExpr:
		if id, ok := e.X.(*syntax.Ident); ok {
			return id.Name + "." + e.Name.Name
		}
	case *syntax.IndexExpr:
		if of, key := targetText(e.X), literal(e.Y); of != "" && key != "" {
			return of + "[" + key + "]"
		}
	}
	return ""
}

// literal is a text or number, or several with commas, as written; "" for what is none.
func literal(e syntax.Expr) string {
	switch e := e.(type) {
	case *syntax.Literal:
		return e.Raw
	case *syntax.ParenExpr:
		return literal(e.X)
	case *syntax.TupleExpr:
		text := ""
		for i, part := range e.List {
			one := literal(part)
			if one == "" {
				return ""
			}
			if i > 0 {
				text += ", "
			}
			text += one
		}
		return text
	}
	return ""
}

func calls(e syntax.Expr) (found bool) {
	syntax.Walk(e, func(n syntax.Node) bool {
		_, call := n.(*syntax.CallExpr)
		found = found || call
		return !found
	})
	return found
}

// forget removes from set what e reads.
func forget(set map[string]source.Pos, e syntax.Expr) {
	syntax.Walk(e, func(n syntax.Node) bool {
		if dot, ok := n.(*syntax.DotExpr); ok {
			for target := range set {
				if read := targetText(dot); read == target || len(target) > len(read) && target[:len(read)+1] == read+"[" {
					delete(set, target)
				}
			}
		}
		return true
	})
}

// keys finds keys that stand twice in a dictionary.
func (p *Policy) keys(d *syntax.DictExpr) {
	first := map[string]source.Pos{}
	for _, e := range d.List {
		entry, ok := e.(*syntax.DictEntry)
		if !ok {
			continue
		}
		key := keyText(entry.Key)
		if key == "" {
			continue
		}
		at := posOf(syntax.Start(entry.Key))
		if o, twice := first[key]; twice {
			p.find(at, source.Error, "duplicate-key", fmt.Sprintf("the key %s stands already in line %d", key, o.Line), "remove one of the two; of both Python would take the later one")
			continue
		}
		first[key] = at
	}
}

// keyText is the value of a literal, so that "a" and 'a' are one key.
func keyText(e syntax.Expr) string {
	if lit, ok := e.(*syntax.Literal); ok {
		return fmt.Sprintf("%#v", lit.Value)
	}
	return literal(e)
}
