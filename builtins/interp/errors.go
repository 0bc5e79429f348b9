package interp

import (
	"errors"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/dialect"
	"zorpgo/engine/source"
)

// policyFrames are the frames of policy code in err's call stack, innermost first.
func policyFrames(err error) []starlark.CallFrame {
	var eval *starlark.EvalError
	if !errors.As(err, &eval) {
		return nil
	}
	var frames []starlark.CallFrame
	for _, frame := range slices.Backward(eval.CallStack) {
		if isPolicy(frame.Pos) {
			frames = append(frames, frame)
		}
	}
	return frames
}

// chain says who called the innermost of frames; "" if nobody did.
func chain(frames []starlark.CallFrame) string {
	var lines []string
	for i, frame := range frames[1:] {
		lines = append(lines, "in "+frames[i].Name+", called from "+PosOf(frame.Pos).String())
	}
	return strings.Join(lines, "\n    ")
}

// asFindings are the findings that err was made of.
func asFindings(err error) source.Findings {
	var found source.Findings
	if !errors.As(err, &found) {
		return nil
	}
	return slices.Clone(found)
}

// collector is where Report puts its findings.
type collector struct{ findings source.Findings }

const collectorKey = "findings"

// Report adds f to the findings of the load that thread runs, at the calling policy line if f has no position. It
// reports false, and does nothing, outside a load.
func Report(thread *starlark.Thread, f source.Finding) bool {
	c, ok := thread.Local(collectorKey).(*collector)
	if !ok {
		return false
	}
	if !f.Pos.IsValid() {
		f.Pos = CallerPos(thread)
	}
	c.findings = append(c.findings, f)
	return true
}

// didYouMean is a hint with the nearest of names, or "".
func didYouMean(name string, names []string) string {
	hidden := func(n string) bool { return n == dialect.ClassBuiltin || strings.Contains(n, " ") }
	if n := source.Nearest(name, slices.DeleteFunc(slices.Clone(names), hidden)); n != "" {
		return "did you mean " + n + "?"
	}
	return ""
}

// remedies are ways out of errors that a policy meets while it runs, by how these begin.
var remedies = []struct{ begins, hint string }{
	{"key ", "test beforehand, as in: if key in table, or write table.get(key, otherwise)"},
	{"index ", "test beforehand how long it is: if len(list) > n"},
	{"not enough arguments for format", "give a value for each % of the text"},
	{"unknown binary op", "convert one of the two: str(x), int(x)"},
	{"division by zero", "test beforehand that it is not 0"},
}

// remedy is a way out of the error message; "" if none is known.
func remedy(message string) string {
	for _, r := range remedies {
		if strings.HasPrefix(message, r.begins) {
			return r.hint
		}
	}
	return ""
}
