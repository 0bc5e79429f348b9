package smtp

import (
	"bytes"
	"slices"

	"zorpgo/engine/trace"
)

// redacted stands where a secret was.
const redacted = "<redacted>"

// mechanisms are those whose names may be shown: another word in that place can be anything.
var mechanisms = []string{"ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "GSSAPI", "LOGIN", "NTLM", "OAUTHBEARER", "PLAIN",
	"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "XOAUTH2"}

// shown is a client's command as it may be shown. What follows a login or mail data that was refused, and is no command,
// can be what the client meant for them.
func (f *follower) shown(line []byte) string {
	verb := verbOf(bytes.ToUpper(leadingWord(line)))
	if verb != verbOther {
		f.withhold = verb == verbAUTH || verb == verbDATA || verb == verbBDAT
		return shownCommand(line)
	}
	at := bytes.Index(bytes.ToUpper(line), []byte("AUTH"))
	switch {
	case at >= 0:
		f.withhold = true
		return trace.Line(append(bytes.Clone(line[:at+len("AUTH")]), " "+redacted+"\r\n"...))
	case f.withhold:
		return "<a line that is no command>"
	}
	return trace.Line(line)
}

func leadingWord(line []byte) []byte {
	if end := bytes.IndexAny(line, " \t\r\n"); end >= 0 {
		return line[:end]
	}
	return line
}

// shownCommand is a command, whoever said it, without what proves who somebody is.
func shownCommand(line []byte) string {
	word := leadingWord(line)
	switch string(bytes.ToUpper(word)) {
	case "AUTH":
		return authShown(line[len(word):])
	case "XCLIENT":
		return trace.Line(withoutLogin(line))
	}
	return trace.Line(line)
}

// authShown keeps of AUTH's parameters the mechanism.
func authShown(param []byte) string {
	words := bytes.Fields(param)
	switch {
	case len(words) == 0:
		return "AUTH"
	case !slices.Contains(mechanisms, string(bytes.ToUpper(words[0]))):
		return "AUTH " + redacted
	case len(words) == 1:
		return "AUTH " + string(words[0])
	}
	return "AUTH " + string(words[0]) + " " + redacted
}

// withoutLogin hides who the client is said to have logged in as.
func withoutLogin(line []byte) []byte {
	words := bytes.Split(bytes.TrimRight(line, "\r\n"), space)
	for i, word := range words {
		if hasFold(word, "LOGIN=") {
			words[i] = append(bytes.Clone(word[:len("LOGIN=")]), redacted...)
		}
	}
	return append(bytes.Join(words, space), crlf...)
}

// shownReply is a line of a reply without a challenge; of the replies to a login nothing is shown that is neither a
// refusal nor a success.
func shownReply(line []byte, login bool) string {
	switch {
	case hasFold(line, "334-"):
		return "334-" + redacted
	case hasFold(line, "334"):
		return "334 " + redacted
	case login && (len(line) < 4 || line[0] != '2' && line[0] != '4' && line[0] != '5'):
		return redacted
	}
	return trace.Line(line)
}
