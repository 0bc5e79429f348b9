package smtp

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/source"
)

// Proxies are the classes that a policy may derive from.
func Proxies() []string { return []string{"AbstractSmtpProxy", smtpProxyName} }

// Methods are those that the engine calls, that Zorp would call, or that stand for what a built-in one does.
func Methods() []string {
	return append(append(abstractMethods.Keys(), smtpMethods.Keys()...), proxyclass.HooksNotBuilt()...)
}

// Commands of SMTP that are in use, and the name that the response table has for the greeting.
const (
	commands = "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY EXPN HELP ETRN AUTH STARTTLS BDAT"
	greeting = "Null"
)

// unlikely warns of an entry for what no session has: a command or keyword that is one of the known ones but for a slip,
// and reply codes that do not exist.
func (h *host) unlikely(table string, k key, pos source.Pos) {
	if h.Report.Draft == nil || !pos.IsValid() {
		return
	}
	entry := fmt.Sprintf("self.%s[%s]: ", table, k.text(h.tables[table].parts))
	warn := func(id, message, hint string) {
		h.Report.Draft.Find(source.Finding{Pos: pos, Severity: source.Warning, ID: id, Message: entry + message, Hint: hint})
	}
	if table == "extensions" {
		near := source.Nearest(k[0], smtp.ExtensionsBuilt())
		if _, known := smtp.ExtensionNotBuilt(k[0]); !known && near != "" && !slices.Contains(smtp.ExtensionsBuilt(), k[0]) {
			warn("unknown-extension", "there is no such extension", "did you mean "+near+"?")
		}
		return
	}
	known := append(strings.Fields(commands), "*")
	if table == "response" {
		known = append(known, greeting)
		if c := k[1]; c != "*" && (c[0] < '2' || c[0] > '5') {
			warn("unknown-reply-code", "no reply has this code", "reply codes begin with 2, 3, 4 or 5: write \"250\", or \"2\" for all that begin so")
		}
	}
	if near := source.Nearest(k[0], known); near != "" && !slices.Contains(known, k[0]) {
		warn("unknown-command", "there is no such command", "did you mean "+near+"?")
	}
}

// unneeded warns of settings that have no effect beside others.
func (h *host) unneeded(d *word.Draft) {
	if h.Session != nil {
		return
	}
	s := h.settings
	h.idle(d, !s.Relay.Check, "relay_check is FALSE", "leave one of the two out", "relay_zones", "relay_domains", "relay_domains_matcher")
	h.idle(d, !h.asks("RCPT"), "RCPT is accepted without asking checkRecipient", `leave it out, or write self.request["RCPT"] = (SMTP_REQ_POLICY, self.checkRecipient)`,
		"recipient_matcher", "permit_percent_hack", "permit_exclamation_mark")
	h.idle(d, !h.asks("MAIL"), "MAIL is accepted without asking checkSender", `leave it out, or write self.request["MAIL"] = (SMTP_REQ_POLICY, self.checkSender)`, "sender_matcher")
	matchers := s.Relay.SenderMatcher != nil || s.Relay.RecipientMatcher != nil || s.Relay.DomainsMatcher != nil
	h.idle(d, !matchers, "there is no matcher whose refusal it would soften", "leave it out", "error_soft")
	h.idle(d, s.Trace.DomainName != "", "domain_name is given", "leave one of the two out", "autodetect_domain_from")
}

// asks reports whether a function is asked about a command.
func (h *host) asks(verb string) bool {
	e, ok := h.settings.Request[verb]
	if !ok {
		e = h.settings.Request["*"]
	}
	return e.Action == smtp.Policy
}

func (h *host) idle(d *word.Draft, off bool, because, hint string, names ...string) {
	for _, name := range names {
		r, set := h.Values[name]
		if !off || !set || byName[name].IsDefault(r.Value) || r.Value == starlark.None {
			continue
		}
		d.Find(source.Finding{Pos: r.Pos, Severity: source.Warning, ID: "no-effect", Message: "self." + name + " has no effect: " + because, Hint: hint})
	}
}
