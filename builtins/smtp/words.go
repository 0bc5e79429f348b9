// Package smtp is the words of Zorp.Smtp: the classes AbstractSmtpProxy and SmtpProxy with their attributes, tables and
// methods, and the SMTP constants. It turns a policy's class into a class of engine/proxy/smtp, and its functions into
// hooks. Package builtins gives it to policies that import Zorp.Smtp.
package smtp

import (
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
)

const smtpProxyName = "SmtpProxy"

// Words are Zorp.Smtp for one policy.
type Words struct {
	draft    *word.Draft
	abstract *interp.Class
	smtp     *interp.Class
	own      ownNames
	maker    *proxyclass.Maker
}

// New makes the words of the policy whose declarations go into d.
func New(d *word.Draft) *Words {
	w := &Words{draft: d, own: newOwnNames(d)}
	w.maker = proxyclass.NewMaker(d, protocol{w}, kind)
	w.abstract = interp.NewClass("AbstractSmtpProxy", nil, abstractMethods)
	w.abstract.Host = func(o *interp.Object) (interp.Attrs, error) {
		return newHost(o.Class(), &proxyclass.Report{Draft: d}), nil
	}
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

// Maker makes the proxy classes.
func (w *Words) Maker() *proxyclass.Maker { return w.maker }
