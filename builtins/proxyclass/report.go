// Package proxyclass is what the proxy classes of all protocols have in common in a policy: attributes in tables, a
// config() that is run once or for each session, methods that the engine calls, and where all that goes wrong is said.
//
// Packages builtins/smtp and builtins/plug make their words with it.
package proxyclass

import (
	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

// Row is a value that the policy set, as it wrote it, and where.
type Row struct {
	Value starlark.Value
	Pos   source.Pos
}

// Report takes what is wrong with a class: while a policy is loaded it becomes findings of the draft, in a session it
// ends the configuration.
type Report struct {
	Draft *word.Draft // nil in a session
	fixed source.Pos  // where the policy stands if it does not run: a class body
}

// Here is where the policy stands.
func (r *Report) Here() source.Pos {
	if r.Draft == nil || r.fixed.IsValid() {
		return r.fixed
	}
	return r.Draft.Here()
}

// Problem records a problem at the statement that runs; the error that it returns stops a session's config().
func (r *Report) Problem(id, message, hint string) error {
	return r.ProblemAt(r.Here(), id, message, hint)
}

// ProblemAt is Problem at another place.
func (r *Report) ProblemAt(pos source.Pos, id, message, hint string) error {
	f := source.Finding{Pos: pos, Severity: source.Error, ID: id, Message: message, Hint: hint}
	if r.Draft == nil {
		return source.Findings{f}
	}
	r.Draft.Find(f)
	return nil
}

// Problems is ProblemAt for what err, source.Findings, is made of.
func (r *Report) Problems(err error) error {
	if r.Draft == nil {
		return err
	}
	for _, f := range interp.FindingsOf(err) {
		r.Draft.Find(f)
	}
	return nil
}
