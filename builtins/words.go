package builtins

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"zorpgo/builtins/core"
	"zorpgo/builtins/encryption"
	"zorpgo/builtins/interp"
	"zorpgo/builtins/python"
	"zorpgo/builtins/word"
)

// Words lists every function that a policy can call, for its documentation.
func Words() []*word.Word { return slices.Concat(core.Words(), encryption.Words()) }

// Pages is the documentation of everything that the modules bring but for constants: a module's Pages belong here.
func Pages() []word.Page {
	return slices.Concat(core.Pages(), encryption.Pages(), ofAll(func(p *protocol) []word.Page { return p.pages() }), python.Pages())
}

// Module is one that a policy can import, with the names that it brings.
type Module struct {
	Name  string
	Base  bool // its names are there without import
	Names []string
}

// Modules lists them by name.
func Modules() []Module {
	var list []Module
	modules := reference().Modules
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := Module{Name: name, Names: slices.Sorted(maps.Keys(modules[name]))}
		m.Base = slices.Equal(m.Names, slices.Sorted(maps.Keys(modules[interp.Core])))
		list = append(list, m)
	}
	return list
}

// Constant is a name with a fixed value that a policy may use.
type Constant struct{ Name, Module, Value string }

// Constants lists the constants of every module, by module and name; those of a namespace with its name and a dot.
func Constants() []Constant {
	var list []Constant
	modules := reference().Modules
	for _, m := range Modules() {
		if !m.Base || m.Name == interp.Core {
			list = append(list, constantsOf(m.Name, modules[m.Name])...)
		}
	}
	slices.SortFunc(list, func(a, b Constant) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func constantsOf(module string, names starlark.StringDict) (list []Constant) {
	for name, v := range names {
		switch v := v.(type) {
		case starlark.Bool:
			n, _ := word.AsInt(v)
			list = append(list, Constant{name, module, fmt.Sprint("as a number ", n)})
		case starlark.Int, starlark.String:
			list = append(list, Constant{name, module, v.String()})
		case *starlarkstruct.Module:
			for _, c := range constantsOf(module, v.Members) {
				list = append(list, Constant{name + "." + c.Name, module, c.Value})
			}
		}
	}
	return list
}

// NotBuilt are Zorp's names and modules that are refused, each with what to write instead; "" is nothing to say.
func NotBuilt() map[string]string { return reference().NotBuilt }

// reference is the interpreter as it would load a policy, to be looked at.
func reference() *interp.Loader {
	return newLoad(Options{Log: slog.New(slog.DiscardHandler)}).loader()
}
