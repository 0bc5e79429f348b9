package proxyclass

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

// Methods of a policy that the engine calls in a session, without arguments. Of two names the second is Zorp's older.
var (
	StartUpMethods  = [][]string{{"__pre_startup__"}, {"startup", "startUp"}, {"__post_startup__"}}
	ShutDownMethods = [][]string{{"__pre_shutdown__"}, {"shutdown", "shutDown"}, {"__post_shutdown__"}}
)

// hookParameters are those of a method without arguments.
const hookParameters = "write it with the parameters (self)"

// CheckHooks reports methods that cannot be called, and those that would be called under one of two names only.
func CheckHooks(d *word.Draft, class *interp.Class, lists ...[][]string) {
	for _, list := range append([][][]string{StartUpMethods, ShutDownMethods, {{"connectServer"}}}, lists...) {
		for _, names := range list {
			CheckHook(d, class, names, 0, hookParameters)
		}
	}
}

// CheckHook is CheckHooks for one method, which takes a number of arguments beside self.
func CheckHook(d *word.Draft, class *interp.Class, names []string, arguments int, hint string) {
	name, v, owner := Written(class, names)
	if v == nil {
		return
	}
	pos := WrittenAt(v, owner)
	f, ok := v.(*starlark.Function)
	if !ok {
		d.Error(pos, "bad-hook", fmt.Sprintf("class %s: %s is %s, want a method", owner.Name(), name, word.TypeName(v)), "write def "+name+"(self):")
		return
	}
	if problem := interp.Miscount(&interp.Method{Func: f}, arguments); problem != "" {
		d.Error(pos, "bad-hook", fmt.Sprintf("class %s: %s", owner.Name(), problem), hint)
	}
	if second := names[len(names)-1]; second != name && owner.Own()[second] != nil {
		d.Error(WrittenAt(owner.Own()[second], owner), "bad-hook", fmt.Sprintf("class %s: %s and %s are one method", owner.Name(), name, second), "write one of them")
	}
}

// Written finds the method of the policy that goes by one of names, the most derived one.
func Written(class *interp.Class, names []string) (string, starlark.Value, *interp.Class) {
	for _, k := range class.MRO() {
		for _, name := range names {
			if v := k.Own()[name]; v != nil && !k.GoMade() {
				return name, v, k
			}
		}
	}
	return "", nil, nil
}

// WrittenOf are the names of those methods of list that the policy wrote.
func (h *Host) WrittenOf(list [][]string) (found []string) {
	for _, names := range list {
		if name, _, _ := Written(h.Class, names); name != "" {
			found = append(found, name)
		}
	}
	return found
}

// WrittenAt is where a method was written, or else the class that has it.
func WrittenAt(v starlark.Value, owner *interp.Class) source.Pos {
	if f, ok := v.(*starlark.Function); ok {
		return interp.PosOf(f.Position())
	}
	return owner.Pos()
}

// Overridden reports whether the policy has a method of its own in place of the built-in one.
func Overridden(class *interp.Class, name string) bool {
	_, owner := class.Lookup(name)
	return owner != nil && !owner.GoMade()
}

// hooksNotBuilt are methods that Zorp would call and this engine does not, whatever the protocol.
const hooksNotBuilt = "__destroy__ requestStack setServerAddress stackProxy stackCustom userAuthenticated readPEM closedByAbort invalidPolicyCall"

// HooksNotBuilt are the methods that RefuseHooks refuses.
func HooksNotBuilt() []string { return strings.Fields(hooksNotBuilt) }

// RefuseHooks reports methods of the policy that would never be called.
func RefuseHooks(d *word.Draft, class *interp.Class) {
	for name := range strings.FieldsSeq(hooksNotBuilt) {
		v, owner := class.Lookup(name)
		if v == nil || owner.GoMade() {
			continue
		}
		d.Error(WrittenAt(v, owner), "not-built", fmt.Sprintf("class %s: %s is Zorp's but not called yet", owner.Name(), name), "leave it out")
	}
}

// Method makes a built-in method of H, the host of its protocol, with a fixed number of arguments.
func Method[H Hosted](name string, arguments int, fn func(c *MethodCall[H]) (starlark.Value, error)) *starlark.Builtin {
	return interp.NewMethod(name, func(thread *starlark.Thread, self *interp.Object, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		h, ok := self.Host().(H)
		if !ok {
			return nil, fmt.Errorf("%s: %s is no proxy", name, self)
		}
		if len(args) != arguments || len(kwargs) > 0 {
			return nil, fmt.Errorf("%s takes %d arguments, got %d", name, arguments, len(args)+len(kwargs))
		}
		return fn(&MethodCall[H]{thread, self, h, args})
	})
}

// MethodCall is one call of a built-in method.
type MethodCall[H Hosted] struct {
	Thread *starlark.Thread
	Self   *interp.Object
	Host   H
	Args   starlark.Tuple
}

// Text is an argument that must be a string.
func (c *MethodCall[H]) Text(i int) (string, error) {
	s, ok := starlark.AsString(c.Args[i])
	if !ok {
		return "", fmt.Errorf("argument %d is %s, want a string", i+1, c.Args[i].Type())
	}
	return s, nil
}

// LifecycleMethods are the methods that every proxy class has, for the hosts of a protocol.
func LifecycleMethods[H Hosted]() starlark.StringDict {
	dict := starlark.StringDict{"__init__": initialize, "connectServer": Method("connectServer", 0, connectServer[H])}
	for name := range strings.FieldsSeq("__pre_config__ config __post_config__ __pre_startup__ startup startUp __post_startup__ " +
		"__pre_shutdown__ shutdown shutDown __post_shutdown__") {
		dict[name] = Method(name, 0, nothing[H])
	}
	return dict
}

// initialize is __init__, which Zorp gives the session. It does nothing.
var initialize = interp.NewMethod("__init__", func(*starlark.Thread, *interp.Object, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.None, nil
})

func nothing[H Hosted](*MethodCall[H]) (starlark.Value, error) { return starlark.None, nil }

// connectServer stands for the server side, which is connected as the router says when the policy's method is over.
func connectServer[H Hosted](c *MethodCall[H]) (starlark.Value, error) {
	if !c.Host.Base().connecting {
		return nil, errors.New("connectServer can be called by a connectServer that overrides it, not elsewhere")
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
