package smtp

import (
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

// report takes what is wrong with a class: while a policy is loaded it becomes findings of the draft, in a session it
// ends the configuration.
type report struct {
	draft *word.Draft // nil in a session
	fixed source.Pos  // where the policy stands if it does not run: a class body
}

// here is where the policy stands.
func (r *report) here() source.Pos {
	if r.draft == nil || r.fixed.IsValid() {
		return r.fixed
	}
	return r.draft.Here()
}

// problem records a problem at the statement that runs; the error that it returns stops a session's config().
func (r *report) problem(id, message, hint string) error {
	return r.problemAt(r.here(), id, message, hint)
}

func (r *report) problemAt(pos source.Pos, id, message, hint string) error {
	f := source.Finding{Pos: pos, Severity: source.Error, ID: id, Message: message, Hint: hint}
	if r.draft == nil {
		return source.Findings{f}
	}
	r.draft.Find(f)
	return nil
}
