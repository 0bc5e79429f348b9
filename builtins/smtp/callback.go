package smtp

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
)

// hookKind says which arguments a callback gets.
type hookKind int

const (
	requestHook  hookKind = iota // command, param
	responseHook                 // command, command_param, response_code, response_param
	sessionHook                  // none
)

// arguments counts them, self aside.
func (k hookKind) arguments() int { return [...]int{2, 4, 0}[k] }

func (k hookKind) hint(method bool) string {
	params := [...]string{"command, param", "command, command_param, response_code, response_param", ""}[k]
	if method {
		params = strings.TrimSuffix("self, "+params, ", ")
	}
	return "write it with the parameters (" + params + ")"
}

// miscounts says what is wrong with the parameters of fn; "" if it can be called.
func (k hookKind) miscounts(fn starlark.Callable) string {
	return interp.Miscount(fn, k.arguments())
}

// callback is a hook that the policy wrote.
type callback struct {
	kind hookKind
	fn   starlark.Callable
	self bool // fn is a method of the proxy: its first argument is the session's object
}

// Decide calls the function. Anything but ACCEPT, REJECT or ABORT is an error.
func (c *callback) Decide(v *smtp.View) (smtp.Action, error) {
	in, ok := v.Self.(*instance)
	if !ok {
		return smtp.Reject, fmt.Errorf("%s: the session has no proxy object", c.fn.Name())
	}
	answer, err := in.call(v, c)
	if err != nil {
		return smtp.Reject, describe(err)
	}
	n, isInt := answer.(starlark.Int)
	if isInt {
		if code, ok := n.Int64(); ok {
			switch a := smtp.Action(code); a {
			case smtp.Accept, smtp.Reject, smtp.Abort:
				return a, nil
			}
		}
	}
	return smtp.Reject, fmt.Errorf("%s returned %s, want ACCEPT, REJECT or ABORT", c.fn.Name(), printed(answer))
}

func printed(v starlark.Value) string {
	if _, ok := v.(starlark.Int); ok {
		return v.String()
	}
	return word.TypeName(v)
}

// describe is an error with the policy line that it came from.
func describe(err error) error {
	found := interp.FindingsOf(err)
	if len(found) == 0 {
		return err
	}
	return fmt.Errorf("%s: %s", found[0].Pos, found[0].Message)
}

// instance is what a session keeps for its hooks: one thread, and one object made when a hook first needs it.
type instance struct {
	made   *made
	host   *host
	object *interp.Object
	thread *starlark.Thread
	args   [5]starlark.Value
}

// call runs a callback with v in view.
func (in *instance) call(v *smtp.View, c *callback) (starlark.Value, error) {
	in.prepare(v)
	in.host.view = v
	args := in.args[:0]
	if c.self {
		args = append(args, in.object)
	}
	args = append(args, starlark.String(v.RequestCmd), starlark.String(v.RequestParam))
	if c.kind == responseHook {
		args = append(args, starlark.String(v.ResponseCode), starlark.String(v.ResponseParam))
	}
	answer, err := interp.Call(in.thread, c.fn, args...)
	in.host.view = nil
	clear(in.args[:])
	return answer, err
}

// prepare makes what the first callback of a session needs, unless config() ran in this session and made it.
func (in *instance) prepare(v *smtp.View) {
	if in.thread != nil {
		return
	}
	in.thread = sessionThread(in.made.name, v.Session)
	in.host = in.made.host.inSession(v.Session, in.made.host.settings)
	in.object = in.made.object.Clone(in.host)
}

// sessionThread is where the functions of one session run, and what they log and print goes to its log.
func sessionThread(name string, s *session.Session) *starlark.Thread {
	if s == nil { // a View made by hand
		return interp.NewThread(name, interp.CallLimits, nil)
	}
	return word.SessionThread(name, s.Log)
}
