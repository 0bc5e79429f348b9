package smtp

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
)

// host is the Go side of a proxy object: that of every proxy, and the tables.
type host struct {
	proxyclass.Host
	settings *smtp.Settings
	tables   map[string]*table

	relayCheck *bool // set by the policy after SmtpProxy's config; nil: see inForce
	relaySaid  bool  // the policy said something else about relaying

	// unshareable: a function in a table holds on to the object that config() ran on.
	unshareable bool
}

var (
	_ interp.Attrs      = (*host)(nil)
	_ proxyclass.Hosted = (*host)(nil)
)

// kind is what all hosts have in common.
var kind = &proxyclass.Kind{Attributes: byName, Tables: []string{"request", "response", "extensions"}, NoView: new(smtp.View),
	Callbacks: "a callback of the request or response table"}

func newHost(class *interp.Class, r *proxyclass.Report) *host {
	h := &host{settings: smtp.DefaultSettings()}
	h.Host = proxyclass.Host{Class: class, Report: r, Settings: h.settings, Values: map[string]proxyclass.Row{}, Kind: kind,
		Check: h.check, Noted: h.noteRelay}
	h.tables = map[string]*table{
		"request":    newTable("request", 1, r),
		"response":   newTable("response", 2, r),
		"extensions": newTable("extensions", 1, r),
	}
	return h
}

// InSession implements proxyclass.Hosted.
func (h *host) InSession(s *session.Session) proxyclass.Hosted {
	return &host{settings: h.settings, tables: h.tables,
		Host: proxyclass.Host{Class: h.Class, Settings: h.settings, Values: h.Values, Session: s, Kind: kind}}
}

// view is what the callback that runs sees; nil if none does.
func (h *host) view() *smtp.View {
	v, _ := h.View.(*smtp.View)
	return v
}

// Unshareable reports whether sessions cannot share what config() said.
func (h *host) Unshareable() bool { return h.unshareable }

// Attr is the value of an attribute.
func (h *host) Attr(name string) (starlark.Value, error) {
	if t := h.tables[name]; t != nil {
		return t, nil
	}
	a := byName[name]
	switch {
	case a == nil || a.View != nil:
	case a.Type.Want == matcherType.Want:
		if r, ok := h.Values[a.Name]; ok {
			return r.Value, nil
		}
		return starlark.None, nil
	case a.Name == "relay_check" && h.Configuring():
		return starlark.Bool(h.inForce()), nil
	}
	return h.Host.Attr(name)
}

// check implements Check of proxyclass.Host.
func (h *host) check(a *Attribute, name string) (message, hint string) {
	if !ofSmtpProxy(a) || derives(h.Class, smtpProxyName) {
		return "", ""
	}
	return fmt.Sprintf("self.%s is an attribute of SmtpProxy, which %s does not derive from", name, h.Class.Name()),
		"write class " + h.Class.Name() + "(SmtpProxy):"
}

// closeTables: from now on only methods of one session, whose own the host is, may change what they hold.
func (h *host) closeTables() {
	for _, t := range h.tables {
		t.report = nil
		if h.Session != nil {
			continue
		}
		for _, r := range t.rows {
			r.Value.Freeze()
		}
	}
}
