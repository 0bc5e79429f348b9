// Package smtp is the words of Zorp.Smtp: the classes AbstractSmtpProxy and SmtpProxy with their attributes, tables and
// methods, and the SMTP constants. It turns a policy's class into a class of engine/proxy/smtp, and its functions into
// hooks. Package builtins gives it to policies that import Zorp.Smtp.
package smtp

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/source"
)

const smtpProxyName = "SmtpProxy"

// Words are Zorp.Smtp for one policy.
type Words struct {
	draft    *word.Draft
	abstract *interp.Class
	smtp     *interp.Class
	own      ownNames
	done     map[*interp.Class]proxy.Class
}

// New makes the words of the policy whose declarations go into d.
func New(d *word.Draft) *Words {
	w := &Words{draft: d, own: newOwnNames(d), done: map[*interp.Class]proxy.Class{}}
	w.abstract = interp.NewClass("AbstractSmtpProxy", nil, abstractMethods)
	w.abstract.Host = func(o *interp.Object) (interp.Attrs, error) { return newHost(o.Class(), &report{draft: d}), nil }
	w.smtp = interp.NewClass(smtpProxyName, []*interp.Class{w.abstract}, smtpMethods)
	return w
}

// Module is everything that "from Zorp.Smtp import *" brings.
func (w *Words) Module() starlark.StringDict {
	dict := starlark.StringDict{"AbstractSmtpProxy": w.abstract, "SmtpProxy": w.smtp,
		"SMTP_GETDOMAIN_MAILNAME": starlark.String("mailname"), "SMTP_GETDOMAIN_FQDN": starlark.String("fqdn")}
	for name, n := range numbers {
		dict[name] = starlark.MakeInt(n)
	}
	for tag := range strings.FieldsSeq("VIOLATION REQUEST RESPONSE POLICY DEBUG ERROR INFO ACCOUNTING") {
		dict["SMTP_"+tag] = starlark.String("smtp." + strings.ToLower(tag))
	}
	return dict
}

var numbers = map[string]int{
	"SMTP_REQ_ACCEPT": int(smtp.Accept), "SMTP_REQ_REJECT": int(smtp.Reject), "SMTP_REQ_ABORT": int(smtp.Abort), "SMTP_REQ_POLICY": int(smtp.Policy),
	"SMTP_RSP_ACCEPT": int(smtp.Accept), "SMTP_RSP_REJECT": int(smtp.Reject), "SMTP_RSP_ABORT": int(smtp.Abort), "SMTP_RSP_POLICY": int(smtp.Policy),
	"SMTP_EXT_ACCEPT": int(smtp.Accept), "SMTP_EXT_DROP": int(smtp.Drop),
	"SMTP_EXT_PIPELINING": smtp.ExtPipelining, "SMTP_EXT_SIZE": smtp.ExtSize, "SMTP_EXT_ETRN": smtp.ExtETRN, "SMTP_EXT_8BITMIME": smtp.Ext8BitMIME,
	"SMTP_EXT_AUTH": smtp.ExtAuth, "SMTP_EXT_STARTTLS": smtp.ExtStartTLS,
	"SMTP_EXT_ALL":  smtp.ExtPipelining | smtp.ExtSize | smtp.ExtETRN | smtp.Ext8BitMIME,
	"SMTP_STK_NONE": 0, "SMTP_STK_MIME": 1,
}

// Is reports whether class is one of Zorp.Smtp's or derives from one.
func (w *Words) Is(class *interp.Class) bool { return class.Is(w.abstract) }

// Compile makes a proxy class of a class of the policy, which a service uses at pos. It is configured once however many
// services use it. What is wrong becomes findings; then the class is nil.
func (w *Words) Compile(class *interp.Class, pos source.Pos) proxy.Class {
	if c, known := w.done[class]; known {
		return c
	}
	errorsBefore := w.errors()
	c := w.compile(class, pos)
	if w.errors() > errorsBefore {
		c = nil
	}
	w.done[class] = c
	return c
}

// Misspelt warns of attributes that a method sets, nothing reads, and that look like one of the proxy's. To be called
// when all classes are compiled: what config() itself set was an error then.
func (w *Words) Misspelt() {
	for _, set := range w.draft.SetOnSelf() {
		nearest := source.Nearest(set.Name, attributeNames())
		if byName[set.Name] != nil || nearest == "" || w.read(set.Name) || w.draft.FoundAt(set.Pos) {
			continue
		}
		w.draft.Find(source.Finding{Pos: set.Pos, Severity: source.Warning, ID: "unread-attribute",
			Message: fmt.Sprintf("self.%s is no attribute of the proxy, and no method reads it", set.Name), Hint: "did you mean " + nearest + "?"})
	}
}

// read reports whether a method of a class in use reads an attribute.
func (w *Words) read(name string) bool {
	for class := range w.done {
		if class.Reads(name) {
			return true
		}
	}
	return len(w.done) == 0
}

func (w *Words) errors() (n int) {
	for _, f := range w.draft.Findings {
		if f.Severity == source.Error {
			n++
		}
	}
	return n
}

func (w *Words) compile(class *interp.Class, pos source.Pos) proxy.Class {
	class.Freeze()
	refuseHooks(w.draft, class)
	checkHooks(w.draft, class)
	before := w.errors()
	h := newHost(class, &report{draft: w.draft})
	w.draft.Thread = interp.NewThread("config", interp.LoadLimits, w.draft.Print)
	word.Share(w.draft.Thread)
	object, err := evaluate(h, w.draft.Thread)
	w.draft.Thread = nil
	if errors.Is(err, word.ErrNoSession) || errors.Is(err, word.ErrVaries) {
		w.own.prepare()
		return &perSession{w, class}
	}
	if err != nil {
		w.failed(err, pos)
	}
	if err := h.finish(w); err != nil || w.errors() > before {
		return nil
	}
	compiled, problems := smtp.Compile(class.Name(), h.settings)
	for _, problem := range problems {
		w.draft.Error(h.where(problem, pos), "bad-class", "class "+class.Name()+": "+problem.Error(), "")
	}
	if !object.Shareable() || h.unshareable {
		return &perSession{w, class}
	}
	object.Freeze()
	return &made{Class: compiled, name: class.Name(), host: h, object: object, waits: w.draft.Places.Waits}
}

// failed records an error of config().
func (w *Words) failed(err error, pos source.Pos) {
	for _, f := range interp.FindingsOf(err) {
		if !f.Pos.IsValid() {
			f.Pos = pos
		}
		w.draft.Find(f)
	}
}

// where is the line that a problem of the settings comes from, or that of the class, or pos.
func (h *host) where(problem error, pos source.Pos) source.Pos {
	name, _, _ := strings.Cut(problem.Error(), ":")
	if r, ok := h.values[name]; ok && r.pos.IsValid() {
		return r.pos
	}
	if h.class.Pos().IsValid() {
		return h.class.Pos()
	}
	return pos
}
