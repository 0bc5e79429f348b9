// Package dialect reads a policy's text into a Starlark syntax tree.
//
// A policy is Starlark plus what Zorp's Python policies need: class and import statements, and a few forms
// of Python 2. Starlark's own parser reads the text after everything it does not take was masked by something of
// exactly the same shape, so every position in the tree is the user's own; then the tree is put right.
// The loader of builtins/interp calls it.
package dialect

import (
	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

// File is one policy file, ready for starlark.FileProgram.
type File struct {
	Syntax  *syntax.File
	Imports []Import // in the order of the text; they are not in Syntax
}

// Import is one module of an import statement.
type Import struct {
	Pos     source.Pos   // of the module's name
	Module  string       // "Zorp.Smtp"
	Names   []string     // nil for "import Module" and for Star
	NamePos []source.Pos // of each of Names
	Star    bool         // from Module import *
}

// Names that the tree uses and no user can type; the interpreter binds them.
const (
	ClassBuiltin = "class" // ClassBuiltin(name, bases, body, reads) makes a class
	SuperBuiltin = "super" // SuperBuiltin(namespace or class, object)
	namespace    = "class body"
)

// Hidden reports whether name is one that the dialect made up: a class body or a method's own name.
func Hidden(name string) bool {
	for i, r := range name {
		if !isIdentStart(r) && (i == 0 || !isDigit(r)) {
			return true
		}
	}
	return name == ClassBuiltin
}

// Parse reads src. With findings of severity Error the File holds what could be read and must not be run.
func Parse(filename string, src []byte) (*File, source.Findings) {
	p := &parser{scanner: newScanner(filename, src)}
	p.scan()
	p.structure()
	p.refuse()
	p.mask()
	f := p.parse()
	p.restore(f)
	p.classes(f)
	p.findings.Sort()
	return &File{Syntax: f, Imports: p.imports}, p.findings
}

// options are those of every policy file.
func options() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true}
}

// parser is one run of Parse.
type parser struct {
	*scanner
	masked  []rune // text with edits; same length, same lines
	imports []Import

	dropped  map[place]bool     // imports, masked by ()
	prints   map[place]bool     // print statements, masked by an assignment
	literals map[place]*literal // literals whose value or text is not what Starlark read
	headers  map[place]*header  // class headers, by the place of "class"
	chains   map[place]chainOp  // second and later operators of chained comparisons, masked by |
}

// place is a position inside the file.
type place struct{ line, col int32 }

func placeOf(p syntax.Position) place { return place{p.Line, p.Col} }
