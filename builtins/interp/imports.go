package interp

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// elsewhere says what a policy uses instead of some modules of Python.
var elsewhere = map[string]string{
	"os":         "a policy cannot reach files and processes",
	"sys":        "a policy cannot reach the process it runs in",
	"subprocess": "a policy cannot start programs",
	"commands":   "a policy cannot start programs",
	"thread":     "every session already runs on its own",
	"threading":  "every session already runs on its own",
	"urllib":     "a policy opens no connections",
	"urllib2":    "a policy opens no connections",
	"smtplib":    "a policy opens no connections",
	"types":      "write isinstance(x, str)",
	"random":     "a policy has no random numbers",
	"syslog":     "write log(None, CORE_INFO, 3, \"text\")",
	"logging":    "write log(None, CORE_INFO, 3, \"text\")",
}

// pythonOnly are functions of Python that a policy has not, and what it does instead.
var pythonOnly = map[string]string{
	"open": "a policy cannot reach files; write what they hold into a .star file beside it and import that", "file": "a policy cannot reach files; write what they hold into a .star file beside it and import that",
	"execfile": "write: from NAME import *, for NAME.star or NAME.py beside this file", "eval": "write the expression itself",
	"__import__": "write the import at the top of the file", "reload": "SIGHUP loads the policy again", "input": "a policy has no terminal",
	"raw_input": "a policy has no terminal", "globals": "name the value itself", "locals": "name the value itself", "vars": "name the value itself",
	"setattr": "write self.name = value", "delattr": "set it to None", "os": elsewhere["os"], "sys": elsewhere["sys"],
	"Exception": "call fail(text) to refuse", "ValueError": "call fail(text) to refuse", "KeyError": "call fail(text) to refuse",
	"RuntimeError": "call fail(text) to refuse", "property": "write a method", "staticmethod": "write a function outside the class",
	"classmethod": "write a function outside the class", "iter": "write the for loop itself", "next": "write the for loop itself",
	"id": "compare with is", "cmp": "compare with <, == and >",
}

// imports binds what the import statements of u say.
func (r *load) imports(u *unit) {
	for _, imp := range u.file.Imports {
		if names, ok := r.Modules[imp.Module]; ok || imp.Module == "Zorp" {
			r.bindModule(u, imp, names)
		} else if imp.Module == "__future__" {
			continue
		} else if strings.HasPrefix(imp.Module, "Zorp.") {
			r.noModule(u, imp)
		} else {
			r.importFile(u, imp)
		}
	}
}

func (r *load) bindModule(u *unit, imp dialect.Import, names starlark.StringDict) {
	if imp.Star || imp.Names != nil {
		r.bindNames(u, imp, names)
		return
	}
	root, _, _ := strings.Cut(imp.Module, ".")
	u.names[root] = r.tree(root)
}

// bindNames binds those of names that imp asks for.
func (r *load) bindNames(u *unit, imp dialect.Import, names starlark.StringDict) {
	if imp.Star {
		for name, v := range names {
			if !strings.HasPrefix(name, "_") {
				u.names[name] = v
			}
		}
		return
	}
	for i, name := range imp.Names {
		if v, ok := names[name]; ok {
			u.names[name] = v
			continue
		}
		u.names[name] = Poison{}
		r.noName(imp.NamePos[i], imp.Module, name, names)
	}
}

func (r *load) noName(at source.Pos, module, name string, names starlark.StringDict) {
	if why, ok := r.NotBuilt[name]; ok {
		r.fail(at, "not-built", name+" is Zorp's but not built yet", why)
		return
	}
	r.fail(at, "unknown-name", module+" has no "+name, didYouMean(name, names.Keys()))
}

func (r *load) noModule(u *unit, imp dialect.Import) {
	r.poison(u, imp)
	if why, ok := r.NotBuilt[imp.Module]; ok {
		r.absent = append(r.absent, strings.ToUpper(strings.TrimPrefix(imp.Module, "Zorp.")))
		r.fail(imp.Pos, "not-built", "module "+imp.Module+" is Zorp's but not built yet", why)
		return
	}
	r.blind = r.blind || imp.Star
	r.fail(imp.Pos, "unknown-module", "Zorp has no module "+imp.Module, didYouMean(imp.Module, moduleNames(r.Modules)))
}

func moduleNames(modules map[string]starlark.StringDict) []string {
	var names []string
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// importFile loads NAME.star or NAME.py beside u.
func (r *load) importFile(u *unit, imp dialect.Import) {
	path := r.local(u, imp.Module)
	if path == "" {
		hint, known := elsewhere[imp.Module]
		if !known {
			hint = didYouMean(imp.Module, moduleNames(r.Modules))
		}
		r.fail(imp.Pos, "unknown-module", "there is no module "+imp.Module+", and no "+imp.Module+".star or "+imp.Module+".py beside "+u.path, hint)
		r.poison(u, imp)
		r.blind = r.blind || imp.Star
		return
	}
	from := r.unit(path, imp.Pos)
	switch {
	case from == nil || from.active || from.blind:
		r.poison(u, imp)
	case imp.Star || imp.Names != nil:
		r.bindNames(u, imp, from.names)
	default:
		u.names[imp.Module] = &module{name: imp.Module, attrs: from.names}
	}
}

// poison binds the names of an import that failed.
func (r *load) poison(u *unit, imp dialect.Import) {
	for _, name := range imp.Names {
		u.names[name] = Poison{}
	}
	if root, _, _ := strings.Cut(imp.Module, "."); !imp.Star && imp.Names == nil {
		u.names[root] = Poison{}
	}
}

// local is the path of the file that module means in u, "" if there is none.
func (r *load) local(u *unit, module string) string {
	for _, ending := range []string{".star", ".py"} {
		path := filepath.Join(filepath.Dir(u.path), module+ending)
		if r.units[path] != nil {
			return path
		}
		if _, err := r.read(path); err == nil || errors.Is(err, fs.ErrPermission) {
			return path // or says why it cannot be read
		}
	}
	return ""
}
