package proxyclass

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/session"
)

// Shared is what the sessions of a class have in common whose config() was evaluated once.
type Shared struct {
	Name   string
	Host   Hosted
	Object *interp.Object
}

// Self is what the functions of one session find in their view.
func (s *Shared) Self() any { return &Instance{shared: s} }

// Instance is what a session keeps for its functions: one thread, and one object made when one first needs it.
type Instance struct {
	shared *Shared
	host   Hosted
	object *interp.Object
	thread *starlark.Thread
	args   [5]starlark.Value
}

// prepare makes what the first callback of a session needs, unless config() ran in this session and made it.
func (in *Instance) prepare(s *session.Session) {
	if in.thread != nil {
		return
	}
	in.thread = sessionThread(in.shared.Name, s)
	in.host = in.shared.Host.InSession(s)
	in.object = in.shared.Object.Clone(in.host)
}

// sessionThread is where the functions of one session run, and what they log and print goes to its log.
func sessionThread(name string, s *session.Session) *starlark.Thread {
	if s == nil { // a view made by hand
		return interp.NewThread(name, interp.CallLimits, nil)
	}
	thread := word.SessionThread(name, s.Log)
	word.Until(thread, s.Until())
	return thread
}

// Moment is a session at the time at which the engine asks a function of the policy.
type Moment struct {
	Session *session.Session
	Self    any // what the class that made the session's protocol gave it
	View    any
}

var errNoObject = errors.New("the session has no proxy object")

// Call calls fn with args, and with the session's object before them if it is a method.
func (m Moment) Call(fn starlark.Callable, method bool, args ...starlark.Value) (starlark.Value, error) {
	in, ok := m.Self.(*Instance)
	if !ok {
		return nil, errNoObject
	}
	in.prepare(m.Session)
	h := in.host.Base()
	h.View = m.View
	all := in.args[:0]
	if method {
		all = append(all, in.object)
	}
	answer, err := interp.Call(in.thread, fn, append(all, args...)...)
	h.View = nil
	clear(in.args[:])
	return answer, err
}

// CallMethod calls a method of the session's object.
func (m Moment) CallMethod(name string, args ...starlark.Value) (starlark.Value, error) {
	in, ok := m.Self.(*Instance)
	if !ok {
		return nil, errNoObject
	}
	in.prepare(m.Session)
	h := in.host.Base()
	h.View = m.View
	defer func() { h.View = nil }()
	answer, _, err := in.object.Call(in.thread, name, args...)
	if err != nil {
		return nil, Describe(err)
	}
	return answer, nil
}

// CallAll calls methods in order; after one that failed it stops, or goes on and tells of all.
func (m Moment) CallAll(names []string, stop bool) error {
	var failed []error
	for _, name := range names {
		if _, err := m.CallMethod(name); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
			if stop {
				break
			}
		}
	}
	return errors.Join(failed...)
}

// Connect asks the policy's connectServer whether it wants a server.
func (m Moment) Connect() (bool, error) {
	in, ok := m.Self.(*Instance)
	if !ok {
		return false, errNoObject
	}
	in.prepare(m.Session)
	h := in.host.Base()
	h.connecting = true
	defer func() { h.connecting = false }()
	answer, err := m.CallMethod("connectServer")
	if err != nil {
		return false, err
	}
	switch answer.(type) {
	case serverStream:
		return true, nil
	case starlark.NoneType:
		return false, nil
	}
	return false, fmt.Errorf("connectServer returned %s, want what its parent's connectServer(self) returned, or None", Printed(answer))
}

// Printed is a function's answer in an error.
func Printed(v starlark.Value) string {
	if _, ok := v.(starlark.Int); ok {
		return v.String()
	}
	return word.TypeName(v)
}

// Describe is an error with the policy line that it came from.
func Describe(err error) error {
	found := interp.FindingsOf(err)
	if len(found) == 0 {
		return err
	}
	return fmt.Errorf("%s: %s", found[0].Pos, found[0].Message)
}
