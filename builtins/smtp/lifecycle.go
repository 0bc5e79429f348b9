package smtp

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/engine/proxy/smtp"
)

// at is the moment of a view.
func at(v *smtp.View) proxyclass.Moment {
	return proxyclass.Moment{Session: v.Session, Self: v.Self, View: v}
}

// setHooks has the engine call the methods that the policy wrote; what it did not write costs no session anything.
func (h *host) setHooks() {
	if proxyclass.Overridden(h.Class, "generateReceived") {
		h.settings.Received = askReceived
	}
	if proxyclass.Overridden(h.Class, "connectServer") {
		h.settings.Connect = func(v *smtp.View) (bool, error) { return at(v).Connect() }
	}
	if names := h.WrittenOf(proxyclass.StartUpMethods); len(names) > 0 {
		h.settings.StartUp = func(v *smtp.View) error { return at(v).CallAll(names, true) }
	}
	if names := h.WrittenOf(proxyclass.ShutDownMethods); len(names) > 0 {
		h.settings.ShutDown = func(v *smtp.View) error { return at(v).CallAll(names, false) }
	}
}

// askReceived asks the policy's generateReceived.
func askReceived(v *smtp.View) (string, error) {
	answer, err := at(v).CallMethod("generateReceived")
	if err != nil {
		return "", err
	}
	text, ok := starlark.AsString(answer)
	if !ok {
		return "", fmt.Errorf("generateReceived returned %s, want a string", proxyclass.Printed(answer))
	}
	return text, nil
}

// generateReceived is the built-in wording.
func generateReceived(c *methodCall) (starlark.Value, error) {
	if c.Host.view() == nil {
		return nil, fmt.Errorf("generateReceived can be called during a session, not in config()")
	}
	return starlark.String(c.Host.view().TraceLine()), nil
}
