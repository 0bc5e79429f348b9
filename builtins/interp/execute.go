package interp

import (
	"errors"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// execute parses and runs one file; u.names are its names afterwards.
func (r *load) execute(u *unit, src []byte) {
	file, findings := dialect.Parse(u.path, src)
	u.file = file
	if r.Learn != nil && file.Syntax != nil {
		r.Learn(file)
	}
	r.findings = append(r.findings, findings...)
	r.imports(u)
	if findings.HasErrors() {
		u.failed, u.blind, r.blind = true, true, true
		return
	}
	r.guard(u)
	names := r.visible(u)
	program, ok := r.compile(u, names)
	if !ok {
		u.failed, u.blind, r.blind = true, true, true
		return
	}
	globals, err := r.init(program, names)
	if err != nil {
		u.failed = true
		r.runtime(err)
	}
	r.define(u, globals)
}

// visible are the names that u sees: of the interpreter and Core, of the files before it, of its imports.
func (r *load) visible(u *unit) starlark.StringDict {
	names := starlark.StringDict{}
	for _, from := range []starlark.StringDict{r.always, r.seen, u.names} {
		for name, v := range from {
			names[name] = v
		}
	}
	return names
}

// compile resolves u's tree. Unknown names are reported and added to names as Poison.
func (r *load) compile(u *unit, names starlark.StringDict) (*starlark.Program, bool) {
	unknown := starlark.StringDict{}
	program, err := starlark.FileProgram(u.file.Syntax, func(name string) bool {
		known := names.Has(name)
		if !known && !starlark.Universe.Has(name) {
			unknown[name] = Poison{}
		}
		return known || unknown.Has(name)
	})
	if err != nil {
		r.resolveErrors(err)
		return nil, false
	}
	if len(unknown) > 0 {
		r.unknowns(u, unknown, names)
	}
	for name, v := range unknown {
		names[name] = v
	}
	return program, true
}

func (r *load) resolveErrors(err error) {
	var list resolve.ErrorList
	if !errors.As(err, &list) {
		r.fail(source.Pos{}, "syntax", err.Error(), "")
	}
	for _, e := range list {
		r.fail(PosOf(e.Pos), "syntax", e.Msg, "")
	}
}

// unknowns reports each use of an unknown name.
func (r *load) unknowns(u *unit, unknown, names starlark.StringDict) {
	if u.failed = true; r.blind {
		return
	}
	near := append(names.Keys(), starlark.Universe.Keys()...)
	for _, b := range u.file.Syntax.Module.(*resolve.Module).Globals {
		near = append(near, b.First.Name)
		if unknown.Has(b.First.Name) {
			at := PosOf(b.First.NamePos)
			r.fail(at, "unknown-name", b.First.Name+" is defined here, below its first use", "move the definition up")
			delete(unknown, b.First.Name)
			names[b.First.Name] = Poison{}
		}
	}
	syntax.Walk(u.file.Syntax, func(n syntax.Node) bool {
		id, ok := n.(*syntax.Ident)
		if !ok {
			return true
		}
		if b, ok := id.Binding.(*resolve.Binding); ok && b.Scope == resolve.Predeclared && unknown.Has(id.Name) {
			r.unknown(PosOf(id.NamePos), id.Name, near)
		}
		return true
	})
}

// unknown reports name, which is none of near.
func (r *load) unknown(at source.Pos, name string, near []string) {
	for _, module := range r.absent { // HTTP_REQ_ACCEPT, HttpProxy: said once, at the import
		if strings.HasPrefix(strings.ToUpper(name), module) {
			return
		}
	}
	if why, ok := r.NotBuilt[name]; ok {
		r.fail(at, "not-built", name+" is Zorp's but not built yet", why)
		return
	}
	if way, ok := pythonOnly[name]; ok {
		r.fail(at, "not-in-zorpgo", name+" is not in zorpgo's policy language", way)
		return
	}
	hint := didYouMean(name, near)
	for _, module := range moduleNames(r.Modules) {
		if r.Modules[module].Has(name) {
			hint = "write at the top: from " + module + " import " + name
			break
		}
	}
	r.fail(at, "unknown-name", "unknown name "+name, hint)
}

func (r *load) init(program *starlark.Program, names starlark.StringDict) (starlark.StringDict, error) {
	var globals starlark.StringDict
	run := starlark.NewBuiltin("load", func(thread *starlark.Thread, _ *starlark.Builtin, _ starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		var err error
		globals, err = program.Init(thread, names)
		return starlark.None, err
	})
	_, err := CallWithin(r.thread, r.limits().Deadline, run)
	return globals, err
}

// define adds globals to u.names; what a failed file did not get to define is Poison.
func (r *load) define(u *unit, globals starlark.StringDict) {
	for _, b := range u.file.Syntax.Module.(*resolve.Module).Globals {
		name := b.First.Name
		if strings.HasPrefix(name, "class ") {
			continue
		}
		if v := globals[name]; v != nil {
			u.names[name] = v
		} else if u.failed {
			u.names[name] = Poison{}
		}
	}
}
