package reference

import (
	"strings"

	"zorpgo/builtins"
	"zorpgo/builtins/word"
)

// family is a page of constants. Those of members that end with * begin so.
type family struct{ name, members, doc, example string }

const mailService = "Service(\"mail\", SmtpProxy,\n        " + `router=DirectedRouter(SockAddrInet("172.16.20.254", 25)`

// families are all of them; a constant belongs to the first that has it.
var families = []family{
	{"TRUE", "TRUE FALSE", "The two truth values. An integer parameter takes them as 1 and 0, a boolean one takes any integer.",
		mailService + ", forge_addr=TRUE))"},
	{"Z_PORT_*", "Z_PORT_*", "The source port towards the server, for forge_port of a router: any, the client's own, one of the same group, or a random one.",
		mailService + ", forge_port=Z_PORT_EXACT))"},
	{"Z_KEEPALIVE_*", "Z_KEEPALIVE_*", "On which sides TCP keep-alive is on, for keepalive of Service.", mailService + "), keepalive=Z_KEEPALIVE_BOTH)"},
	{"DenyIPv4", "DenyIPv4.*", "How DenyService answers IPv4 connections. What is not built is refused there.", `DenyService("no-mail", ipv4_setting=DenyIPv4.TCP_RESET)`},
	{"DenyIPv6", "DenyIPv6.*", "How DenyService answers IPv6 connections. What is not built is refused there.", `DenyService("no-mail", ipv6_setting=DenyIPv6.TCP_RESET)`},
	{"socket", "socket.* IPPROTO_* SOCK_*", "What policies use of Python's module, for proto of Rule. It is there without import, and \"import socket\" does no harm.",
		`Rule(service="mail", dst_subnet="172.16.40.1", dst_port=25, proto=socket.IPPROTO_TCP)` + "\n" + mailService + "))"},
	{"re.*", "I IGNORECASE L LOCALE M MULTILINE S DOTALL U UNICODE X VERBOSE", "Flags of Python's module re.", "import re\n\npattern = re.compile(\"mx\", re.I)"},
	{"string.*", "ascii_letters ascii_lowercase ascii_uppercase letters lowercase uppercase digits hexdigits octdigits punctuation whitespace",
		"Letters and other characters, of Python's module string.", "import string\n\nhex = string.digits + string.lowercase[:6]"},
	{"SSL_NONE", "SSL_NONE SSL_FORCE_SSL SSL_ACCEPT_STARTTLS SSL_REQUIRE_STARTTLS SSL_FORWARD_STARTTLS", "What a side does, for StartTLSEncryption. SSL_REQUIRE_STARTTLS is not Zorp's.",
		"StartTLSEncryption(server_security=SSL_REQUIRE_STARTTLS, client_security=SSL_NONE,\n    server_verify=ServerCertificateVerifier(server_name=\"origin.example.com\"))"},
	{"SSL_METHOD_*", "SSL_METHOD_*", "For method of ClientSSLOptions and ServerSSLOptions, which has no effect, as in Zorp.", ""},
	{"SSL_CIPHERS_*", "SSL_CIPHERS_*", "Cipher lists, for cipher of ClientSSLOptions and ServerSSLOptions. Whatever a list says, only good ciphers are built in.",
		"ClientSSLOptions(cipher=SSL_CIPHERS_HIGH)"},
	{"NAT_*", "NAT_*", "Which address is to be translated, as performTranslation of a class that derives from AbstractNAT is told.", ""},
	{"AF_*", "AF_*", "Address families.", ""},
	{"ZD_PROTO_*", "ZD_PROTO_*", "Transport protocols, as session.protocol tells them.",
		inMethod("connectServer", "if self.session.protocol != ZD_PROTO_TCP:\n            return None\n        return SmtpProxy.connectServer(self)")},
	{"Z_STACK_*", "Z_STACK_*", "Kinds of stacking, which is not built.", ""},
	{"Z_BACL_*", "Z_BACL_*", "For authorization policies, which are not built.", ""},
	{"Z_PROXY_PRI_*", "Z_PROXY_PRI_*", "Priorities of proxies. Nothing takes them.", ""},
	{"Z_NOT", "Z_NOT Z_AND Z_OR Z_XOR Z_EQ Z_NE", "Operators that combine matchers.", ""},
	{"ZV_*", "ZV_* Z_ACCEPT Z_DENY Z_REJECT Z_ABORT Z_DROP Z_POLICY Z_ERROR Z_UNSPEC", "Verdicts, as session.verdict tells them. Of each there is a form with Z_.",
		inMethod("shutDown", `if self.session.verdict != ZV_ACCEPT:
            proxyLog(self, CORE_POLICY, 3, "verdict=%d", self.session.verdict)`)},
	{"CORE_*", "CORE_*", "Classes of log records, for log and proxyLog.", `log("core.policy", CORE_POLICY, 3, "loaded")`},
	{"SMTP_REQ_*", "SMTP_REQ_*", "What is done with a command: the entries of self.request, and what request callbacks return.",
		inConfig(`self.request["VRFY"] = (SMTP_REQ_REJECT, "550", "no")`)},
	{"SMTP_RSP_*", "SMTP_RSP_*", "What is done with a reply: the entries of self.response, and what response callbacks return.",
		inConfig(`self.response["VRFY", "252"] = (SMTP_RSP_REJECT, "550", "no")`)},
	{"SMTP_EXT_*", "SMTP_EXT_*", "SMTP_EXT_ACCEPT and SMTP_EXT_DROP are the entries of self.extensions; the others are bits of permit_extensions and active_extensions.",
		inConfig(`self.extensions["CHUNKING"] = SMTP_EXT_DROP`)},
	{"SMTP_STK_*", "SMTP_STK_*", "Kinds of stacking, which is not built.", ""},
	{"SMTP_GETDOMAIN_*", "SMTP_GETDOMAIN_*", "Where the proxy's own name is from, for autodetect_domain_from.",
		inConfig("self.add_received_header = TRUE\n        self.autodetect_domain_from = SMTP_GETDOMAIN_FQDN")},
	{"PLUG_DEBUG", "PLUG_DEBUG", "A class of log records, for proxyLog.", `log("plug.debug", CORE_POLICY, 3, "loaded")`},
	{"SMTP_POLICY", "SMTP_VIOLATION SMTP_REQUEST SMTP_RESPONSE SMTP_POLICY SMTP_DEBUG SMTP_ERROR SMTP_INFO SMTP_ACCOUNTING", "Classes of log records, for proxyLog.",
		inConfig(`proxyLog(self, SMTP_POLICY, 3, "configured")`)},
}

// inConfig is a policy whose class says so in config().
func inConfig(line string) string {
	return "from Zorp.Smtp import *\n\nclass Mail(SmtpProxy):\n    def config(self):\n        SmtpProxy.config(self)\n        " + line + "\n\nService(\"mail\", Mail)"
}

// inMethod is a policy whose class says so in a method.
func inMethod(name, lines string) string {
	return "from Zorp.Smtp import *\n\nclass Mail(SmtpProxy):\n    def " + name + "(self):\n        " + lines + "\n\nService(\"mail\", Mail)"
}

func (f *family) has(name string) bool {
	for member := range strings.FieldsSeq(f.members) {
		if prefix, family := strings.CutSuffix(member, "*"); name == member || family && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// constants are the families that have members.
func constants() (list []word.Page) {
	all := builtins.Constants()
	for i := range families {
		f := &families[i]
		p := word.Page{Name: f.name, Kind: word.Constants, Doc: f.doc, Title: "Values"}
		for _, c := range all {
			if familyOf(c.Name) != f {
				continue
			}
			p.Module = c.Module
			p.Also = append(p.Also, c.Name)
			p.Rows = append(p.Rows, word.Row{Name: c.Name, Doc: c.Value})
		}
		if f.example != "" {
			p.Examples = []word.Example{{Title: "Example", Text: f.example + "\n"}}
		}
		if len(p.Rows) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// familyOf is the family that a constant belongs to, or nil.
func familyOf(name string) *family {
	for i := range families {
		if families[i].has(name) {
			return &families[i]
		}
	}
	return nil
}
