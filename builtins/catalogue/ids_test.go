package catalogue_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// computed are the ids that are not written as one text, by how they are.
var computed = map[string][]string{
	`"bad-" + kindOf(param)`: {"bad-port", "bad-network", "bad-group", "bad-number"},
}

var idForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// idsOf are the ids of findings in the program at root, each with a place where it is made: what stands in the field ID
// of a Finding, and what is given for a parameter called id.
func idsOf(t *testing.T, root string) map[string]string {
	t.Helper()
	r := &reader{t: t, set: token.NewFileSet(), word: filepath.ToSlash(filepath.Join(root, "builtins/word")), takes: map[string]int{}, ids: map[string]string{}}
	var files []*ast.File
	var dirs []string
	for _, part := range []string{"engine", "builtins"} {
		err := filepath.WalkDir(filepath.Join(root, part), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(r.set, path, nil, parser.SkipObjectResolution)
			files, dirs = append(files, f), append(dirs, filepath.ToSlash(filepath.Dir(path)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range files {
		r.dir = dirs[i]
		ast.Inspect(f, r.functions)
	}
	for i, f := range files {
		r.dir = dirs[i]
		ast.Inspect(f, r.uses)
	}
	return r.ids
}

type reader struct {
	t     *testing.T
	set   *token.FileSet
	dir   string         // of the file that is read
	word  string         // of package builtins/word, whose functions others call
	takes map[string]int // which parameter of a function is the id, by its package, name and number of parameters
	ids   map[string]string
}

// functions learns which functions take an id.
func (r *reader) functions(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncDecl:
		r.function(n.Name.Name, n.Type)
	case *ast.AssignStmt:
		for i, v := range n.Rhs {
			if lit, ok := v.(*ast.FuncLit); ok && len(n.Lhs) == len(n.Rhs) {
				if name, ok := n.Lhs[i].(*ast.Ident); ok {
					r.function(name.Name, lit.Type)
				}
			}
		}
	}
	return true
}

// function notes a function with a parameter id that has another text, too: what it says of it.
func (r *reader) function(name string, f *ast.FuncType) {
	at, id, texts := 0, -1, 0
	for _, field := range f.Params.List {
		for _, p := range field.Names {
			if t, ok := field.Type.(*ast.Ident); ok && t.Name == "string" {
				texts++
				if p.Name == "id" {
					id = at
				}
			}
			at++
		}
	}
	if id >= 0 && texts > 1 {
		r.takes[r.dir+"/"+name+"/"+strconv.Itoa(at)] = id
	}
}

// uses collects the ids.
func (r *reader) uses(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch fn := n.Fun.(type) {
		case *ast.Ident:
			name = fn.Name
		case *ast.SelectorExpr:
			name = fn.Sel.Name
		}
		for _, dir := range []string{r.dir, r.word} {
			if i, ok := r.takes[dir+"/"+name+"/"+strconv.Itoa(len(n.Args))]; ok {
				r.id(n.Args[i])
				break
			}
		}
	case *ast.CompositeLit:
		r.finding(n)
	}
	return true
}

func (r *reader) finding(n *ast.CompositeLit) {
	fields := map[string]ast.Expr{}
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	if fields["ID"] != nil && fields["Severity"] != nil && isFinding(n.Type) {
		r.id(fields["ID"])
	}
}

// isFinding reports whether a literal of type t may be a finding; an element of a list of findings has no type.
func isFinding(t ast.Expr) bool {
	switch t := t.(type) {
	case nil:
		return true
	case *ast.Ident:
		return t.Name == "Finding"
	case *ast.SelectorExpr:
		return t.Sel.Name == "Finding"
	}
	return false
}

func (r *reader) id(e ast.Expr) {
	at := r.set.Position(e.Pos()).String()
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && idForm.MatchString(text) {
			r.ids[text] = at
		} else {
			r.t.Errorf("%s: %s is no id: write small letters and hyphens", at, e.Value)
		}
	case *ast.Ident: // passed on
		if e.Name != "id" {
			r.t.Errorf("%s: the id of a finding is not written where it is made", at)
		}
	case *ast.BinaryExpr:
		for form, ids := range computed {
			if form == r.text(e) {
				for _, id := range ids {
					r.ids[id] = at
				}
				return
			}
		}
		r.t.Errorf("%s: the id %s is not listed in computed", at, r.text(e))
	default:
		r.t.Errorf("%s: the id of a finding is not written where it is made", at)
	}
}

// text is a sum of a literal and a call, as written.
func (r *reader) text(e *ast.BinaryExpr) string {
	lit, ok := e.X.(*ast.BasicLit)
	call, ok2 := e.Y.(*ast.CallExpr)
	if !ok || !ok2 || len(call.Args) != 1 {
		return "sum"
	}
	fn, _ := call.Fun.(*ast.Ident)
	arg, _ := call.Args[0].(*ast.Ident)
	if fn == nil || arg == nil {
		return "sum"
	}
	return lit.Value + " + " + fn.Name + "(" + arg.Name + ")"
}
