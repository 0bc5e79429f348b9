package interp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// Core is the module whose names are there without import.
const Core = "Zorp.Core"

// Loader says what a policy may use. Its zero value offers Starlark alone.
type Loader struct {
	Modules  map[string]starlark.StringDict    // by dotted name; those of Core need no import
	Base     starlark.StringDict               // names that need no import either
	NotBuilt map[string]string                 // names and modules that are Zorp's but not built -> why
	Read     func(path string) ([]byte, error) // os.ReadFile if nil
	Limits   Limits                            // of the load and of each RunAtLoad; LoadLimits if zero
	Print    Print
	// Learn is shown every file before it runs, as far as it could be read; it may be nil.
	Learn func(*dialect.File)
	// SetModule is told of an assignment to a name of a module of Zorp's; nil refuses it.
	SetModule func(module, name string)
	Locals    map[string]any // what builtins find by thread.Local during the load
}

// Policy is what a load made.
type Policy struct {
	Globals starlark.StringDict // the names of all files; of two the later

	load  *load
	units []*unit
}

// unit is one file.
type unit struct {
	path   string
	file   *dialect.File
	names  starlark.StringDict // imported and defined
	active bool                // being loaded
	failed bool                // with an error: what it did not get to define is Poison
	blind  bool                // its names are not known at all
}

// load is one run of a Loader.
type load struct {
	*Loader
	*collector
	thread *starlark.Thread
	always starlark.StringDict // predeclared in every file
	seen   starlark.StringDict // names of the files so far
	units  map[string]*unit
	order  []*unit
	stack  []string // of files being loaded
	absent []string // modules that are imported but not built, in capitals: their names begin so
	blind  bool     // a file could not be read: any unknown name may be one of its
}

// Load reads and runs files in order, in one namespace: each sees the names of those before it. All findings come at
// once; the Policy is of use only without errors. Call Freeze when the instance function has run.
func (l *Loader) Load(files []string) (*Policy, source.Findings) {
	run := l.start()
	for _, path := range files {
		if u := run.unit(filepath.Clean(path), source.Pos{}); u != nil {
			run.publish(u)
		}
	}
	p := &Policy{Globals: run.seen, load: run, units: run.order}
	return p, run.take()
}

func (l *Loader) start() *load {
	run := &load{Loader: l, collector: &collector{}, always: own(), seen: starlark.StringDict{}, units: map[string]*unit{}}
	for _, names := range []starlark.StringDict{bounded(), l.Modules[Core], l.Base} {
		for name, v := range names {
			run.always[name] = v
		}
	}
	if l.Modules[Core] != nil {
		run.always["Zorp"] = l.tree("Zorp")
	}
	run.thread = NewThread("load", run.limits(), l.Print)
	for key, v := range l.Locals {
		run.thread.SetLocal(key, v)
	}
	run.thread.SetLocal(collectorKey, run.collector)
	return run
}

func (l *Loader) limits() Limits {
	if l.Limits == (Limits{}) {
		return LoadLimits
	}
	return l.Limits
}

func (r *load) take() source.Findings {
	found := r.findings
	r.findings = nil
	found.Sort()
	return found
}

func (r *load) publish(u *unit) {
	for name, v := range u.names {
		r.seen[name] = v
	}
}

func (r *load) fail(at source.Pos, id, message, hint string) {
	r.findings = append(r.findings, source.Finding{Pos: at, Severity: source.Error, ID: id, Message: message, Hint: hint})
}

// runtime reports err unless it only follows from an error reported before.
func (r *load) runtime(err error) {
	if !strings.Contains(err.Error(), poisonType) {
		r.findings = append(r.findings, FindingsOf(err)...)
	}
}

func (r *load) read(path string) ([]byte, error) {
	if r.Read != nil {
		return r.Read(path)
	}
	return os.ReadFile(path)
}

// unit is the file at path, loaded now or before; nil if it cannot be read. from is the import that asks for it.
func (r *load) unit(path string, from source.Pos) *unit {
	if u := r.units[path]; u != nil {
		if u.active {
			r.cycle(path, from)
		}
		return u
	}
	src, err := r.read(path)
	if err != nil {
		at := from
		if !at.IsValid() {
			at.File = path
		}
		r.blind = true
		r.fail(at, "unreadable", "cannot read "+path+": "+reason(err), "")
		return nil
	}
	u := &unit{path: path, names: starlark.StringDict{}, active: true}
	r.units[path] = u
	r.stack = append(r.stack, path)
	r.execute(u, src)
	r.stack = r.stack[:len(r.stack)-1]
	u.active = false
	r.order = append(r.order, u)
	return u
}

func reason(err error) string {
	if e, ok := err.(*os.PathError); ok {
		return e.Err.Error()
	}
	return err.Error()
}

func (r *load) cycle(path string, from source.Pos) {
	text := ""
	for _, p := range r.stack[slices.Index(r.stack, path):] {
		text += p + " imports "
	}
	r.fail(from, "import-cycle", text+path, "move what both need to a third file")
}

// RunAtLoad calls a function of the policy as part of the load: the instance function, before Freeze.
func (p *Policy) RunAtLoad(fn starlark.Value, args ...starlark.Value) source.Findings {
	if _, err := CallWithin(p.load.thread, p.load.limits().Deadline, fn, args...); err != nil {
		p.load.runtime(err)
	}
	return p.load.take()
}
