// Package interp runs policies: it loads the files, calls their functions within limits, and holds the object model
// (classes, objects, bound methods, super) that Starlark has not.
//
// The packages of words (builtins/core, builtins/smtp) make their classes and values with it; builtins.Load drives it.
package interp

import (
	"fmt"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

// Limits bound one call; a zero field is no limit.
type Limits struct {
	Steps    uint64        // of the interpreter
	Deadline time.Duration // wall clock; needs a timer, so only for calls that may block
	Work     time.Duration // wall clock, without what Waiting tells; looked at every few steps
}

// CallLimits and LoadLimits are what holds where nothing else is said.
var (
	CallLimits = Limits{Steps: 1_000_000, Work: 2 * time.Second}
	LoadLimits = Limits{Steps: 50_000_000, Deadline: 10 * time.Second}
)

// Print takes what a policy prints.
type Print func(at source.Pos, text string)

// NewThread makes a thread whose every Call may take limits.Steps. A thread serves one call at a time.
func NewThread(name string, limits Limits, print Print) *starlark.Thread {
	thread := &starlark.Thread{Name: name}
	thread.Print = func(thread *starlark.Thread, text string) {
		if print != nil {
			print(CallerPos(thread), text)
		}
	}
	if limits.Steps > 0 {
		w := &watch{limits: limits}
		thread.OnMaxSteps = w.look
		thread.SetLocal(watchKey, w)
		w.begin(thread)
	}
	return thread
}

// Call calls fn on a thread of NewThread with a fresh count of steps. A call inside a call goes on with the outer count.
func Call(thread *starlark.Thread, fn starlark.Value, args ...starlark.Value) (starlark.Value, error) {
	return CallWithin(thread, 0, fn, args...)
}

// CallWithin is Call with a wall-clock limit, if deadline is positive.
func CallWithin(thread *starlark.Thread, deadline time.Duration, fn starlark.Value, args ...starlark.Value) (starlark.Value, error) {
	if thread.CallStackDepth() == 0 {
		thread.Steps = 0
		thread.Uncancel()
		if w, ok := thread.Local(watchKey).(*watch); ok {
			w.begin(thread)
		}
	}
	if deadline > 0 {
		timer := time.AfterFunc(deadline, func() { thread.Cancel(fmt.Sprintf("the call took longer than %s", deadline)) })
		defer timer.Stop()
	}
	return starlark.Call(thread, fn, args, nil)
}

// CallerPos is the policy line that is running: for a builtin, the one that called it. Go's frames are skipped.
func CallerPos(thread *starlark.Thread) source.Pos {
	for depth := range thread.CallStackDepth() {
		if pos := thread.DebugFrame(depth).Position(); isPolicy(pos) {
			return PosOf(pos)
		}
	}
	return source.Pos{}
}

// PosOf is a Starlark position as a source.Pos.
func PosOf(p syntax.Position) source.Pos {
	return source.Pos{File: p.Filename(), Line: int(p.Line), Col: int(p.Col)}
}

func isPolicy(p syntax.Position) bool { return p.Line > 0 }

// FindingsOf turns the error of a call into findings: those the error is made of, with the position of the innermost
// policy line where they have none, else one with ID "runtime". The hint tells the chain of calls.
func FindingsOf(err error) source.Findings {
	if err == nil {
		return nil
	}
	frames := policyFrames(err)
	at, hint := source.Pos{}, ""
	if len(frames) > 0 {
		at = PosOf(frames[0].Pos)
		hint = chain(frames)
	}
	if found := asFindings(err); len(found) > 0 {
		for i := range found {
			if !found[i].Pos.IsValid() {
				found[i].Pos = at
			}
		}
		return found
	}
	message := strings.TrimPrefix(err.Error(), "Starlark computation cancelled: ")
	if hint == "" {
		hint = remedy(message)
	}
	return source.Findings{{Pos: at, Severity: source.Error, ID: "runtime", Message: message, Hint: hint}}
}
