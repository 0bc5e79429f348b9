package dialect

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

// header is what "class NAME(BASES):" says.
type header struct {
	name  *syntax.Ident
	bases []syntax.Expr
}

// class masks the header that token i begins by a function's of the same shape.
func (p *parser) class(i int) {
	at := p.tokens[i].start
	if i+1 >= len(p.tokens) || p.tokens[i+1].kind != name {
		p.fail(at, "syntax", "class needs a name", "write class NAME(BASE):")
		return
	}
	id := p.tokens[i+1]
	h := &header{name: &syntax.Ident{NamePos: p.position(id.start), Name: p.word(i + 1)}}
	if p.place(at).line != p.place(id.start).line {
		p.fail(at, "syntax", "class and its name stand on different lines", "")
		return
	}
	end := i + 2
	if p.word(end) == "(" {
		if end = p.bracketEnd(end); !p.bases(h, i+2, end) {
			return
		}
		p.write(at, "def  ")
	} else {
		p.blank(at, id.end)
		p.write(at, "def "+h.name.Name+"()")
	}
	p.headers[p.place(at)] = h
}

// bracketEnd is the token after the bracket that closes the one of token i.
func (p *parser) bracketEnd(i int) int {
	for n := i + 1; n < len(p.tokens); n++ {
		if p.tokens[n].depth == p.tokens[i].depth && p.tokens[n].kind == punct && strings.ContainsAny(p.word(n), ")]}") {
			return n + 1
		}
	}
	return len(p.tokens)
}

// bases parses the bases between tokens i and end-1, which are brackets, and blanks them.
func (p *parser) bases(h *header, i, end int) bool {
	start, stop := p.tokens[i].start, p.tokens[end-1].end
	at := p.place(start)
	part := syntax.FilePortion{Content: []byte(string(p.masked[start:stop])), FirstLine: at.line, FirstCol: at.col}
	e, err := options().ParseExpr(p.name, part, 0)
	if err != nil {
		p.fail(start, "syntax", "the bases of class "+h.name.Name+" are not a list of classes", "write class NAME(BASE):")
		return false
	}
	switch e := e.(type) {
	case *syntax.TupleExpr:
	case *syntax.ParenExpr:
		h.bases = []syntax.Expr{e.X}
		if t, ok := e.X.(*syntax.TupleExpr); ok && !t.Lparen.IsValid() {
			h.bases = t.List
		}
	default:
		p.fail(start, "syntax", "the bases of class "+h.name.Name+" are not a list of classes", "write class NAME(BASE):")
		return false
	}
	p.blankAll(start+1, stop-1)
	return true
}

// blankAll is blank for text inside brackets, where backslashes join nothing.
func (p *parser) blankAll(start, end int) {
	for n := start; n < end; n++ {
		if !isLineEnd(p.text[n]) {
			p.masked[n] = ' '
		}
	}
}

// importStatement records the import that token i begins and masks it by ().
func (p *parser) importStatement(i int) {
	end := p.statementEnd(i)
	at := p.tokens[i].start
	if !p.atTop(i) {
		p.fail(at, "not-in-zorpgo", "an import inside a block is not in zorpgo's policy language", "move it to the top of the file")
		return
	}
	words := p.tokens[i:end]
	ok := false
	if p.word(i) == "from" {
		ok = p.fromImport(i, end)
	} else {
		ok = p.plainImport(i+1, end)
	}
	if !ok {
		return
	}
	start, stop := at, words[len(words)-1].end
	p.blankAll(start, stop)
	p.masked[start], p.masked[stop-1] = '(', ')'
	p.dropped[p.place(start)] = true
}

// atTop reports whether the statement of token i stands at the left edge of the file, in no block.
func (p *parser) atTop(i int) bool {
	for ; i >= 0; i-- {
		if p.tokens[i].line {
			return p.place(p.tokens[i].start).col == 1 && !headerWords[p.word(i)]
		}
	}
	return false
}

// dotted reads a module's name from token i on; next is the token after it.
func (p *parser) dotted(i int) (module string, next int) {
	for {
		if i >= len(p.tokens) || p.tokens[i].kind != name {
			return "", i
		}
		module += p.word(i)
		if i++; p.word(i) != "." {
			return module, i
		}
		module += "."
		i++
	}
}

func (p *parser) plainImport(i, end int) bool {
	for {
		module, next := p.dotted(i)
		switch {
		case module == "" || next > end:
			return p.badImport(i)
		case p.word(next) == "as":
			return p.noAs(next)
		}
		p.imports = append(p.imports, Import{Pos: p.pos(p.tokens[i].start), Module: module})
		if next == end {
			return true
		}
		if p.word(next) != "," {
			return p.badImport(next)
		}
		i = next + 1
	}
}

func (p *parser) fromImport(i, end int) bool {
	if p.word(i+1) == "." {
		p.fail(p.tokens[i+1].start, "not-in-zorpgo", "a relative import is not in zorpgo's policy language", "write from NAME import *, for NAME.star beside this file")
		return false
	}
	module, next := p.dotted(i + 1)
	if module == "" || p.word(next) != "import" {
		return p.badImport(next)
	}
	imp := Import{Pos: p.pos(p.tokens[i+1].start), Module: module}
	next++
	if p.word(next) == "*" && next+1 == end {
		imp.Star = true
	} else if !p.importNames(&imp, next, end) {
		return false
	}
	p.imports = append(p.imports, imp)
	return true
}

// importNames reads "a, b" or "(a, b,)" from token i to before end.
func (p *parser) importNames(imp *Import, i, end int) bool {
	if p.word(i) == "(" && p.word(end-1) == ")" {
		i, end = i+1, end-1
		if p.word(end-1) == "," {
			end--
		}
	}
	for ; ; i++ {
		if i >= end || p.tokens[i].kind != name {
			return p.badImport(min(i, end))
		}
		imp.Names = append(imp.Names, p.word(i))
		imp.NamePos = append(imp.NamePos, p.pos(p.tokens[i].start))
		if i++; i == end {
			return true
		}
		if p.word(i) == "as" {
			return p.noAs(i)
		}
		if p.word(i) != "," {
			return p.badImport(i)
		}
	}
}

func (p *parser) noAs(i int) bool {
	p.fail(p.tokens[i].start, "not-in-zorpgo", "import ... as is not in zorpgo's policy language", "import the name, then write new = name")
	return false
}

func (p *parser) badImport(i int) bool {
	at := len(p.text)
	if i = min(i, len(p.tokens)-1); i >= 0 {
		at = p.tokens[i].start
	}
	p.fail(at, "syntax", "the import statement is not complete", "write from MODULE import NAME, NAME or from MODULE import *")
	return false
}

// errorAt is a finding at a node of the tree.
func (p *parser) errorAt(pos syntax.Position, id, message, hint string) {
	at := source.Pos{File: p.name, Line: int(pos.Line), Col: int(pos.Col)}
	f := source.Finding{Pos: at, Severity: source.Error, ID: id, Message: message, Hint: hint}
	if !slices.Contains(p.findings, f) {
		p.findings = append(p.findings, f)
	}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
