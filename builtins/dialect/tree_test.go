package dialect

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.starlark.net/syntax"
)

// dump writes every field of a tree, positions included.
func dump(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil ")
			return
		}
		dump(b, v.Elem())
	case reflect.Slice:
		b.WriteString("[")
		for i := range v.Len() {
			dump(b, v.Index(i))
		}
		b.WriteString("] ")
	case reflect.Struct:
		if pos, ok := v.Interface().(syntax.Position); ok {
			fmt.Fprintf(b, "%d:%d ", pos.Line, pos.Col)
			return
		}
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Options" && f.Name != "Path" {
				dump(b, v.Field(i))
			}
		}
		b.WriteString("} ")
	default:
		fmt.Fprintf(b, "%v ", v.Interface())
	}
}

func dumped(stmts []syntax.Stmt) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(stmts))
	return b.String()
}

// same are texts that a policy reads as Starlark reads the text right of it, positions apart.
var same = []struct{ policy, starlark string }{
	{`x = a is b`, `x = a == b`},
	{`x = a is not b`, `x = a != b`},
	{`x = a <> b`, `x = a != b`},
	{`x = 0644 + 10L + 0xFFL + 00 + 0L`, `x = 420 + 10 + 255 + 0 + 0`},
	{`x = u"a" ur"\d" R"\e"`, `x = "a\\d\\e"`},
	{`x = "\.\d" "\n"`, `x = "\\.\\d\n"`},
	{"x = 'a' \"\"\"b\nc\"\"\"", `x = "ab\nc"`},
	{"x = ''\\\n\"\"\"b\nc\"\"\" 'd'", `x = "b\ncd"`},
	{"x = ('a' # one\n  'b'\n)", `x = ("ab")`},
	{"x = ''\\\n''", `x = ""`},
	{"f('a\\\nb' 'c\\\nd')", `f("abcd")`},
	{`print x, "a %s" % b`, `print(x, "a %s" % b)`},
	{`print "a",`, `print("a")`},
	{`print`, `print()`},
	{`print(x)`, `print(x)`},
	{`if x: print -1; print y # c`, "if x:\n  print(-1)\n  print(y)"},
	{`x = d.has_key(k)`, `x = (k in d)`},
	{`x = a < b < c`, `x = a < b and b < c`},
	{`x = a<b<=c!=d`, `x = a < b and (b <= c and c != d)`},
	{`x = a < b | c < d | e`, `x = a < (b | c) and (b | c) < (d | e)`},
	{`x = not a < b in c or d is not e not in f`, `x = not (a < b and b in c) or (d != e and e not in f)`},
	{`x = [a < b for a in c if a in d]`, `x = [a < b for a in c if a in d]`},
	{"for a in b < c: pass", "for a in b < c: pass"},
	{"from Zorp.Core import *\nimport Zorp, x\nfrom a import (b, # c\n c)\ny = 1", "y = 1"},
	{"\ufeffx = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"},
	{"x = 1\f\ny = 2", "x = 1\ny = 2\n"},
}

func TestSameTree(t *testing.T) {
	for _, c := range same {
		f, findings := Parse("p.star", []byte(c.policy))
		if len(findings) > 0 {
			t.Errorf("%s: %v", c.policy, findings)
			continue
		}
		want, err := options().Parse("p.star", c.starlark, 0)
		if err != nil {
			t.Fatal(c.starlark, err)
		}
		if got, want := shape(f.Syntax.Stmts), shape(want.Stmts); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.policy, got, want)
		}
	}
}

// shape is dumped without positions, parentheses, raw texts and the difference of a chain's hidden function.
func shape(stmts []syntax.Stmt) string {
	Rewrite(stmts, func(e syntax.Expr) syntax.Expr {
		switch e := e.(type) {
		case *syntax.ParenExpr:
			return e.X
		case *syntax.Literal:
			e.Raw = ""
		case *syntax.CallExpr:
			return inlined(e)
		}
		return e
	})
	var b strings.Builder
	for _, w := range strings.Fields(dumped(stmts)) {
		if !strings.Contains(w, ":") {
			b.WriteString(w + " ")
		} else if i := strings.LastIndex(w, "{"); i >= 0 {
			b.WriteString(w[:i+1] + " ")
		}
	}
	return b.String()
}

// inlined puts the arguments of a chain's hidden function into its body.
func inlined(e *syntax.CallExpr) syntax.Expr {
	f, ok := e.Fn.(*syntax.LambdaExpr)
	if !ok || firstParam(f.Params) != chainLeft {
		return e
	}
	body := []syntax.Stmt{&syntax.ExprStmt{X: f.Body}}
	Rewrite(body, func(x syntax.Expr) syntax.Expr {
		if isIdent(x, chainLeft) {
			return e.Args[0]
		} else if isIdent(x, chainRight) {
			return e.Args[1]
		}
		return x
	})
	return body[0].(*syntax.ExprStmt).X
}

// TestPositions checks that every name and literal of the tree stands where the tree says.
func TestPositions(t *testing.T) {
	for _, src := range positioned {
		f, findings := Parse("p.star", []byte(src))
		if len(findings) > 0 {
			t.Errorf("%s: %v", src, findings)
			continue
		}
		s := newScanner("p.star", []byte(src))
		syntax.Walk(f.Syntax, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Ident:
				at := s.offset(placeOf(n.NamePos))
				if !Hidden(n.Name) && !s.has(at, n.Name) && n.Name != SuperBuiltin && !s.has(at, "super") {
					t.Errorf("%q is not at %v of\n%s", n.Name, n.NamePos, src)
				}
			case *syntax.BinaryExpr:
				if at := s.offset(placeOf(n.OpPos)); s.peek(at) == ' ' {
					t.Errorf("%v is not at %v of\n%s", n.Op, n.OpPos, src)
				}
			}
			return true
		})
	}
}

var positioned = []string{
	"class X: y = z",
	"class X(A, Zorp.Smtp.B): # c\n    '''doc'''\n    a, b = c, 1\n    def config(self, d=a):\n        self.x = d\n        super().config()\n",
	"class X(\n  A, # one\n  B\n):\n  class Y(A):\n    p = 1\n    q = p\n  for i in A: j = i\n  z += 1\nw = X",
	"def f(é):\n    class Xé(é): pass\n    return Xé, 'ü' 'ö', é < é is not é",
	"x = ('a'\n  'b'); y = z\r\nprint x, y; z = 0644 is w\r\n",
}

func FuzzParse(f *testing.F) {
	for _, c := range same {
		f.Add(c.policy)
	}
	for _, src := range positioned {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		file, findings := Parse("p.star", []byte(src))
		for _, word := range []string{"\x00", "has_key", "print", "assert", "exec", "load", "while"} {
			if strings.Contains(src, word) {
				return
			}
		}
		want, err := options().Parse("p.star", src, 0)
		if err != nil {
			return
		}
		if len(findings) > 0 {
			t.Fatalf("%q: Starlark reads it, got %v", src, findings)
		}
		if got, want := dumped(file.Syntax.Stmts), dumped(want.Stmts); got != want {
			t.Fatalf("%q:\n got %s\nwant %s", src, got, want)
		}
	})
}
