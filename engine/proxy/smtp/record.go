package smtp

import (
	"log/slog"
	"strings"

	"zorpgo/engine/journal"
)

// What records are of: Zorp's tags and verbosity.
var (
	violation  = journal.Class{Tag: "smtp.violation", Verbosity: 2}
	policy     = journal.Class{Tag: "smtp.policy", Verbosity: 2}
	failing    = journal.Class{Tag: "smtp.policy", Verbosity: 1} // of functions of the policy
	faults     = journal.Class{Tag: "smtp.error", Verbosity: 2}
	info       = journal.Class{Tag: "smtp.info", Verbosity: 3}
	accounting = journal.Class{Tag: "smtp.accounting", Verbosity: 4}
	requests   = journal.Class{Tag: "smtp.request", Verbosity: 7}
	responses  = journal.Class{Tag: "smtp.response", Verbosity: 7}
)

// logRefusal records that a command is answered by a, in the server's place.
func (m *Machine) logRefusal(name []byte, a *answer) {
	switch verbOf(name) {
	case verbAUTH, verbDATA, verbBDAT:
		m.set(flagDiscreet)
	}
	m.session.Refuse(policy, "command refused", slog.String("verb", m.shownVerb(name)), slog.String("code", a.code),
		slog.String("reason", reasonOf(a).String()), slog.String("text", a.text()))
}

// logLineRefused records that a line is no command. Nothing of it is told: it may be a secret.
func (m *Machine) logLineRefused(length int) {
	m.session.Refuse(violation, "invalid command line", slog.String("code", answerInvalid.code),
		slog.String("reason", ReasonLine.String()), slog.Int("length", length))
}

// logReplyRefused records that the client is told a in place of a reply.
func (m *Machine) logReplyRefused(r reply, a *answer) {
	m.session.Refuse(policy, "reply refused", slog.String("verb", m.answering()), slog.Int("code", r.code),
		slog.String("reason", ReasonReply.String()), slog.String("text", m.shownText(r)), slog.String("answer", a.code))
}

// logRequest records a command, with a parameter that is no secret; of other lines only how long they are.
func (m *Machine) logRequest(name, param []byte, length int) {
	shown := ""
	switch verb := verbOf(name); verb {
	case verbOther:
	case verbAUTH:
		shown = strings.TrimPrefix(authShown(param), "AUTH ")
	default:
		shown = string(param)
	}
	m.session.Record(requests, "request", slog.String("verb", m.shownVerb(name)), slog.String("param", shown), slog.Int("length", length))
}

// logResponse records a reply of the server.
func (m *Machine) logResponse(r reply) {
	m.session.Record(responses, "response", slog.String("verb", m.answering()), slog.Int("code", r.code), slog.String("text", m.shownText(r)))
}

// shownText is the text of a reply; one that goes on with a login is a challenge, and secret.
func (m *Machine) shownText(r reply) string {
	if login := len(m.queue) > 0 && m.queue[0].verb == verbAUTH; login && r.class() == 3 || r.code == 334 {
		return redacted
	}
	return string(r.text())
}

// answering is the verb whose reply is due.
func (m *Machine) answering() string {
	switch {
	case m.phase == phaseGreeting:
		return "greeting"
	case len(m.queue) == 0:
		return ""
	case m.queue[0].verb == verbOther:
		return m.shownVerb(m.verb[:m.verbLen])
	}
	return m.queue[0].verb.String()
}

// shownVerb is a verb as it may be written. What is none that is known can be a word of a secret or of mail data, where a
// client was to send those.
func (m *Machine) shownVerb(name []byte) string {
	switch verb := verbOf(name); {
	case verb != verbOther:
		return verb.String()
	case m.is(flagDiscreet) && !standardVerb(name) && !foreignVerb(name):
		return "other"
	}
	return string(name)
}
