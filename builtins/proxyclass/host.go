package proxyclass

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// Host is the Go side of a proxy object. While config() runs it fills the settings; in a session it shows a view.
type Host struct {
	Class    *interp.Class
	Report   *Report // nil once the settings are made
	Settings any
	Values   map[string]Row // what the policy set
	Session  *session.Session
	View     any // of the callback that runs; nil: none does
	Kind     *Kind

	// Check says what is wrong with setting an attribute in config(), beyond its type; Noted is told what was set. Either
	// may be nil.
	Check func(a *Attribute, name string) (message, hint string)
	Noted func(a *Attribute, v starlark.Value)

	connecting bool // that is connectServer
}

// Kind is what all hosts of a protocol share.
type Kind struct {
	Attributes map[string]*Attribute // by all their names
	Tables     []string              // names of attributes that are no values
	NoView     any                   // what attributes show that have no value before a session
	Callbacks  string                // where a policy sets those
}

// Hosted is a Host, or what embeds one.
type Hosted interface {
	interp.Attrs
	Base() *Host
	// InSession is the host of a session's object, made from the one that config() filled.
	InSession(s *session.Session) Hosted
}

var _ interp.Attrs = (*Host)(nil)

// Base is the host itself.
func (h *Host) Base() *Host { return h }

// Configuring reports whether config() may still set attributes.
func (h *Host) Configuring() bool { return h.Report != nil }

// Attr is the value of an attribute.
func (h *Host) Attr(name string) (starlark.Value, error) {
	switch {
	case name == "ssl":
		return nil, errors.New("self.ssl is no longer part of Zorp: TLS is said by encryption_policy of the Service")
	case (name == "session" || name == tlsName) && h.Session == nil:
		return nil, word.ErrNoSession
	case name == tlsName:
		return word.TLSValue(h.Session), nil
	case name == "session":
		return word.SessionValue(h.Session), nil
	}
	a := h.Kind.Attributes[name]
	switch {
	case a == nil:
		return nil, nil
	case a.View != nil && h.View != nil:
		return Load(a.View(h.View)), nil
	case a.View != nil:
		return Load(a.View(h.Kind.NoView)), nil
	case a.Name == encryptionPolicy && h.Values[a.Name].Value != nil:
		return h.Values[a.Name].Value, nil
	case a.Setting != nil:
		return Load(a.Setting(h.Settings)), nil
	}
	return nil, nil
}

// SetField sets an attribute. What is wrong is reported; the policy goes on while it is loaded.
func (h *Host) SetField(name string, v starlark.Value) (handled bool, err error) {
	a := h.Kind.Attributes[name]
	switch {
	case slices.Contains(h.Kind.Tables, name):
		return true, h.refuse("wrong-attribute", fmt.Sprintf("self.%s cannot be replaced", name), fmt.Sprintf(`set its entries: self.%s["..."] = ...`, name))
	case name == "session":
		return true, h.refuse("wrong-attribute", "self.session cannot be replaced", "")
	case a == nil && h.Configuring():
		return false, h.unknown(name)
	case a == nil:
		return false, nil
	case a.ReadOnly:
		return true, h.refuse("wrong-attribute", fmt.Sprintf("self.%s can only be read", name), "")
	case h.Configuring():
		return true, h.configure(a, name, v)
	case a.View == nil || h.View == nil:
		return true, fmt.Errorf("self.%s cannot be set during a session: set it in config()", name)
	}
	return true, h.change(a, name, v)
}

// refuse is a finding while the policy is loaded, and an error in a session.
func (h *Host) refuse(id, message, hint string) error {
	if h.Report == nil {
		return errors.New(message)
	}
	return h.Report.Problem(id, message, hint)
}

// unknown reports a name that the proxy does not have, unless a method of the policy reads it.
func (h *Host) unknown(name string) error {
	if h.Class.Reads(name) {
		return nil
	}
	return h.Report.Problem("unknown-attribute", fmt.Sprintf("%s has no attribute %s", h.Class.Name(), name),
		word.DidYouMean(name, h.Kind.names(), ""))
}

func (k *Kind) names() []string { return append(slices.Collect(maps.Keys(k.Attributes)), k.Tables...) }

// configure sets an attribute in config().
func (h *Host) configure(a *Attribute, name string, v starlark.Value) error {
	if interp.IsPoison(v) {
		return nil
	}
	if problem := a.Refuses(v); problem != "" {
		return h.Report.Problem("wrong-type", fmt.Sprintf("self.%s: %s", name, problem), "")
	}
	switch {
	case a.NotBuilt != "" && !a.IsDefault(v):
		return h.Report.Problem("not-built", fmt.Sprintf("self.%s is Zorp's but not built yet", name), a.NotBuilt)
	case a.NotBuilt != "":
		return nil
	}
	if h.Check != nil {
		if message, hint := h.Check(a, name); message != "" {
			return h.Report.Problem("wrong-attribute", message, hint)
		}
	}
	if a.Setting == nil {
		return h.Report.Problem("wrong-attribute", fmt.Sprintf("self.%s has no meaning before the session runs", name), "set it in "+h.Kind.Callbacks)
	}
	h.Values[a.Name] = Row{v, h.Report.Here()}
	Store(a.Setting(h.Settings), v)
	if h.Noted != nil {
		h.Noted(a, v)
	}
	return nil
}

// change sets an attribute of the view.
func (h *Host) change(a *Attribute, name string, v starlark.Value) error {
	if problem := a.Refuses(v); problem != "" {
		return fmt.Errorf("self.%s: %s", name, problem)
	}
	Store(a.View(h.View), v)
	return nil
}

// AttrNames lists the attributes.
func (h *Host) AttrNames() []string { return append(h.Kind.names(), "session") }

// classAttributes takes what the class body sets and Zorp reads there.
func (h *Host) classAttributes() error {
	for _, name := range h.Class.AttrNames() {
		v, owner := h.Class.Lookup(name)
		if owner == nil || owner.GoMade() || h.isMethod(name, v) {
			continue
		}
		h.Report.fixed = owner.Pos()
		if err := h.classAttribute(name, v); err != nil {
			return err
		}
		h.Report.fixed = source.Pos{}
	}
	return nil
}

// isMethod reports whether v is a method of the policy, which no attribute of the proxy can be.
func (h *Host) isMethod(name string, v starlark.Value) bool {
	_, callable := v.(starlark.Callable)
	a := h.Kind.Attributes[name]
	return callable && (a == nil || !a.InClass)
}

func (h *Host) classAttribute(name string, v starlark.Value) error {
	a := h.Kind.Attributes[name]
	switch {
	case a != nil && a.InClass:
		return h.configure(a, name, v)
	case a != nil || slices.Contains(h.Kind.Tables, name):
		return h.Report.Problem("no-effect", fmt.Sprintf("class %s: %s has no effect in the class body", h.Class.Name(), name), "set it in config(): self."+name+" = ...")
	}
	if nearest := source.Nearest(name, h.Kind.names()); nearest != "" && !h.Class.Reads(name) {
		return h.Report.Problem("unknown-attribute", fmt.Sprintf("class %s: %s is no attribute of the proxy", h.Class.Name(), name), "did you mean "+nearest+"?")
	}
	return nil
}

// Where is the line that a problem of the settings comes from, or that of the class, or pos.
func (h *Host) Where(attribute string, pos source.Pos) source.Pos {
	if r, ok := h.Values[attribute]; ok && r.Pos.IsValid() {
		return r.Pos
	}
	if h.Class.Pos().IsValid() {
		return h.Class.Pos()
	}
	return pos
}
