package smtp

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/engine/proxy/smtp"
)

// hookKind says which arguments a callback gets.
type hookKind int

const (
	requestHook  hookKind = iota // command, param
	responseHook                 // command, command_param, response_code, response_param
)

// arguments counts them, self aside.
func (k hookKind) arguments() int { return [...]int{2, 4}[k] }

func (k hookKind) hint(method bool) string {
	params := [...]string{"command, param", "command, command_param, response_code, response_param"}[k]
	if method {
		params = "self, " + params
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

// Name is the function's, for who measures it.
func (c *callback) Name() string { return c.fn.Name() }

// Place is where the function was written, for who follows a session.
func (c *callback) Place() string {
	if f, ok := c.fn.(*starlark.Function); ok {
		return interp.PosOf(f.Position()).String()
	}
	return ""
}

// Decide calls the function. Anything but ACCEPT, REJECT or ABORT is an error.
func (c *callback) Decide(v *smtp.View) (smtp.Action, error) {
	args := []starlark.Value{starlark.String(v.RequestCmd), starlark.String(v.RequestParam)}
	if c.kind == responseHook {
		args = append(args, starlark.String(v.ResponseCode), starlark.String(v.ResponseParam))
	}
	answer, err := at(v).Call(c.fn, c.self, args...)
	if err != nil {
		return smtp.Reject, proxyclass.Describe(err)
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
	return smtp.Reject, fmt.Errorf("%s returned %s, want ACCEPT, REJECT or ABORT", c.fn.Name(), proxyclass.Printed(answer))
}
