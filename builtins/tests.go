package builtins

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/interp"
	"zorpgo/engine"
	"zorpgo/engine/source"
)

// Test is a function of a file of tests.
type Test struct {
	Name string
	Pos  source.Pos
	Func *starlark.Function // takes one argument
}

// LoadTests is Load of a policy and of files with its tests, which see the names of the policy and are no part of it.
// The tests come in the order in which they are written. Cover, which may be nil, counts what runs of the policy.
func LoadTests(opts Options, cover *Coverage, files, tests []string) (*engine.Config, []Test, source.Findings, error) {
	l := newLoad(opts)
	l.cover = cover
	for _, file := range tests {
		l.tests = append(l.tests, filepath.Clean(file))
	}
	config, policy, found, err := l.run(files)
	if config == nil || err != nil {
		return nil, nil, found, err
	}
	return config, testsOf(policy, l.tests), found, nil
}

func testsOf(policy *interp.Policy, files []string) (list []Test) {
	for name, v := range policy.Globals {
		f, ok := v.(*starlark.Function)
		if ok && strings.HasPrefix(name, "test_") && f.Name() == name && slices.Contains(files, f.Position().Filename()) {
			list = append(list, Test{Name: name, Pos: interp.PosOf(f.Position()), Func: f})
		}
	}
	slices.SortFunc(list, func(a, b Test) int {
		return cmp.Or(cmp.Compare(slices.Index(files, a.Pos.File), slices.Index(files, b.Pos.File)), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	return list
}

// ran is what a method that is counted calls first; no policy can spell it.
const ran = "ran method"

// Coverage counts which methods of a policy ran, over any number of loads.
type Coverage struct {
	Methods []Method
	at      map[source.Pos]int // their places in Methods
}

// Method is one of a class of the policy.
type Method struct {
	Name string
	Pos  source.Pos
	Runs int
}

// mark has every method of a file begin with a call of ran.
func (c *Coverage) mark(f *syntax.File) {
	syntax.Walk(f, func(n syntax.Node) bool {
		def, ok := n.(*syntax.DefStmt)
		if !ok || len(def.Params) == 0 || len(def.Body) == 0 {
			return true
		}
		if self, ok := def.Params[0].(*syntax.Ident); ok && self.Name == "self" {
			def.Body = slices.Insert(def.Body, afterDoc(def.Body), c.call(def))
		}
		return true
	})
}

// afterDoc is where a body begins to do something: a first text is its documentation.
func afterDoc(body []syntax.Stmt) int {
	if first, ok := body[0].(*syntax.ExprStmt); ok {
		if text, ok := first.X.(*syntax.Literal); ok && text.Token == syntax.STRING {
			return 1
		}
	}
	return 0
}

func (c *Coverage) call(def *syntax.DefStmt) syntax.Stmt {
	pos := interp.PosOf(def.Def)
	if c.at == nil {
		c.at = map[source.Pos]int{}
	}
	i, known := c.at[pos]
	if !known {
		i = len(c.Methods)
		c.at[pos] = i
		c.Methods = append(c.Methods, Method{Name: def.Name.Name, Pos: pos})
	}
	number := &syntax.Literal{Token: syntax.INT, TokenPos: def.Def, Raw: "0", Value: int64(i)}
	return &syntax.ExprStmt{X: &syntax.CallExpr{Fn: &syntax.Ident{NamePos: def.Def, Name: ran}, Lparen: def.Def,
		Args: []syntax.Expr{number}, Rparen: def.Def}}
}

func (c *Coverage) ran(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	i, _ := starlark.AsInt32(args[0])
	c.Methods[i].Runs++
	return starlark.None, nil
}
