package smtp

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
)

// host is the Go side of a proxy object. While config() runs it fills the settings; in a session it shows a View.
type host struct {
	class    *interp.Class
	report   *report // nil once the settings are made
	settings *smtp.Settings
	tables   map[string]*table
	values   map[string]row // what the policy set, as it wrote it

	relayCheck *bool // set by the policy after SmtpProxy's config; nil: see inForce
	relaySaid  bool  // the policy said something else about relaying

	// unshareable: a function in a table holds on to the object that config() ran on.
	unshareable bool

	session *session.Session
	view    *smtp.View // of the callback that runs

	connecting bool // that is connectServer
}

var _ interp.Attrs = (*host)(nil)

func newHost(class *interp.Class, r *report) *host {
	h := &host{class: class, report: r, settings: smtp.DefaultSettings(), values: map[string]row{}}
	h.tables = map[string]*table{
		"request":    newTable("request", 1, r),
		"response":   newTable("response", 2, r),
		"extensions": newTable("extensions", 1, r),
	}
	return h
}

// inSession is the host of a session's object, made from the one that config() filled.
func (h *host) inSession(s *session.Session, settings *smtp.Settings) *host {
	return &host{class: h.class, settings: settings, tables: h.tables, values: h.values, session: s}
}

// configuring reports whether config() may still set attributes.
func (h *host) configuring() bool { return h.report != nil }

// Attr is the value of an attribute.
func (h *host) Attr(name string) (starlark.Value, error) {
	if t := h.tables[name]; t != nil {
		return t, nil
	}
	switch {
	case name == "ssl":
		return nil, errors.New("self.ssl is no longer part of Zorp: TLS is said by encryption_policy of the Service")
	case name == "session" && h.session == nil:
		return nil, word.ErrNoSession
	case name == "session":
		return word.SessionValue(h.session), nil
	}
	a := byName[name]
	switch {
	case a == nil:
		return nil, nil
	case a.view != nil && h.view != nil:
		return load(a.view(h.view)), nil
	case a.view != nil:
		return load(a.view(new(smtp.View))), nil
	case a.Type.Want == matcherType.Want:
		if r, ok := h.values[a.Name]; ok {
			return r.value, nil
		}
		return starlark.None, nil
	case a.Name == "relay_check" && h.configuring():
		return starlark.Bool(h.inForce()), nil
	case a.setting != nil:
		return load(a.setting(h.settings)), nil
	}
	return nil, nil
}

// SetField sets an attribute. What is wrong is reported; the policy goes on while it is loaded.
func (h *host) SetField(name string, v starlark.Value) (handled bool, err error) {
	a := byName[name]
	switch {
	case h.tables[name] != nil || name == "session":
		return true, h.refuse("wrong-attribute", fmt.Sprintf("self.%s cannot be replaced", name), tableHint(name))
	case a == nil && h.configuring():
		return false, h.unknown(name)
	case a == nil:
		return false, nil
	case a.ReadOnly:
		return true, h.refuse("wrong-attribute", fmt.Sprintf("self.%s can only be read", name), "")
	case h.configuring():
		return true, h.configure(a, name, v)
	case a.view == nil || h.view == nil:
		return true, fmt.Errorf("self.%s cannot be set during a session: set it in config()", name)
	}
	return true, h.change(a, name, v)
}

func tableHint(name string) string {
	if name == "session" {
		return ""
	}
	return fmt.Sprintf(`set its entries: self.%s["..."] = ...`, name)
}

// refuse is a finding while the policy is loaded, and an error in a session.
func (h *host) refuse(id, message, hint string) error {
	if h.report == nil {
		return errors.New(message)
	}
	return h.report.problem(id, message, hint)
}

// unknown reports a name that the proxy does not have, unless a method of the policy reads it.
func (h *host) unknown(name string) error {
	if h.class.Reads(name) {
		return nil
	}
	return h.report.problem("unknown-attribute", fmt.Sprintf("%s has no attribute %s", h.class.Name(), name),
		word.DidYouMean(name, attributeNames(), ""))
}

func attributeNames() []string {
	return append(slices.Collect(maps.Keys(byName)), "request", "response", "extensions")
}

// configure sets an attribute in config().
func (h *host) configure(a *Attribute, name string, v starlark.Value) error {
	if interp.IsPoison(v) {
		return nil
	}
	if problem := a.refuses(v); problem != "" {
		return h.report.problem("wrong-type", fmt.Sprintf("self.%s: %s", name, problem), "")
	}
	switch {
	case a.NotBuilt != "" && !a.isDefault(v):
		return h.report.problem("not-built", fmt.Sprintf("self.%s is Zorp's but not built yet", name), a.NotBuilt)
	case a.NotBuilt != "":
		return nil
	case a.ofSmtpProxy() && !derives(h.class, smtpProxyName):
		return h.report.problem("wrong-attribute", fmt.Sprintf("self.%s is an attribute of SmtpProxy, which %s does not derive from", name, h.class.Name()),
			"write class "+h.class.Name()+"(SmtpProxy):")
	case a.setting == nil:
		return h.report.problem("wrong-attribute", fmt.Sprintf("self.%s has no meaning before the session runs", name), "set it in a callback of the request or response table")
	}
	h.values[a.Name] = row{v, h.report.here()}
	store(a.setting(h.settings), v)
	h.noteRelay(a, v)
	return nil
}

// change sets an attribute of the View.
func (h *host) change(a *Attribute, name string, v starlark.Value) error {
	if problem := a.refuses(v); problem != "" {
		return fmt.Errorf("self.%s: %s", name, problem)
	}
	store(a.view(h.view), v)
	return nil
}

// refuses says what is wrong with a value; "" if nothing is.
func (a *Attribute) refuses(v starlark.Value) string {
	if v == starlark.None && a.Default == "None" {
		return ""
	}
	if !a.Type.Accepts(v) {
		return fmt.Sprintf("got %s, want %s", word.TypeName(v), a.Type.Want)
	}
	if n, ok := word.AsInt(v); ok && a.high > 0 && (n < a.low || n > a.high) {
		return fmt.Sprintf("got %d, want a number from %d to %d", n, a.low, a.high)
	}
	return ""
}

// AttrNames lists the attributes.
func (h *host) AttrNames() []string { return append(attributeNames(), "session") }
