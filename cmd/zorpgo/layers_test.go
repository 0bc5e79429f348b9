package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// layers are the rows of the architecture, lowest first: a package imports only packages of rows above its own in
// this list.
var layers = [][]string{
	{"engine/source", "engine/trace"},
	{"engine/zone", "engine/match", "engine/stream", "engine/poll", "engine/meter", "engine/limit", "engine/journal", "engine/encryption/certtest"},
	{"engine/encryption"},
	{"engine/announce"},
	{"engine/session"},
	{"engine/nat"}, // a route.Plan names the policies
	{"engine/route"},
	{"engine/chain"},
	{"engine/proxy"},
	{"engine/proxy/dialog"},
	{"engine/proxy/smtp", "engine/proxy/plug"},
	{"engine/service", "engine/rule"},
	{"engine/tproxy", "engine/privilege"},
	{"engine/dispatch"},
	{"engine"},
	{"engine/graph", "engine/admin/page"},
	{"engine/lint", "engine/report", "engine/admin", "engine/rehearse", "engine/explain"},
	{"builtins/dialect"},
	{"builtins/interp", "builtins/review"},
	{"builtins/word"},
	{"builtins/proxyclass"},
	{"builtins/core", "builtins/smtp", "builtins/plug", "builtins/python", "builtins/encryption"},
	{"builtins"},
	{"builtins/catalogue", "builtins/trial"},
	{"builtins/reference"},
	{"cmd/zorpgo/lab"},
	{"cmd/zorpgo/peers"},
	{"cmd/zorpgo/tlspeers"},
	{"cmd/zorpgo/faults"},
	{"cmd/zorpgo/bench"}, // a program of its own: it knows zorpgo from outside
	{"cmd/zorpgo"},
}

// confined are the libraries that only one part of the tree may import, and why.
var confined = []struct{ prefix, to, why string }{
	{"github.com/spf13/cobra", "cmd", "a command line is no business of the engine's"},
	{"go.starlark.net", "builtins", "the engine takes plain values, whatever language made them"},
}

const module = "zorpgo/"

type listed struct {
	ImportPath, Name, Doc              string
	Imports, TestImports, XTestImports []string
}

// packages is what `go list` knows of every package of the module.
func packages(t *testing.T) (all []listed) {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports,TestImports,XTestImports", "zorpgo/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// row is the layer of a package of the module, or -1.
func row(importPath string) int {
	name := strings.TrimPrefix(importPath, module)
	return slices.IndexFunc(layers, func(names []string) bool { return slices.Contains(names, name) })
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		if row(p.ImportPath) < 0 {
			t.Errorf("%s is in no layer", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module) && row(imported) >= row(p.ImportPath) {
				t.Errorf("%s imports %s, which is not of a row above its own", p.ImportPath, imported)
			}
		}
	}
}

func TestConfinedLibraries(t *testing.T) {
	for _, p := range packages(t) {
		for _, c := range confined {
			if strings.HasPrefix(p.ImportPath, module+c.to) {
				continue
			}
			for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
				if strings.HasPrefix(imported, c.prefix) {
					t.Errorf("%s imports %s, which belongs in %s: %s", p.ImportPath, imported, c.to, c.why)
				}
			}
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		start := "Package " + path.Base(p.ImportPath) + " "
		if p.Name == "main" {
			start = "Command " + path.Base(p.ImportPath) + " "
		}
		if !strings.HasPrefix(p.Doc, start) {
			t.Errorf("the package comment of %s does not begin with %q", p.ImportPath, start)
		}
	}
}

func TestNoVaguePackages(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "manager", "misc"}
	for _, p := range packages(t) {
		if slices.Contains(vague, path.Base(p.ImportPath)) {
			t.Errorf("%s: a package is named after what it is", p.ImportPath)
		}
	}
}
