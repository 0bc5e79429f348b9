// Package builtins reads policies: it has the one table of Zorp's modules and turns policy files into an engine.Config.
//
// Command zorpgo calls Load; tests that start from a policy text do too.
package builtins

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/core"
	"zorpgo/builtins/dialect"
	"zorpgo/builtins/encryption"
	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/python"
	"zorpgo/builtins/review"
	"zorpgo/builtins/word"
	"zorpgo/engine"
	"zorpgo/engine/match"
	"zorpgo/engine/proxy"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// Options are what Load needs beside the files. The zero Options do for most.
type Options struct {
	Instance string                                                       // the instance function; "" chooses
	ReadFile func(name string) ([]byte, error)                            // os.ReadFile if nil
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error) // the system's resolver if nil
	Log      *slog.Logger                                                 // what the policy logs and prints; slog.Default() if nil

	LookupAddr func(ctx context.Context, addr string) ([]string, error) // the system's resolver if nil
	ResolveAt  func(server netip.AddrPort) match.Resolve                // asks one DNS server; match.AskServer if nil
	DialMail   match.DialFrom                                           // to mail servers that are asked for recipients; match.DialTCP if nil
	Open       match.Open                                               // opens lists; match.OpenFile if nil
	Hostname   func() (string, error)                                   // os.Hostname if nil
	Now        func() time.Time                                         // time.Now if nil
	Interfaces func() []word.Interface                                  // this host's if nil

	// Lint examines what the policy declared and adds findings to those so far; it is not called if parts of the policy
	// did not run. It may be nil.
	Lint func(declared *engine.Config, sofar source.Findings) source.Findings
}

// Load reads files as one policy, in order and in one namespace, and evaluates its instance. All findings come at once;
// the Config is nil if there are errors among them. The error is that of a file that cannot be read.
func Load(opts Options, files ...string) (*engine.Config, source.Findings, error) {
	config, _, found, err := newLoad(opts).run(files)
	return config, found, err
}

// run is Load, and what the interpreter made.
func (l *load) run(files []string) (*engine.Config, *interp.Policy, source.Findings, error) {
	policy, found := l.loader().Load(slices.Concat(files, l.tests))
	if err := unreadable(found, files); err != nil {
		return nil, nil, nil, err
	}
	instance, more := l.instance(policy, found)
	found = append(found, more...)
	policy.Freeze()
	l.draft.Partial = l.draft.Partial || incomplete(found)
	l.draft.Finish()
	l.misspelt()
	complete := !found.HasErrors() && !l.draft.Findings.HasErrors()
	if complete {
		core.UnusedZones(l.draft)
	}
	found = l.reviewed(found, complete)
	config, more := l.config(instance)
	found = append(append(found, l.draft.Findings...), more...)
	if l.opts.Lint != nil && !l.draft.Partial {
		found = append(found, l.opts.Lint(config, found)...)
	}
	found = worded(found)
	found.Sort()
	if found.HasErrors() {
		return nil, nil, found, nil
	}
	return config, policy, found, nil
}

// reviewed adds what the text of the policy shows. That a key stands twice is said there with both places; that it also
// ended the load needs no words.
func (l *load) reviewed(found source.Findings, complete bool) source.Findings {
	text := l.text.Findings(complete)
	twice := slices.ContainsFunc(text, func(f source.Finding) bool { return f.ID == "duplicate-key" })
	found = slices.DeleteFunc(found, func(f source.Finding) bool {
		return twice && f.ID == "runtime" && strings.HasPrefix(f.Message, "duplicate key: ")
	})
	return append(found, text...)
}

// load is one run of Load.
type load struct {
	opts  Options
	draft *word.Draft
	all   []classes // of protocols, in that order
	text  review.Policy

	tests []string // files of tests
	cover *Coverage
}

func newLoad(opts Options) *load {
	if opts.ReadFile == nil {
		opts.ReadFile = os.ReadFile
	}
	if opts.Resolve == nil {
		opts.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.LookupAddr == nil {
		opts.LookupAddr = net.DefaultResolver.LookupAddr
	}
	if opts.Hostname == nil {
		opts.Hostname = os.Hostname
	}
	d := word.NewDraft(opts.Log)
	d.ReadFile, d.Resolve = opts.ReadFile, opts.Resolve
	d.ResolveAt, d.DialMail, d.Open = match.AskServer, opts.DialMail, opts.Open
	if opts.ResolveAt != nil {
		d.ResolveAt = opts.ResolveAt
	}
	d.LookupAddr, d.Hostname, d.Now = opts.LookupAddr, opts.Hostname, opts.Now
	if opts.Interfaces != nil {
		d.Interfaces = opts.Interfaces
	}
	d.Print = word.PrintTo(opts.Log)
	l := &load{opts: opts, draft: d}
	l.text = review.Policy{Methods: ofAll(func(p *protocol) []string { return p.methods() }), Proxies: ofAll(func(p *protocol) []string { return p.proxies() }),
		Module: func(name string) bool { return python.Modules(d)[name] != nil }}
	for _, p := range protocols {
		l.all = append(l.all, p.words(d))
	}
	d.Compile = l.compile
	return l
}

// loader is the interpreter with Zorp's modules.
func (l *load) loader() *interp.Loader {
	names := core.NotBuilt()
	maps.Copy(names, core.ModulesNotBuilt())
	base := core.Module(l.draft)
	maps.Copy(base, encryption.Module(l.draft))
	base["socket"] = python.Socket(l.draft)
	loader := &interp.Loader{
		Base: python.Functions(),
		Modules: map[string]starlark.StringDict{
			interp.Core:       base,
			"Zorp.Zorp":       base,
			"Zorp.Proxy":      base,
			"Zorp.Zone":       base,
			"Zorp.Service":    base,
			"Zorp.Rule":       base,
			"Zorp.Router":     base,
			"Zorp.Chainer":    base,
			"Zorp.NAT":        base,
			"Zorp.Encryption": base,
			"Zorp.Matcher":    base,
			"Zorp.SockAddr":   base,
			"Zorp.Dispatch":   base,
			"Zorp.Listener":   base,
			"Zorp.Subnet":     base,
			"Zorp.Domain":     base,
		},
		NotBuilt: names,
		Read:     l.opts.ReadFile,
		Learn:    l.learn,
		Print:    l.draft.Print,

		SetModule: func(module, name string) { core.SetModule(l.draft, module, name) },
	}
	for i, p := range protocols {
		loader.Modules[p.module] = l.all[i].Module()
	}
	maps.Copy(loader.Modules, python.Modules(l.draft))
	if l.cover != nil {
		loader.Base[ran] = starlark.NewBuiltin(ran, l.cover.ran)
	}
	return loader
}

// learn notes where the calls of a file stand, for the findings of words, and what its text shows.
func (l *load) learn(file *dialect.File) {
	if slices.Contains(l.tests, file.Syntax.Path) {
		return
	}
	if l.cover != nil {
		defer l.cover.mark(file.Syntax)
	}
	l.draft.Places.Learn(file.Syntax)
	l.patterns(file.Syntax)
	l.text.Learn(file)
}

// patterns reports the patterns of calls of re that can never work.
func (l *load) patterns(f *syntax.File) {
	syntax.Walk(f, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			if at, problem := python.Literal(call); problem != "" {
				start, _ := at.Span()
				l.draft.Error(interp.PosOf(start), "bad-pattern", problem, "")
			}
		}
		return true
	})
}

// compile finds the protocol of a class.
func (l *load) compile(class *interp.Class, pos source.Pos) proxy.Class {
	for _, c := range l.all {
		if c.Is(class) {
			return c.Maker().Compile(class, pos)
		}
	}
	l.draft.Error(pos, "wrong-type", fmt.Sprintf("Service: for parameter proxy_class: class %s derives from no proxy", class.Name()),
		"write class "+class.Name()+"(SmtpProxy):")
	return nil
}

// misspelt warns of attributes that look like a proxy's.
func (l *load) misspelt() {
	var makers []*proxyclass.Maker
	for _, c := range l.all {
		makers = append(makers, c.Maker())
	}
	proxyclass.Misspelt(l.draft, makers...)
}

// config is the policy as the engine takes it.
func (l *load) config(instance string) (*engine.Config, source.Findings) {
	core.NumberRules(l.draft)
	zones, found := zone.NewTable(l.draft.Zones)
	return &engine.Config{Instance: instance, Zones: zones, Services: l.draft.Services,
		NATPolicies: l.draft.NATPolicies, EncryptionPolicies: l.draft.Encryptions, Rules: rule.NewSet(l.draft.Rules)}, found
}

// unreadable is the error of a file of the command line that cannot be read.
func unreadable(found source.Findings, files []string) error {
	for _, f := range found {
		if f.ID == "unreadable" && !f.Pos.IsValid() {
			return fmt.Errorf("%s", f.Message)
		}
	}
	if len(files) == 0 {
		return fmt.Errorf("no policy file is given")
	}
	return nil
}

// incomplete reports whether parts of the policy did not run, so that names may seem undefined. A name that is unknown
// or not built does not stop it, but may have declared a service.
func incomplete(found source.Findings) bool {
	return slices.ContainsFunc(found, func(f source.Finding) bool {
		goesOn := f.ID == "unknown-name" || f.ID == "not-built"
		return f.Severity == source.Error && !(goesOn && !strings.Contains(f.Message, "Service"))
	})
}
