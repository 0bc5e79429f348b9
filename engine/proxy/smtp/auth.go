package smtp

import (
	"bytes"
	"encoding/base64"
	"log/slog"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Mechanisms that may put a security layer under the session are never offered: nothing could be checked after them.
var layered = [...]string{"GSSAPI", "DIGEST-MD5", "KERBEROS_V4", "KERBEROS_V5", "SRP"}

// parseAuth: AUTH mechanism [initial-response] (RFC 4954 §4).
func (m *Machine) parseAuth(param []byte) *answer {
	m.set(flagDiscreet)
	switch {
	case m.state == stateInitial || m.state > stateHello || m.is(flagLoggedIn):
		return &answerOrder
	case m.active&extAuth == 0 && m.is(flagAuthHidden):
		return &answerNeedsTLS
	case m.active&extAuth == 0:
		return &answerUnbuilt
	}
	mechanism, initial, given := bytes.Cut(param, space)
	if len(mechanism) == 0 || !isMechanism(mechanism) || isLayered(mechanism) {
		return &answerMechanism
	}
	if given && !bytes.Equal(initial, []byte("=")) && !validSASL(initial, equalFold(mechanism, "PLAIN")) {
		return &answerBase64
	}
	m.set(flagPlain)
	if !equalFold(mechanism, "PLAIN") {
		m.unset(flagPlain)
	}
	return nil
}

func isMechanism(b []byte) bool {
	for _, c := range b {
		if !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) <= 20
}

func isLayered(mechanism []byte) bool {
	for _, name := range layered {
		if equalFold(mechanism, name) {
			return true
		}
	}
	return false
}

// validSASL reports whether b is base64 (RFC 4648 §4), and for PLAIN whether it is three parts with two NULs between
// them, the second not empty (RFC 4616 §2).
func validSASL(b []byte, plain bool) bool {
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, b)
	if err != nil || bytes.ContainsAny(b, "\r\n") {
		return false
	}
	parts := bytes.Split(decoded[:n], []byte{0})
	return !plain || len(parts) == 3 && len(parts[1]) > 0
}

// receiveAuth takes a client's answer to a 334 challenge. It is never logged and no hook sees it.
func (m *Machine) receiveAuth(x proxy.Exchange, data []byte) int {
	text, used, fault := cutLine(data, m.settings.MaxAuthRequestLength+m.settings.MaxLineLength)
	switch {
	case fault == lineMore:
		return 0
	case fault.has(lineEndless), fault.has(lineBareLF) && m.settings.RequireCRLF:
		m.closing(x, &answerClosing)
		return len(data)
	case len(text) > m.settings.MaxAuthRequestLength:
		m.cancelAuth(x, &answerAuthLong)
	case fault.has(lineBareCR | lineControl), !bytes.Equal(text, cancel) && !validSASL(text, m.is(flagPlain)):
		m.cancelAuth(x, &answerBase64)
	default:
		m.sendAuth(x, text, exchange{verb: verbAUTH, key: verbAUTH})
	}
	return used
}

var cancel = []byte("*")

func (m *Machine) sendAuth(x proxy.Exchange, text []byte, e exchange) {
	m.phase = phaseCommand
	x.Send(proxy.Server, text)
	x.Send(proxy.Server, crlf)
	m.queue = append(m.queue, e)
	m.set(flagBarrier)
	m.awaitServer(x, m.settings.Limits.TimeoutReply)
}

// cancelAuth refuses a client's answer, and has the server give up the login too; its reply to that is not the client's.
func (m *Machine) cancelAuth(x proxy.Exchange, a *answer) {
	m.countRefusal(ReasonAuth)
	m.session.Refuse(violation, "authentication answer refused", slog.String("verb", "AUTH"), slog.String("code", a.code), slog.String("text", a.text()))
	m.reply(x, a)
	m.sendAuth(x, cancel, exchange{verb: verbAUTH, key: verbAUTH, swallow: true})
	m.countError(x)
}

// authAnswered goes on with the login, or notes how it ended.
func (m *Machine) authAnswered(x proxy.Exchange, code int) {
	switch {
	case code == 334:
		m.phase = phaseAuth
	case code == 235:
		m.set(flagLoggedIn)
		m.session.Record(info, "client logged in")
	case code/100 == 5:
		m.failedLogin(x, code)
	}
}

// failedLogin ends a session that guesses.
func (m *Machine) failedLogin(x proxy.Exchange, code int) {
	m.authFailures++
	m.session.Refuse(policy, "login refused by the server", slog.String("verb", "AUTH"), slog.Int("code", code), slog.Int("failures", m.authFailures))
	if limit := m.settings.Limits.AuthFailures; limit > 0 && m.authFailures >= limit {
		m.session.Abort(policy, session.DeniedByLimit, "too many refused logins")
		m.closing(x, &answerErrors)
	}
}

// undoAuth: the client was told that its login failed. A challenge is given up at the server too; a login that the server
// accepted cannot be taken back.
func (m *Machine) undoAuth(x proxy.Exchange, r reply) {
	if r.code != 334 {
		m.session.Abort(policy, session.AbortedByPolicyAction, "policy refused a login that the server accepted")
		m.done(x)
		return
	}
	m.next(x)
	m.sendAuth(x, cancel, exchange{verb: verbAUTH, key: verbAUTH, swallow: true})
}

// offerAuth leaves out the mechanisms that cannot pass; none left is no offer.
func offerAuth(args []byte, _ *Settings) (kept []byte, ok bool) {
	for _, mechanism := range bytes.Fields(args) {
		if isMechanism(mechanism) && !isLayered(mechanism) {
			kept = append(append(kept, ' '), mechanism...)
		}
	}
	return kept, len(kept) > 0
}
