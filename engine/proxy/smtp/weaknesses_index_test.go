package smtp

import "testing"

// weaknesses are faults that proxies of this kind are known to have had, and what shows that this one has not. Content
// inspection has its own.
var weaknesses = []row{
	{name: "1 the first line of a message is stuffed like any other", shown: []string{"data/EOD-15 dots", "security/EOD-15 the first line begins with dots", "smtp TestBodyEverySplit", "smtp FuzzBody"}},
	{name: "2 a message without its end stays without it", shown: []string{"data/EOD-18 client lost in text", "security/EOD-18 connection lost right before the end", "chunking/client lost in a chunk", "data/client silent in mail data"}},
	{name: "4 only CRLF . CRLF ends mail data", shown: []string{"data/EOD-01 LF.LF", "data/EOD-04 CR.CR", "security/EOD-01 LF.LF made safe: one message", "smtp TestInvariants"}},
	{name: "5 one reply to one command", shown: []string{"data/EOD-20 server refuses DATA", "data/EOD-21 two confirmations", "tables/a refused 354 closes: the server waits for mail data", "auth/AUTH-03 too long", "smtp TestInvariants"}},
	{name: "6 a server that was left in mail data is not spoken to again", shown: []string{"data/client silent in mail data", "limits/server silent: end of mail data", "smtp TestBothSidesAreClosed"}},
	{name: "7 a line without its end is no line", shown: []string{"commands/a line without its end is no line", "security/EOD-18 connection lost between CR and LF"}},
	{name: "8 a verb is its letters and nothing else", shown: []string{"commands/CMD-01 control bytes and verbs that are none", "vrfy-expn-help/CMD-01 verbs with digits, hyphens, dots"}},
	{name: "9 421 closes", shown: []string{"server/BACK-02 server closing by itself", "smtp TestBothSidesAreClosed", "smtp TestInvariants"}},
	{name: "10 three digits are a reply, an empty message ends, a command keeps its end", shown: []string{"server/code without text is a whole reply", "data/EOD-14 empty message", "tables/CMD-03 a hook cannot put a line break into a command"}},
	{name: "11 a client lost in a login ends the session", shown: []string{"auth/client lost in a login"}},
	{name: "12 STARTTLS is the proxy's own, on either side; nothing is said in clear where TLS is due", shown: []string{
		"starttls-client/offered whatever the server lists", "starttls-client-required/nothing before it but the way there",
		"starttls-server/begun by the proxy", "starttls-server-required/TLS-06 HELO is no way round", "service TestNoServerUnderTLS"}},
	{name: "13 after STARTTLS everything is forgotten, and EHLO is due", shown: []string{"starttls-client/TLS-03 nothing of the time in clear is left",
		"starttls-forward/both sides", "starttls-passthrough/TLS-01 a command before the 220"}},
	{name: "14 RSET before HELO unlocks nothing", shown: []string{"session/RSET before HELO unlocks nothing", "rset/RSET before HELO"}},
	{name: "15 EHLO within a transaction resets it", shown: []string{"commands/EHLO in the middle of a transaction resets it", "helo/HELO in the middle of a transaction resets it", "helo/a second EHLO counts"}},
	{name: "16 refusals of the server pass, whatever their code", shown: []string{"server/any 4xx or 5xx passes", "tables/what the tables do not know of"}},
	{name: "17 a server that closes or speaks unasked is noticed at once", shown: []string{"server/greeting that refuses", "server/BACK-02 server speaks unasked", "server/server lost between commands", "security/BACK-02 421 between commands"}},
	{name: "18 limits", shown: []string{"limits/CMD-13 recipients", "limits/PIPE-06 errors", "limits/transactions", "limits/reply lines", "limits/size said before", "limits/size counted: one octet too many", "limits/server silent: DATA", "limits/client silent"}},
	{name: "19 long logins, checked, not in clear, counted", shown: []string{"auth/AUTH-03 too long", "auth/AUTH-03 junk is not passed on", "auth/AUTH-01 not in clear", "auth/mechanisms with a layer", "smtp TestSecretsAreNotLogged"}},
	{name: "20 long replies", shown: []string{"security/BACK-01 a line of 100 kB", "security/BACK-01 lines without end", "noop-quit/BACK-01 a reply line of 600 octets passes", "noop-quit/BACK-01 a reply line that is cut keeps its code"}},
	{name: "21 SIZE", shown: []string{"size/CMD-08 numbers that are none", "size/the smaller limit is offered", "size/more than the server takes"}},
	{name: "22 parameters of the extensions that were negotiated, and no others", shown: []string{"dsn/RET and ENVID", "dsn/NOTIFY", "smtputf8/asked for, and permitted", "helo/MT-PRIORITY", "commands/CMD-08 parameters", "helo/a keyword that begins as another does"}},
	{name: "23 no 8-bit addresses unasked, no control bytes", shown: []string{"smtputf8/CMD-09 not asked for", "rcpt/CMD-01 control bytes in a quoted local part", "helo/a name beyond ASCII", "smtp TestHooks", "smtp TestTraceLine"}},
	{name: "24 paths", shown: []string{"mail/a source route alone is not the null reverse-path", "mail/empty atoms", "mail/address literals are read", "mail/a number is no domain", "mail/a quoted local part that does not end"}},
	{name: "25 <postmaster>", shown: []string{"rcpt/postmaster needs no domain, in any case", "relay/postmaster passes, relay check included"}},
	{name: "26 a message arrives as it was sent; Received lines are folded; loops end", shown: []string{"session/one message", "smtp TestTraceLine", "limits/MSG-03 hops"}},
	{name: "27 relay_domains", shown: []string{"relay/CMD-05 a leading dot stands for the names below", "smtp TestRelayCheck"}},
	{name: "28 BDAT is understood or refused whole", shown: []string{"vrfy-expn-help/CHK-05 a chunk that was not offered does not pass even there", "chunking/CHK-05 not offered"}},
	{name: "29 verbs that change roles or identity", shown: []string{"vrfy-expn-help/CMD-10 roles and identities do not pass even there"}},
	{name: "30 no secrets in logs", shown: []string{"smtp TestSecretsAreNotLogged", "builtins TestProxyLog"}},
	{name: "31 the codes of RFC 5321", shown: []string{"commands/arguments where none belong", "helo/every keyword that is offered by default", "enhanced/the proxy's own replies"}},
	{name: "32 tables mean what they say", shown: []string{"tables/REJECT as a number", "tables/ABORT for a verb that nobody knows", "tables/REJECT without words", "vrfy-expn-help/CMD-01 a verb longer than any", "smtp TestCompileRefuses"}},
	{name: "33 groups of commands go on as groups", shown: []string{"pipelining/PIPE-04 MAIL and RCPT in one group, replies in order", "pipelining/MAIL refused within a group", "rset/RSET in a group waits for what came before"}},
	{name: "34 NOOP at any time, with arguments", shown: []string{"noop-quit/NOOP at any time", "noop-quit/NOOP may have an argument"}},
	{name: "35 who is one too many is told", shown: []string{"smtp TestBusy"}},
}

// TestWeaknesses: each has a dialog or a test that shows it is not here.
func TestWeaknesses(t *testing.T) { knownNames(t).check(t, weaknesses) }

// TestBusy: a service that has all its sessions says 421.
func TestBusy(t *testing.T) {
	c, _ := Compile("X", smtpProxy())
	if got := string(c.Busy()); got != "421 Service not available, closing transmission channel.\r\n" {
		t.Error(got)
	}
}
