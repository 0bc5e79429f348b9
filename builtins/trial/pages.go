package trial

import "zorpgo/builtins/word"

const examplePolicy = `from Zorp.Smtp import *

Zone("clients", addrs=["192.0.2.0/24"])

class Mail(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.relay_domains = ("example.com",)

Service("mail", Mail, DirectedRouter(SockAddrInet("172.16.20.254", 25)))
Rule(service="mail", src_zone="clients", dst_subnet="172.16.40.1", dst_port=25)
`

const exampleTest = `def test_relay(t):
    c = t.connect(client="192.0.2.7", origin={"RCPT": ["250 ok", "452 too many"]})
    t.equal(c.service, "mail")
    c.say("HELO client.example", "250")
    c.say("MAIL FROM:<a@client.example>", "250")
    c.say("RCPT TO:<b@elsewhere.example>", "554")
    c.say("RCPT TO:<b@example.com>", "250")
    t.equal(c.origin.lines[-1], "RCPT To:<b@example.com>")

def test_stranger(t):
    t.equal(t.connect(client="198.51.100.1").denied, "no rule matches")
`

// Pages is the documentation of what tests can say.
func Pages() []word.Page {
	example := []word.Example{{Title: "Example", Text: exampleTest, Whole: examplePolicy + exampleTest}}
	return []word.Page{
		{Name: "t", Kind: word.Test, Signature: "def test_NAME(t):", Title: "Methods", Examples: example,
			Doc: "What a test is given. A file of tests stands beside a file of the policy, with _test.star in place of .star, and sees the names of the policy. " +
				"Each of its functions test_NAME has the policy to itself, freshly loaded; the first thing that is not as expected ends it. TLS is played: it begins where the policy and the replies have it begin, and all is in clear to read; nobody shows a certificate. print() is shown by test --verbose.",
			Rows: []word.Row{
				{Name: `connect(client, server="", origin={}, down=(), iface="", ifgroup=-1)`, Doc: "a connection of client, an address with or without port, to server, " +
					"which may be left out if the policy has one listener. origin has the replies of the server by verb, each a text or a list of which one is used after the other and the last " +
					"for good; GREETING is the greeting, END the reply to mail data; lines of one reply are separated by \\n. What it leaves out is answered agreeably. origin=None: no server can be reached; " +
					"down names servers, as IP:PORT, that cannot"},
				{Name: `equal(got, want, what="")`, Doc: "two values must be equal"},
				{Name: `check(condition, what="")`, Doc: "something must be true"},
				{Name: "fail(what)", Doc: "ends the test"},
				{Name: "dns(name, address, ...)", Doc: "what the resolver answers; without an address the name is not found. Names of which nothing is said have the address 192.0.2.25"},
				{Name: "wait(seconds)", Doc: "time passes until the next connection, for limits of how many may begin in a minute; connections that there are do not notice. " +
					"Without it all connections of a test come at once"},
				{Name: "no_mailbox(address)", Doc: "mail servers that are asked for this recipient do not know it; they know all others"},
			}},
		{Name: "connection", Kind: word.Test, Signature: "c = t.connect(client)", Title: "Attributes and methods", Examples: example,
			Doc: "A connection that a test made, after the greeting.",
			Rows: []word.Row{
				{Name: "service, zone", Doc: "names of the service and of the client's zone, or None"},
				{Name: "rule, rule_pos", Doc: "the id of the rule that decided and where it is written, or None"},
				{Name: "denied", Doc: "why there is no session, or None"},
				{Name: "target, source", Doc: "the server that was connected to, as IP:PORT, or None; the address that it sees, None if that is this host's own"},
				{Name: "greeting", Doc: "what the client was greeted with"},
				{Name: "closed, verdict, reason", Doc: "whether the proxy has hung up; the session's verdict, such as ACCEPTED, and the reason of another one"},
				{Name: `say(line, want="")`, Doc: "the client sends a line; the value is what it is sent then, lines separated by \\n, which must begin with want"},
				{Name: `send(text, want="")`, Doc: "likewise, the bytes as they are"},
				{Name: `deliver(sender, recipients, text, helo, want="")`, Doc: "a whole message, as far as it gets; the value is the last reply. Everything has a default"},
				{Name: "wait(seconds)", Doc: "neither side says anything for a time; the value is what the client is sent"},
				{Name: "close()", Doc: "the client leaves"},
				{Name: "origin", Doc: "the server: lines and messages that it received, received for all its bytes, header for what came before the session (a PROXY header); " +
					"say(text) has it speak unasked, close() leave"},
			}},
	}
}
