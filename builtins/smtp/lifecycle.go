package smtp

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
)

// Methods of a policy that the engine calls in a session, without arguments. Of two names the second is Zorp's older.
var (
	startUpMethods  = [][]string{{"__pre_startup__"}, {"startup", "startUp"}, {"__post_startup__"}}
	shutDownMethods = [][]string{{"__pre_shutdown__"}, {"shutdown", "shutDown"}, {"__post_shutdown__"}}
	askedMethods    = [][]string{{"connectServer"}, {"generateReceived"}}
)

// checkHooks reports methods that cannot be called, and those that would be called under one of two names only.
func checkHooks(d *word.Draft, class *interp.Class) {
	for _, list := range [][][]string{startUpMethods, shutDownMethods, askedMethods} {
		for _, names := range list {
			checkHook(d, class, names)
		}
	}
}

func checkHook(d *word.Draft, class *interp.Class, names []string) {
	name, v, owner := written(class, names)
	if v == nil {
		return
	}
	pos := writtenAt(v, owner)
	f, ok := v.(*starlark.Function)
	if !ok {
		d.Error(pos, "bad-hook", fmt.Sprintf("class %s: %s is %s, want a method", owner.Name(), name, word.TypeName(v)), "write def "+name+"(self):")
		return
	}
	if problem := sessionHook.miscounts(&interp.Method{Func: f}); problem != "" {
		d.Error(pos, "bad-hook", fmt.Sprintf("class %s: %s", owner.Name(), problem), sessionHook.hint(true))
	}
	if second := names[len(names)-1]; second != name && owner.Own()[second] != nil {
		d.Error(writtenAt(owner.Own()[second], owner), "bad-hook", fmt.Sprintf("class %s: %s and %s are one method", owner.Name(), name, second), "write one of them")
	}
}

// written finds the method of the policy that goes by one of names, the most derived one.
func written(class *interp.Class, names []string) (string, starlark.Value, *interp.Class) {
	for _, k := range class.MRO() {
		for _, name := range names {
			if v := k.Own()[name]; v != nil && !k.GoMade() {
				return name, v, k
			}
		}
	}
	return "", nil, nil
}

// setHooks has the engine call the methods that the policy wrote; what it did not write costs no session anything.
func (h *host) setHooks() {
	if overridden(h.class, "generateReceived") {
		h.settings.Received = askReceived
	}
	if overridden(h.class, "connectServer") {
		h.settings.Connect = askConnect
	}
	if names := h.writtenOf(startUpMethods); len(names) > 0 {
		h.settings.StartUp = func(v *smtp.View) error { return callAll(v, names, true) }
	}
	if names := h.writtenOf(shutDownMethods); len(names) > 0 {
		h.settings.ShutDown = func(v *smtp.View) error { return callAll(v, names, false) }
	}
}

func (h *host) writtenOf(list [][]string) (found []string) {
	for _, names := range list {
		if name, _, _ := written(h.class, names); name != "" {
			found = append(found, name)
		}
	}
	return found
}

// callAll calls methods in order; after one that failed it stops, or goes on and tells of all.
func callAll(v *smtp.View, names []string, stop bool) error {
	var failed []error
	for _, name := range names {
		if _, err := callMethod(v, name); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
			if stop {
				break
			}
		}
	}
	return errors.Join(failed...)
}

// callMethod calls a method of the session's object.
func callMethod(v *smtp.View, name string) (starlark.Value, error) {
	in, ok := v.Self.(*instance)
	if !ok {
		return nil, fmt.Errorf("the session has no proxy object")
	}
	in.prepare(v)
	in.host.view = v
	defer func() { in.host.view = nil }()
	answer, _, err := in.object.Call(in.thread, name)
	if err != nil {
		return nil, describe(err)
	}
	return answer, nil
}

// askReceived asks the policy's generateReceived.
func askReceived(v *smtp.View) (string, error) {
	answer, err := callMethod(v, "generateReceived")
	if err != nil {
		return "", err
	}
	text, ok := starlark.AsString(answer)
	if !ok {
		return "", fmt.Errorf("generateReceived returned %s, want a string", printed(answer))
	}
	return text, nil
}

// generateReceived is the built-in wording.
func generateReceived(c *methodCall) (starlark.Value, error) {
	if c.host.view == nil {
		return nil, fmt.Errorf("generateReceived can be called during a session, not in config()")
	}
	return starlark.String(c.host.view.TraceLine()), nil
}

// askConnect asks the policy's connectServer.
func askConnect(v *smtp.View) (bool, error) {
	in, ok := v.Self.(*instance)
	if !ok {
		return false, fmt.Errorf("the session has no proxy object")
	}
	in.prepare(v)
	in.host.connecting = true
	defer func() { in.host.connecting = false }()
	answer, err := callMethod(v, "connectServer")
	if err != nil {
		return false, err
	}
	switch answer.(type) {
	case serverStream:
		return true, nil
	case starlark.NoneType:
		return false, nil
	}
	return false, fmt.Errorf("connectServer returned %s, want what SmtpProxy.connectServer(self) returned, or None", printed(answer))
}

// connectServer stands for the server side, which is connected as the router says when the policy's method is over.
func connectServer(c *methodCall) (starlark.Value, error) {
	if !c.host.connecting {
		return nil, fmt.Errorf("connectServer can be called by a connectServer that overrides it, not elsewhere")
	}
	return serverStream{}, nil
}

// serverStream is the server side in the hands of a connectServer.
type serverStream struct{}

// String is how it prints.
func (serverStream) String() string { return "<server stream>" }

// Type is "stream".
func (serverStream) Type() string { return "stream" }

// Freeze does nothing.
func (serverStream) Freeze() {}

// Truth is true.
func (serverStream) Truth() starlark.Bool { return true }

// Hash says that it cannot be a key.
func (serverStream) Hash() (uint32, error) { return 0, fmt.Errorf("a stream is no dictionary key") }
