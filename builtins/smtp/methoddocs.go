package smtp

import "zorpgo/builtins/word"

// methodDoc is the documentation of one method of the proxy classes, or of a function in their tables.
type methodDoc struct {
	Name      string
	Aliases   []string // older names, and those that run before and after it
	Signature string
	When      string // it is called, and what it is for
	Gets      string
	Answers   string // what it may return
	Fails     string // what an error in it does
	Example   string // a whole policy
}

// methodDocs are those that a policy may write in a class or call, and the two kinds of callbacks.
var methodDocs = []*methodDoc{
	{Name: "config", Aliases: []string{"__pre_config__", "__post_config__"}, Signature: "config(self)",
		When: "Sets the attributes and fills the tables. A class of which it never looks at the session is configured once, while the " +
			"policy is loaded; else once for each session. A class derived from SmtpProxy calls SmtpProxy.config(self) first, which " +
			"accepts RFC 5321 with the usual extensions and checks addresses. __pre_config__ runs before it and __post_config__ after it.",
		Gets: "the proxy", Answers: "nothing", Fails: "While the policy is loaded it is an error of the policy; in a session that session is refused.",
		Example: proxyExample(`        self.max_recipients = 100`, "")},
	{Name: "loadSMTP", Signature: "self.loadSMTP()",
		When: "Called in config(): adds to the tables what RFC 821 knows.", Gets: "nothing", Answers: "nothing", Fails: "In a session it is an error: the tables are closed.",
		Example: `from Zorp.Smtp import *

class Old(AbstractSmtpProxy):
    def config(self):
        self.loadSMTP()

Service("mail", Old)
`},
	{Name: "loadESMTP", Signature: "self.loadESMTP()",
		When: "Called in config(): adds to the tables what RFC 5321 knows and the extensions accepted by default.", Gets: "nothing", Answers: "nothing",
		Fails: "In a session it is an error: the tables are closed.",
		Example: `from Zorp.Smtp import *

class Unchecked(AbstractSmtpProxy):
    def config(self):
        self.loadESMTP()

Service("mail", Unchecked)
`},
	{Name: "request callback", Aliases: []string{"SMTP_REQ_POLICY"}, Signature: "NAME(self, command, param)",
		When: `Called for each command whose entry is self.request["VERB"] = (SMTP_REQ_POLICY, self.NAME). It may change self.request_cmd ` +
			"and self.request_param, which are what is forwarded; self.error_code and self.error_info word a refusal.",
		Gets: "the verb in capitals and the parameter, normalised, such as From:<a@example.com> SIZE=10", Answers: "SMTP_REQ_ACCEPT, SMTP_REQ_REJECT or SMTP_REQ_ABORT",
		Fails: "An error, any other answer or none refuses the command with 451; the session goes on.",
		Example: proxyExample(`        self.request["VRFY"] = (SMTP_REQ_POLICY, self.onVrfy)`, `
    def onVrfy(self, command, param):
        self.error_code, self.error_info = "550", "nobody here"
        return SMTP_REQ_REJECT
`)},
	{Name: "response callback", Aliases: []string{"SMTP_RSP_POLICY"}, Signature: "NAME(self, command, command_param, response_code, response_param)",
		When: `Called for each reply whose entry is self.response["VERB", "CODE"] = (SMTP_RSP_POLICY, self.NAME); a short code stands for all ` +
			"that begin with it, the verb of the greeting is Null. It may change self.response_code and self.response_param, which are what is relayed.",
		Gets: "the command, and the reply's code and first line", Answers: "SMTP_RSP_ACCEPT, SMTP_RSP_REJECT or SMTP_RSP_ABORT",
		Fails: "An error, any other answer or none refuses with 451; after the server's 250 to a message it is only logged.",
		Example: proxyExample(`        self.response["Null", "220"] = (SMTP_RSP_POLICY, self.onGreeting)`, `
    def onGreeting(self, command, command_param, response_code, response_param):
        self.response_param = "mail.example.com ready"
        return SMTP_RSP_ACCEPT
`)},
	{Name: "checkSender", Signature: "checkSender(self, command, param)",
		When: "SmtpProxy's request callback for MAIL: refuses malformed addresses and those that sender_matcher matches. A policy may override it, and call it from its own.",
		Gets: "as a request callback", Answers: "as a request callback", Fails: "as a request callback",
		Example: proxyExample("", `
    def checkSender(self, command, param):
        if param.lower().endswith("@example.net>"):
            return SMTP_REQ_REJECT
        return SmtpProxy.checkSender(self, command, param)
`)},
	{Name: "checkRecipient", Signature: "checkRecipient(self, command, param)",
		When: "SmtpProxy's request callback for RCPT: refuses malformed addresses, relaying, and what recipient_matcher matches. A policy may override it, and call it from its own.",
		Gets: "as a request callback", Answers: "as a request callback", Fails: "as a request callback",
		Example: proxyExample(`        self.relay_domains = "example.com"`, `
    def checkRecipient(self, command, param):
        proxyLog(self, SMTP_POLICY, 3, "recipient=%s", param)
        return SmtpProxy.checkRecipient(self, command, param)
`)},
	{Name: "relayCheck", Signature: "relayCheck(self, address)",
		When: "Says whether mail to an address may be relayed for this client: one of relay_zones, or to one of relay_domains. A class that overrides it has the relay check in force.",
		Gets: "the recipient's address", Answers: "TRUE or FALSE", Fails: "The recipient is refused with 451.",
		Example: proxyExample("", `
    def relayCheck(self, address):
        return address.endswith("@example.com")
`)},
	{Name: "zoneCheck", Signature: "zoneCheck(self, zone)",
		When: "Says whether clients of a zone may send anywhere: it or one of its parents is in relay_zones. A class that overrides it has the relay check in force.",
		Gets: "the client's zone, None if it is in no zone", Answers: "TRUE or FALSE", Fails: "The recipient is refused with 451.",
		Example: proxyExample(`        self.relay_domains = "example.com"`, `
    def zoneCheck(self, zone):
        return zone != None and zone.name == "dmz"
`)},
	{Name: "sanitizeAddress", Signature: "self.sanitizeAddress(path)",
		When: "Called in a session: the plain address in a path, without brackets and source route.", Gets: "a path, such as <a@example.com>", Answers: "the address",
		Fails: "A path that is none is an error of the callback that asked.",
		Example: proxyExample("", `
    def checkSender(self, command, param):
        if self.sanitizeAddress(param[len("From:"):].split(" ")[0]) == "root@example.net":
            return SMTP_REQ_REJECT
        return SmtpProxy.checkSender(self, command, param)
`)},
	{Name: "startUp", Aliases: []string{"startup", "__pre_startup__", "__post_startup__"}, Signature: "startUp(self)",
		When: "Runs before anything is read or written. startup is the same method. __pre_startup__ runs before it and __post_startup__ after it.",
		Gets: "the proxy", Answers: "nothing", Fails: "The session is refused.",
		Example: proxyExample("", `
    def startUp(self):
        proxyLog(self, SMTP_POLICY, 3, "from %s", self.session.client_address)
`)},
	{Name: "shutDown", Aliases: []string{"shutdown", "__pre_shutdown__", "__post_shutdown__"}, Signature: "shutDown(self)",
		When: "Runs at the end of a session, always. shutdown is the same method. __pre_shutdown__ runs before it and __post_shutdown__ after it.",
		Gets: "the proxy", Answers: "nothing", Fails: "It is logged.",
		Example: proxyExample("", `
    def shutDown(self):
        proxyLog(self, SMTP_POLICY, 3, "last sender %s", self.sender)
`)},
	{Name: "connectServer", Signature: "connectServer(self)",
		When: "Says whether there is to be a server side at all. It is connected as the router says when the method is over.",
		Gets: "the proxy", Answers: "what SmtpProxy.connectServer(self) returned, or None: the client is greeted with unconnected_response_code", Fails: "There is no server side.",
		Example: proxyExample("", `
    def connectServer(self):
        if self.session.client_zone == None:
            return None
        return SmtpProxy.connectServer(self)
`)},
	{Name: "generateReceived", Signature: "generateReceived(self)",
		When: "Words the Received line that add_received_header puts before a message.", Gets: "the proxy", Answers: "the line, with or without its name", Fails: "The line is left out.",
		Example: proxyExample(`        self.add_received_header = TRUE`, `
    def generateReceived(self):
        return SmtpProxy.generateReceived(self)
`)},
	{Name: "__init__", Signature: "__init__(self, session)",
		When: "Runs before config() when a policy writes it.", Gets: "the session, of which nothing can be read while the policy is loaded", Answers: "nothing",
		Fails: "As in config().", Example: proxyExample("", `
    def __init__(self, session):
        self.label = "from the dmz"

    def shutDown(self):
        proxyLog(self, SMTP_POLICY, 3, "%s", self.label)
`)},
}

// page is the documentation as command doc prints it.
func (m *methodDoc) page() word.Page {
	return word.Page{Name: m.Name, Also: m.Aliases, Kind: word.Method, Module: module, Signature: m.Signature, Doc: m.When, Title: "The call",
		Rows:     []word.Row{{Name: "gets", Doc: m.Gets}, {Name: "returns", Doc: m.Answers}, {Name: "on error", Doc: m.Fails}},
		Examples: []word.Example{{Title: "Example", Text: m.Example}}}
}
