package smtp

// proxyExample is a policy with a class of its own: config goes into config(), methods after it.
func proxyExample(config, methods string) string {
	if config != "" {
		config += "\n"
	}
	return `from Zorp.Smtp import *

class Mail(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
` + config + methods + `
Service("mail", Mail)
`
}

// tableDoc is the documentation of one of the tables of a proxy.
type tableDoc struct{ Name, Key, Value, Doc, Example string }

// tableDocs are request, response and extensions.
var tableDocs = []tableDoc{
	{"request", `a verb in capitals, or "*" for all others`,
		`SMTP_REQ_ACCEPT, SMTP_REQ_REJECT, (SMTP_REQ_REJECT, "code", "text"), SMTP_REQ_ABORT, or (SMTP_REQ_POLICY, function)`,
		"What is done with a command of the client. The code of a refusal is 4xx or 5xx. A verb without an entry is refused.",
		proxyExample(`        self.request["EXPN"] = (SMTP_REQ_REJECT, "550", "no lists here")
        self.request.pop("ETRN")`, "")},
	{"response", `a verb and a reply code: "MAIL", "250"; "*" is any verb, a short code all that begin with it, "Null" the greeting`,
		`SMTP_RSP_ACCEPT, SMTP_RSP_REJECT, (SMTP_RSP_REJECT, "code", "text"), SMTP_RSP_ABORT, or (SMTP_RSP_POLICY, function)`,
		"What is done with a reply of the server. Replies 4xx and 5xx pass in any case; a refusal never becomes a success.",
		proxyExample(`        self.response["VRFY", "252"] = (SMTP_RSP_REJECT, "550", "no")`, "")},
	{"extensions", `an EHLO keyword in capitals, or "*" for all that can be offered`, "SMTP_EXT_ACCEPT or SMTP_EXT_DROP",
		"Which service extensions the client is shown of those that the server offers. One without an entry is dropped, and its use is refused.",
		proxyExample(`        self.extensions["CHUNKING"] = SMTP_EXT_DROP`, "")},
}

// sessionDocs says what self.session has.
var sessionDocs = map[string]string{
	"service":        "the service; its name is session.service.name",
	"client_address": "where the client is: an address with ip_s and port",
	"client_local":   "the address that the client connected to",
	"client_zone":    "the client's zone, or None; its name is client_zone.name",
	"target_address": "the servers that the policy chose with setServer, or None: the router's stand",
	"server_address": "the server, or None before there is one",
	"server_local":   "this host's address towards the server, or None",
	"server_zone":    "the server's zone, or None",
	"protocol":       "1, which is ZD_PROTO_TCP",
	"protocol_name":  "TCP",
	"rule_id":        "the number of the rule that decided, or None",
	"instance_id":    "the number of the session among those of its service",
	"session_id":     "the session's id in logs",
	"verdict":        "the outcome so far, as a number",
	"auth_user":      "always empty: authentication is the server's",
	"auth_groups":    "always empty",
}
