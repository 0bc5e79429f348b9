// Package review reads the text of a policy for what runs and can hardly be meant: statements that are never reached,
// values that are overwritten before anybody sees them, classes, methods and imports that nothing uses.
//
// Package builtins gives it every file that it loads, and takes the findings when the policy is complete.
package review

import (
	"fmt"
	"strings"

	"go.starlark.net/syntax"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// Policy is the text of a policy, file by file.
type Policy struct {
	// Methods are what a proxy class may define to be called by the engine; Proxies are the classes that come with it.
	Methods, Proxies []string
	// Module reports whether a module comes with zorpgo: its names may be imported without being used.
	Module func(name string) bool

	found   source.Findings
	unused  source.Findings // if the policy is complete
	named   map[string]int  // how often an identifier stands in the policy
	dotted  map[string]int  // the same of names behind a dot
	quoted  map[string]int  // and of texts
	classes []*class
}

// class is a class statement at the top level of a file.
type class struct {
	name    string
	pos     source.Pos
	bases   []string
	methods []method
}

type method struct {
	name string
	pos  source.Pos
}

// Learn takes a file.
func (p *Policy) Learn(f *dialect.File) {
	if p.named == nil {
		p.named, p.dotted, p.quoted = map[string]int{}, map[string]int{}, map[string]int{}
	}
	own := map[string]int{}
	syntax.Walk(f.Syntax, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Ident:
			p.named[n.Name]++
			own[n.Name]++
		case *syntax.DotExpr:
			p.dotted[n.Name.Name]++
		case *syntax.Literal:
			if text, ok := n.Value.(string); ok {
				p.quoted[text]++
			}
		case *syntax.DictExpr:
			p.keys(n)
		}
		return true
	})
	p.block(f.Syntax.Stmts)
	dialect.Statements(f.Syntax.Stmts, p.blocks)
	for _, stmt := range f.Syntax.Stmts {
		p.class(stmt, f.Syntax.Stmts)
	}
	p.imports(f, own)
}

// Findings are what there is to say. Unless the policy is complete, what seems unused may be used by what is missing.
func (p *Policy) Findings(complete bool) source.Findings {
	if !complete {
		p.found.Sort()
		return p.found
	}
	p.found = append(p.found, p.unused...)
	for _, c := range p.classes {
		if p.named[c.name] == 1 && p.dotted[c.name] == 0 {
			p.find(c.pos, source.Warning, "unused-class", "class "+c.name+" is used nowhere", p.use(c))
		} else if p.proxy(c, 0) {
			p.unusedMethods(c)
		}
	}
	p.found.Sort()
	return p.found
}

// use is what an administrator may have meant to do with a class.
func (p *Policy) use(c *class) string {
	if p.proxy(c, 0) || len(c.bases) == 0 {
		return "name it as proxy_class of a Service, or remove it"
	}
	return "write " + c.name + "(...) where it is wanted, or remove it"
}

func (p *Policy) find(pos source.Pos, severity source.Severity, id, message, hint string) {
	p.found = append(p.found, source.Finding{Pos: pos, Severity: severity, ID: id, Message: message, Hint: hint})
}

// imports finds names that are imported from a file of the policy and not used.
func (p *Policy) imports(f *dialect.File, used map[string]int) {
	for _, imp := range f.Imports {
		if strings.HasPrefix(imp.Module, "Zorp") || p.Module(imp.Module) {
			continue
		}
		for i, name := range imp.Names {
			if used[name] == 0 {
				p.unused = append(p.unused, source.Finding{Pos: imp.NamePos[i], Severity: source.Warning, ID: "unused-import",
					Message: fmt.Sprintf("%s is imported from %s and not used", name, imp.Module), Hint: "leave the name out; the file is loaded by: import " + imp.Module})
			}
		}
	}
}

func posOf(p syntax.Position) source.Pos {
	return source.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}
