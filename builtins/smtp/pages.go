package smtp

import (
	"maps"
	"slices"
	"strings"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
)

const module = "Zorp.Smtp"

// Pages is the documentation of the module: its classes, and the tables, objects, methods and attributes of these.
func Pages() []word.Page {
	pages := classPages()
	for _, t := range tableDocs {
		pages = append(pages, word.Page{Name: t.Name, Kind: word.Table, Module: module, Signature: "self." + t.Name + "[key] = value",
			Doc: t.Doc + " It has the methods get, has_key, keys and pop.", Title: "Parts", Rows: []word.Row{{Name: "key", Doc: t.Key}, {Name: "value", Doc: t.Value}},
			Errors: []string{"a key that can never match", "a value that is none of these"}, Examples: []word.Example{{Title: "Example", Text: t.Example}}})
	}
	pages = append(pages, sessionPage())
	for _, m := range methodDocs {
		pages = append(pages, m.page())
	}
	for _, a := range Attributes {
		pages = append(pages, attributePage(a))
	}
	return pages
}

func classPages() []word.Page {
	return []word.Page{
		{Name: smtpProxyName, Kind: word.Class, Module: module, Signature: "class NAME(SmtpProxy):",
			Doc: "Reads and checks both sides of an SMTP session (RFC 5321) and passes on the commands of RFC 5321 and its usual extensions. " +
				"Unless the policy says something about relaying, the server decides which recipients it takes. Derive a class to change its tables and attributes.",
			Errors:   []string{"an attribute that it has not, unless a method reads it", "table entries that can never match"},
			Examples: []word.Example{{Title: "Example", Text: proxyExample(`        self.relay_domains = ("example.com", ".example.com")`, "")}}},
		{Name: "AbstractSmtpProxy", Kind: word.Class, Module: module, Signature: "class NAME(AbstractSmtpProxy):",
			Doc:    "SmtpProxy without its config(): the tables are empty, so every command is refused, and nothing is checked about addresses.",
			Errors: []string{"the attributes about relaying and matchers, which are SmtpProxy's"},
			Examples: []word.Example{{Title: "Example", Text: `from Zorp.Smtp import *

class Bare(AbstractSmtpProxy):
    def config(self):
        for verb in ("HELO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"):
            self.request[verb] = SMTP_REQ_ACCEPT
        self.response["*", "*"] = SMTP_RSP_ACCEPT

Service("mail", Bare)
`}}},
	}
}

func sessionPage() word.Page {
	p := word.Page{Name: "session", Kind: word.Object, Module: module, Signature: "self.session.NAME", Title: "Attributes",
		Doc:    "What is known of the connection. A config() that looks at it runs once for each session instead of once for all.",
		Errors: []string{"setting one of them: they can only be read"},
		Examples: []word.Example{{Title: "Example", Text: proxyExample("", `
    def connectServer(self):
        proxyLog(self, CORE_POLICY, 3, "zone=%s", self.session.client_zone)
        return SmtpProxy.connectServer(self)
`)}}}
	for _, name := range slices.Sorted(maps.Keys(sessionDocs)) {
		p.Rows = append(p.Rows, word.Row{Name: name, Doc: sessionDocs[name]})
		p.Also = append(p.Also, "session."+name)
	}
	p.Rows = append(p.Rows,
		word.Row{Name: "setServer(addresses)", Doc: "chooses the server, in config(), startUp or connectServer: one address or a list; also setTargetAddress"},
		word.Row{Name: "setTargetAddressByHostname(host, port)", Doc: "chooses it by name, if the router is InbandRouter or overrideable; FALSE if there is no such host"})
	for _, name := range word.SessionMethods() {
		p.Also = append(p.Also, "session."+name)
	}
	slices.Sort(p.Also)
	return p
}

// attributePage is the documentation of an attribute.
func attributePage(a *Attribute) word.Page {
	p := a.Page(module)
	p.Examples = []word.Example{example(a)}
	return p
}

// samples are values of attributes whose default shows little.
var samples = map[string]string{
	"append_domain": `"example.com"`, "domain_name": `"mail.example.com"`, "autodetect_domain_from": "SMTP_GETDOMAIN_FQDN", "permit_extensions": "SMTP_EXT_ALL",
	"relay_zones": `("intranet",)`, "relay_domains": `("example.com", ".example.com")`, "relay_domains_matcher": `RegexpMatcher(["example"])`,
	"sender_matcher": `RegexpMatcher(["spam"])`, "recipient_matcher": `RegexpMatcher(["nobody@"])`, "relay_check": "TRUE",
}

// example sets the attribute in config(), or reads it in a callback if it has no value before.
func example(a *Attribute) word.Example {
	if a.Setting == nil && a.NotBuilt == "" {
		text := `proxyLog(self, SMTP_POLICY, 4, "` + a.Name + `=%s", self.` + proxyclass.Shown(a) + ")"
		return word.Example{Title: "In a callback", Text: text + "\n", Whole: proxyExample("", "\n    def shutDown(self):\n        "+text+"\n")}
	}
	value := a.Default
	if sample, ok := samples[a.Name]; ok {
		value = sample
	}
	text := "self." + a.Name + " = " + value
	title := "In config()"
	if a.InClass {
		title += ", or in the class without self."
	}
	whole := strings.Replace(proxyExample("        "+text, ""), "\n\n", "\n\nZone(\"intranet\", \"10.0.0.0/8\")\n\n", 1)
	return word.Example{Title: title, Text: text + "\n", Whole: whole}
}
