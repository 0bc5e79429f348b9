package core

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/match"
)

var regexpFileMatcherWord = &word.Word{
	Name: "RegexpFileMatcher", Module: "Zorp.Core",
	Doc: "Is a RegexpMatcher whose patterns stand in files, one a line, searched in any case. There are no comments; empty lines are passed over. " +
		"A file that changes is read again by the next session that asks, without a reload. If it is no good then, or gone, the list stays as it was " +
		"and the log says so. A relative name is that of a file beside the policy.",
	Example: `MatcherPolicy("spammers", RegexpFileMatcher(match_fname="/etc/zorpgo/spammers"))`,
	Errors:  []string{"a file that cannot be read, has more than 4 MiB, or a pattern that does not compile"},
	Params: []word.Param{
		{Name: "match_fname", Type: word.Text, Default: "None", Doc: "the file of the patterns; without it nothing matches"},
		{Name: "ignore_fname", Type: word.Text, Default: "None", Doc: "the file of the patterns of what does not match in any case"},
	},
	Make: makeRegexpFileMatcher,
}

func makeRegexpFileMatcher(c *word.Call) starlark.Value {
	if c.Bad {
		return interp.Poison{}
	}
	policy := interp.CallerPos(c.Thread).File
	lists := match.Lists{Match: word.Beside(policy, c.Text("match_fname")), Ignore: word.Beside(policy, c.Text("ignore_fname")), Open: c.Draft.Open, Log: c.Draft.Log}
	for _, one := range []struct {
		param string
		lists match.Lists
	}{{"match_fname", match.Lists{Match: lists.Match, Open: lists.Open}}, {"ignore_fname", match.Lists{Ignore: lists.Ignore, Open: lists.Open}}} {
		if _, err := match.NewRegexpFile(one.lists); err != nil {
			c.Problem(one.param, "bad-list", err.Error(), "write a file with one pattern a line, or leave "+one.param+" out")
		}
	}
	m, err := match.NewRegexpFile(lists)
	if err != nil || c.Bad {
		return interp.Poison{}
	}
	return word.NewMatcher(c, &word.Matcher{Pos: c.Pos, Is: m})
}

var dnsMatcherWord = &word.Word{
	Name: "DNSMatcher", Module: "Zorp.Core",
	Doc: "Matches an IP address that is one of those that its hosts have in DNS now. Not Zorp's: a host with %s in it is a DNS block list; it matches an " +
		"address that is listed there, a domain, and a mailbox whose domain is. DNS is asked when somebody wants to know, for five seconds at most, and " +
		"what it said holds for a minute. If it does not answer, the matcher cannot tell: SmtpProxy then refuses for now.",
	Example: "DNSMatcher(\"updates.example.com\")\nMatcherPolicy(\"listed\", DNSMatcher(hosts=(\"%s.list.example\",), server=\"172.16.20.53\"))",
	Errors:  []string{"a host that is no host name", "a server that is no IP address"},
	Params: []word.Param{
		{Name: "hosts", Type: word.TextList, Doc: "host names, or block lists such as \"%s.list.example\""},
		{Name: "server", Type: word.Text, Default: "None", Doc: "the DNS server to ask, an IP address; a port may follow, as in \"172.16.20.53:5353\". Without it the system's resolver is asked"},
	},
	Make: makeDNSMatcher,
}

func makeDNSMatcher(c *word.Call) starlark.Value {
	hosts := c.Texts("hosts")
	for i, host := range hosts {
		if !isHost(strings.Replace(host, "%s", "x", 1)) {
			c.ProblemAt(c.Element("hosts", i), "bad-domain", fmt.Sprintf("%q is no host name", host), `write "host.example.com", or "%s.list.example" for a block list`)
		}
	}
	if c.Given("hosts") != nil && len(hosts) == 0 {
		c.Problem("hosts", "bad-domain", "hosts is empty", "write at least one")
	}
	resolve := match.Resolve(c.Draft.Resolve)
	if text := c.Text("server"); text != "" {
		server, err := serverOf(text)
		if err != nil {
			c.Problem("server", "bad-address", fmt.Sprintf("%q is no IP address", text), `write "172.16.20.53"`)
		}
		resolve = c.Draft.ResolveAt(server)
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewMatcher(c, &word.Matcher{Pos: c.Pos, Is: match.NewDNS(hosts, resolve)})
}

// isHost reports whether text can be a host name: letters, digits, hyphens, underscores, between dots.
func isHost(text string) bool {
	for label := range strings.SplitSeq(strings.TrimSuffix(text, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(text) <= 253
}

func serverOf(text string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a.Unmap(), 53), nil
	}
	return netip.ParseAddrPort(text)
}

var invalidRecipientWord = &word.Word{
	Name: "SmtpInvalidRecipientMatcher", Module: "Zorp.Core",
	Doc: "Matches recipients that a mail server does not take. It is asked by VRFY if it has that, else by a transaction without a message (MAIL, RCPT); " +
		"what it says for good is remembered for cache_timeout. If it says 4xx, or nothing within 30 seconds, the matcher cannot tell: SmtpProxy then " +
		"answers 450, and the client comes back later. Only the session that wants to know waits.",
	Example: `MatcherPolicy("unknown", SmtpInvalidRecipientMatcher(server_name="172.16.20.254", cache_timeout=300))`,
	Errors:  []string{"a server_name that is no host name or IP address", "a bind_name that is no IP address", "a sender_address that is none"},
	Params: []word.Param{
		{Name: "server_name", Type: word.Text, Doc: "the mail server, a host name or an IP address; all addresses of a host are tried in turn"},
		{Name: "server_port", Type: word.Integer, Default: "25", Doc: "its port"},
		{Name: "cache_timeout", Type: word.Integer, Default: "60", Doc: "how long an answer is remembered, in seconds; 0 asks every time"},
		{Name: "attempt_delivery", Type: word.Boolean, Default: "FALSE", Doc: "has no effect, as in Zorp: see force_delivery_attempt"},
		{Name: "force_delivery_attempt", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: a transaction is begun even if the server has VRFY"},
		{Name: "sender_address", Type: word.Text, Default: `"<>"`, Doc: "the sender of the transaction"},
		{Name: "bind_name", Type: word.Text, Default: `""`, Doc: "the IP address to connect from; without it the kernel chooses"},
	},
	Make: makeInvalidRecipient,
}

func makeInvalidRecipient(c *word.Call) starlark.Value {
	callout := match.Callout{
		Server: c.Text("server_name"), Port: uint16(c.Int("server_port", 1, math.MaxUint16, 25)),
		Keep:  time.Duration(c.Int("cache_timeout", 0, math.MaxInt32, 60)) * time.Second,
		Force: c.Bool("force_delivery_attempt"), Local: bindAddress(c), Sender: strings.TrimSuffix(strings.TrimPrefix(c.Text("sender_address"), "<"), ">"),
		Hello: c.Draft.Hostname, Resolve: c.Draft.Resolve, Dial: c.Draft.DialMail,
	}
	if c.Bool("attempt_delivery") {
		c.Warn("attempt_delivery", "no-effect", "attempt_delivery has no effect", "write force_delivery_attempt=TRUE")
	}
	if _, err := netip.ParseAddr(callout.Server); err != nil && c.Given("server_name") != nil && !isHost(callout.Server) {
		c.Problem("server_name", "bad-address", fmt.Sprintf("%q is no host name and no IP address", callout.Server), `write "172.16.20.254"`)
	}
	if a := callout.Sender; a != "" && (!strings.Contains(a, "@") || strings.ContainsAny(a, " <>\r\n\t")) {
		c.Problem("sender_address", "bad-address", fmt.Sprintf("%q is no address", c.Text("sender_address")), `write "<>" or "postmaster@example.com"`)
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewMatcher(c, &word.Matcher{Pos: c.Pos, Is: match.NewInvalidRecipient(callout)})
}

func bindAddress(c *word.Call) netip.Addr {
	text := c.Text("bind_name")
	if text == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		c.Problem("bind_name", "bad-address", fmt.Sprintf("%q is no IP address", text), `write an address of this host, such as "172.16.20.1"`)
	}
	return a.Unmap()
}

var abstractMatcherPage = word.Page{
	Name: "AbstractMatcher", Also: []string{"checkMatch"}, Kind: word.Object, Module: "Zorp.Core", Signature: "class NAME(AbstractMatcher):",
	Doc: "Is what matchers of the policy's own derive from. Their method checkMatch(self, text) gets the address or domain and returns TRUE if it matches. " +
		"An object of the class can stand wherever a matcher can. It serves all sessions at a time, so that it cannot change itself; each call may take a million steps, " +
		"two seconds of work and ten seconds in all. If it fails, or returns anything but TRUE or FALSE, the client is refused for now (451). Every matcher has the method, see getMatcher.",
	Errors: []string{"a class without checkMatch, or with one that cannot be called so", "an object that is changed in a session"},
	Examples: []word.Example{{Title: "Example", Text: `from Zorp.Smtp import *

class TooLong(AbstractMatcher):
    def __init__(self, limit):
        self.limit = limit
    def checkMatch(self, text):
        return len(text.split("@")[0]) > self.limit

class Checked(SmtpProxy):
    recipient_matcher = TooLong(64)

Service("mail", Checked)
`}},
}
