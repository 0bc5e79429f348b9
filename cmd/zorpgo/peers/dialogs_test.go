package peers

import (
	"fmt"
	"strings"
)

// dialog is what a client says in one session. It must end with QUIT.
type dialog struct {
	name  string
	needs string // an EHLO keyword: a server that does not list it is spared the dialog
	steps []step
}

// step is what a client sends at once, without its last line end, and the beginnings of the replies it must get when it
// speaks to the server itself, one for each command; "" where servers differ.
type step struct{ send, want string }

// messages counts those that the step ends and that the server takes.
func (s step) messages() (n int) {
	if strings.HasPrefix(s.want, "5") {
		return 0
	}
	lines := strings.Split(s.send, "\r\n")
	if strings.HasPrefix(lines[0], "BDAT ") {
		return strings.Count(lines[0], " LAST")
	}
	for _, line := range lines {
		if line == end {
			n++
		}
	}
	return n
}

// group is a number of commands sent at once (RFC 2920).
func group(commands ...string) string { return strings.Join(commands, "\r\n") }

// chunk is BDAT (RFC 3030) for a content, whose last line end is added when it is sent.
func chunk(content string, last ...string) string {
	content = strings.TrimSuffix(content, "\r\n")
	return strings.Join(append([]string{"BDAT", fmt.Sprint(len(content) + len("\r\n"))}, last...), " ") + "\r\n" + content
}

const (
	fromAlice = "MAIL FROM:<alice@example.net>"
	toBob     = "RCPT TO:<bob@example.com>"
	toNobody  = "RCPT TO:<nosuch@example.com>"
	toEve     = "RCPT TO:<eve@elsewhere.example>"
	ehlo      = "EHLO client.example.net"
	end       = "." // of mail data
)

var header = group("From: alice@example.net", "To: bob@example.com", "Date: Fri, 01 Jan 2027 00:00:00 +0000",
	"Message-Id: <1@example.net>", "Subject: hello", "", "")

var (
	short  = header + group("Hello.", end)
	dotted = header + group("..", "...", "..one", "more. ", "", ". .", end)
	long   = header + group(strings.Repeat("x", 998), strings.Repeat("é", 2500), end)
	large  = header + strings.Repeat(group(strings.Repeat("x", 98), ""), 11_000) + end
)

var dialogs = []dialog{
	{"nothing but QUIT", "", []step{{"QUIT", "221"}}},
	{"HELO", "", []step{
		{"HELO client.example.net", "250"}, {"NOOP", "250"}, {"RSET", "250"},
		{fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {short, "250"}, {"QUIT", "221"},
	}},
	{"EHLO", "", []step{
		{ehlo, "250"}, {"NOOP", "250"}, {"RSET", "250"}, {ehlo, ""}, {"noop", "250"}, {"QUIT", "221"},
	}},
	{"parameters", "SIZE", []step{
		{ehlo, "250"}, {fromAlice + " SIZE=1000 BODY=8BITMIME", "250"}, {"RSET", "250"},
		{fromAlice + " BODY=7BIT", "250"}, {"RSET", "250"}, {fromAlice + " SIZE=99999999999", ""}, {"RSET", "250"},
		{"MAIL FROM:<>", "250"}, {toBob, "250"}, {"RSET", "250"}, {"QUIT", "221"},
	}},
	{"delivery status", "DSN", []step{
		{ehlo, "250"}, {fromAlice + " RET=HDRS ENVID=QQ314159", "250"},
		{toBob + " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob@example.com", "250"}, {"RSET", "250"}, {"QUIT", "221"},
	}},
	{"international addresses", "SMTPUTF8", []step{
		{ehlo, "250"}, {"MAIL FROM:<älice@example.net> SMTPUTF8", "250"}, {"RCPT TO:<böb@example.com>", "250"},
		{"RCPT TO:<nösuch@example.com>", "5"}, {"DATA", "354"}, {short, "250"}, {"QUIT", "221"},
	}},
	{"recipients", "", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toNobody, "5"}, {toEve, "5"}, {toBob, "250"}, {toNobody, "5"},
		{"DATA", "354"}, {short, "250"}, {"QUIT", "221"},
	}},
	{"two messages", "", []step{
		{ehlo, "250"},
		{fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {dotted, "250"},
		{"MAIL FROM:<>", "250"}, {toBob, "250"}, {"DATA", "354"}, {long, "250"}, {"QUIT", "221"},
	}},
	{"eight bits without a word of it", "", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {header + group("\xe1\xff\x80", end), "250"},
		{"QUIT", "221"},
	}},
	{"empty messages", "", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {end, "250"},
		{fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {group("", end), "250"}, {"QUIT", "221"},
	}},
	{"too large a message", "", []step{
		{"HELO client.example.net", "250"}, {fromAlice, "250"}, {toBob, "250"}, {"DATA", "354"}, {large, "5"}, {"NOOP", "250"}, {"QUIT", "221"},
	}},
	{"groups", "PIPELINING", []step{
		{ehlo, "250"},
		{group(fromAlice, toNobody, toBob, toEve, "DATA"), "250 5 250 5 354"},
		{group(short, fromAlice, toBob, "DATA"), "250 250 250 354"},
		{group(dotted, "RSET", fromAlice, toBob, "RSET", "QUIT"), "250 250 250 250 250 221"},
	}},
	{"chunks", "CHUNKING", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toBob, "250"},
		{chunk(header), "250"}, {chunk(group("two", ".", "")), "250"}, {chunk("last\r\n", "LAST"), "250"},
		{fromAlice, "250"}, {toBob, "250"}, {chunk(header+group("only", "."), "LAST"), "250"},
		{"QUIT", "221"},
	}},
	{longChunk, "CHUNKING", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toBob, "250"},
		{chunk(header + strings.Repeat(group("many", ""), 20_000)), "250"}, {chunk("last\r\n", "LAST"), "250"}, {"QUIT", "221"},
	}},
	{"out of order", "", []step{
		{ehlo, "250"}, {toBob, "50"}, {"DATA", "50"}, {fromAlice, "250"}, {"QUIT", "221"},
	}},
	{"what zorpgo answers itself", "", []step{
		{ehlo, "250"}, {"VRFY bob@example.com", ""}, {"EXPN bob", "5"}, {"HELP", ""}, {"TURN", "5"}, {"FOO bar", "5"},
		{fromAlice + " FOO=bar", "5"}, {"MAIL TO:<alice@example.net>", "5"}, {"MAIL FROM:<a@b@c>", ""}, {"QUIT", "221"},
	}},
	{"no recipient left", "", []step{
		{ehlo, "250"}, {fromAlice, "250"}, {toNobody, "5"}, {"DATA", "5"}, {"QUIT", "221"},
	}},
}

// longChunk has a chunk that zorpgo hands on in pieces, each a chunk: the number of octets in the server's reply is that
// of the last piece.
const longChunk = "a long chunk"

// departures are the commands that zorpgo answers in the server's place, and how.
var departures = map[string]map[string]struct{ code, enhanced, text string }{
	"parameters": {
		fromAlice + " SIZE=99999999999": {"552", "5.3.4", "Message size exceeds the limit"},
	},
	"out of order": {
		toBob:  {"503", "5.5.1", "Invalid command in this state"},
		"DATA": {"503", "5.5.1", "Invalid command in this state"},
	},
	"what zorpgo answers itself": {
		"VRFY bob@example.com":        {"252", "2.5.0", "Cannot VRFY user"},
		"EXPN bob":                    {"502", "5.5.1", "Command not implemented"},
		"HELP":                        {"502", "5.5.1", "Command not implemented"},
		"TURN":                        {"550", "5.7.0", "Command not permitted"},
		"FOO bar":                     {"500", "5.5.2", "Invalid command"},
		fromAlice + " FOO=bar":        {"555", "5.5.4", "MAIL FROM/RCPT TO parameters not recognized or not implemented"},
		"MAIL TO:<alice@example.net>": {"501", "5.5.4", "Syntax error in parameters or arguments"},
		"MAIL FROM:<a@b@c>":           {"501", "5.1.3", "Malformed address"},
	},
	"AUTH in clear": {
		"AUTH PLAIN " + plain: {"538", "5.7.11", "Encryption required for authentication"},
	},
	"no recipient left": {
		"DATA": {"554", "5.5.1", "No valid recipients"},
	},
}
