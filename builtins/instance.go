package builtins

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

const defaultInstance = "default_instance"

// instance finds the function that declares the policy and calls it; "" is the top level. Findings of the load so far
// excuse a missing function.
func (l *load) instance(p *interp.Policy, sofar source.Findings) (string, source.Findings) {
	name, found := l.choose(p)
	if found.HasErrors() && sofar.HasErrors() {
		return "", nil
	}
	if found.HasErrors() || name == "" {
		return name, found
	}
	return name, p.RunAtLoad(p.Globals[name])
}

// choose names the instance function: the one that was asked for, default_instance, or the only one that declares
// something; "" is what the files declared at their top level.
func (l *load) choose(p *interp.Policy) (string, source.Findings) {
	candidates := p.Candidates()
	switch asked := l.opts.Instance; {
	case asked != "" && isInstance(p.Globals[asked]):
		return asked, nil
	case asked != "":
		return "", noInstance(asked, p, candidates)
	case isInstance(p.Globals[defaultInstance]):
		return defaultInstance, nil
	case len(l.draft.Rules) > 0 || len(candidates) == 0:
		return "", nil
	case len(candidates) == 1:
		return candidates[0].Name, nil
	}
	return "", source.Findings{{Pos: candidates[1].Pos, Severity: source.Error, ID: "which-instance",
		Message: "the policy has more than one instance: " + list(candidates), Hint: "choose one with --instance NAME"}}
}

func isInstance(v starlark.Value) bool {
	f, ok := v.(*starlark.Function)
	return ok && f.NumParams() == 0
}

func noInstance(asked string, p *interp.Policy, candidates []interp.Candidate) source.Findings {
	var names []string
	for _, c := range candidates {
		names = append(names, c.Name)
	}
	for name, v := range p.Globals {
		if isInstance(v) && len(names) == 0 {
			names = append(names, name)
		}
	}
	f := source.Finding{Severity: source.Error, ID: "unknown-instance", Message: fmt.Sprintf("there is no instance function %q without parameters", asked),
		Hint: word.DidYouMean(asked, names, "the policy has ")}
	if len(candidates) > 0 {
		f.Pos.File = candidates[0].Pos.File
	}
	return source.Findings{f}
}

func list(candidates []interp.Candidate) string {
	var names []string
	for _, c := range candidates {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}
