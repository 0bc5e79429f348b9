package word

import (
	"context"
	"errors"
	"log/slog"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/engine/source"
)

const loggerKey = "logger"

// SessionThread is where functions of a session run: what they log and print goes to its log, and what they call
// declares nothing any more.
func SessionThread(name string, log *slog.Logger) *starlark.Thread {
	thread := interp.NewThread(name, interp.CallLimits, PrintTo(log))
	thread.SetLocal(loggerKey, log)
	return thread
}

// inSession reports whether thread is a SessionThread.
func inSession(thread *starlark.Thread) bool { return thread.Local(loggerKey) != nil }

const untilKey = "until"

// Until has what thread waits for end with ctx.
func Until(thread *starlark.Thread, ctx context.Context) { thread.SetLocal(untilKey, ctx) }

// until is how long thread may wait.
func until(thread *starlark.Thread) context.Context {
	if ctx, ok := thread.Local(untilKey).(context.Context); ok {
		return ctx
	}
	return context.Background()
}

// Logger is where a policy's log records on thread go.
func Logger(thread *starlark.Thread, d *Draft) *slog.Logger {
	if log, ok := thread.Local(loggerKey).(*slog.Logger); ok && log != nil {
		return log
	}
	return d.Log
}

// Here is where the policy stands in config(), for what is told no position: the assignment of an attribute.
func (d *Draft) Here() source.Pos {
	if d.Thread == nil {
		return source.Pos{}
	}
	at := interp.CallerPos(d.Thread)
	if start, ok := d.Places.starts[at]; ok {
		return start
	}
	return at
}

// SetOnSelf lists where methods set attributes of their objects.
func (d *Draft) SetOnSelf() []Assignment { return d.Places.onSelf }

// ReadOnSelf reports whether a method of any class reads the attribute from its object.
func (d *Draft) ReadOnSelf(name string) bool { return d.Places.read[name] }

// Set is where an attribute of some object was first assigned in the policy's text.
func (d *Draft) Set(attribute string) source.Pos { return d.Places.set[attribute] }

// ErrVaries stops a config() that looks at what changes from session to session: it is run for each session instead.
var ErrVaries = errors.New("this can differ from session to session")

const sharedKey = "shared"

// Share has what thread evaluates serve all sessions, so that nothing which varies may be looked at.
func Share(thread *starlark.Thread) { thread.SetLocal(sharedKey, true) }

// Shared reports whether what thread evaluates serves all sessions.
func Shared(thread *starlark.Thread) bool { return thread.Local(sharedKey) != nil }
