package smtp

import (
	"log/slog"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// decideReply gives a reply to the response table. What it says nothing of: 4xx and 5xx pass, since they promise
// nothing; 2xx and 3xx do not.
func (m *Machine) decideReply(x proxy.Exchange, key Verb, r reply) {
	if r.code == 421 {
		m.closedByServer(x, r)
		return
	}
	entry, ok := m.class.reply(key, m.verb[:m.verbLen], r.code)
	switch {
	case !ok && r.class() >= 4, ok && entry.Action == Accept:
		m.replyAccepted(x, r, r.code)
	case !ok:
		m.replyRefused(x, r, answerInvalid)
	case entry.Action == Reject:
		m.replyRefused(x, r, policyAnswer(entry.Code, entry.Text))
	case entry.Action == Policy:
		m.askReply(x, key, r, entry.Hook)
	default:
		m.replyAborted(x, r)
	}
}

// replyAborted is ABORT for a reply. A message that the server has taken is not denied to the client for it.
func (m *Machine) replyAborted(x proxy.Exchange, r reply) {
	if m.delivered(r) {
		m.replyAccepted(x, r, r.code)
		return
	}
	m.abort(x)
}

// delivered reports whether r confirms a message.
func (m *Machine) delivered(r reply) bool {
	return len(m.queue) > 0 && m.queue[0].final && r.class() == 2
}

// replyRefused puts an answer of ours in the place of the server's. Where the server now holds more than the client
// believes, the transaction is poisoned or undone.
func (m *Machine) replyRefused(x proxy.Exchange, r reply, a answer) {
	m.countRefusal(ReasonReply)
	m.logReplyRefused(r, &a)
	if m.phase == phaseGreeting || (m.queue[0].verb == verbDATA || m.queue[0].final) && r.class() < 4 {
		m.refusedOutOfStep(x, r, a)
		return
	}
	e := m.queue[0]
	m.countReply(e.verb, a.class())
	x.Send(proxy.Client, a.in(m.is(flagShown) && e.verb != verbHELO && e.verb != verbEHLO))
	switch {
	case e.verb == verbAUTH && r.class() < 4:
		m.undoAuth(x, r)
		return
	case e.verb == verbSTARTTLS && r.class() < 4: // the server waits for a handshake
		m.done(x)
		return
	case e.verb == verbQUIT || r.class() >= 4:
		m.answered(x, e, r.code)
	case r.class() == 2 && m.dataSent():
		m.closing(x, &answerClosing)
		return
	case r.class() == 2:
		m.poison(x, e.verb)
	}
	m.next(x)
}

// refusedOutOfStep: behind a refused greeting there is no server for this client; a server whose 354 was refused waits
// for mail data; one whose confirmation may not be relayed has the message all the same, and nothing that is said now
// can undo it.
func (m *Machine) refusedOutOfStep(x proxy.Exchange, r reply, a answer) {
	shown := m.is(flagShown)
	if m.phase != phaseGreeting && m.queue[0].final {
		m.account(r.code, "confirmation withheld by policy")
		a = answerClosing
	}
	x.Send(proxy.Client, a.in(shown))
	m.done(x)
}

// poison: the server holds a reverse-path or a recipient that the client was told is refused.
func (m *Machine) poison(x proxy.Exchange, verb Verb) {
	switch verb {
	case verbRCPT, verbBDAT:
		m.set(flagPoisoned)
	case verbMAIL:
		m.resetServer(x)
	}
}

// endPoisoned has the server forget a transaction that the client cannot end any more.
func (m *Machine) endPoisoned(x proxy.Exchange) {
	if m.is(flagPoisoned) && m.phase != phaseDone {
		m.resetServer(x)
	}
}

// resetServer has the server forget its transaction; its reply is not the client's.
func (m *Machine) resetServer(x proxy.Exchange) {
	m.param = m.param[:0]
	m.forward(x, verbRSET, rset, exchange{key: verbRSET, swallow: true})
}

var rset = []byte("RSET")

// askReply asks a hook about a reply.
func (m *Machine) askReply(x proxy.Exchange, key Verb, r reply, hook Hook) {
	m.held = append(m.held[:0], r.raw...)
	v := m.look()
	v.IsReply = true
	v.RequestCmd, v.RequestParam = key.String(), string(m.param)
	switch key {
	case verbGreeting:
		v.RequestCmd = ""
	case verbOther:
		v.RequestCmd = string(m.verb[:m.verbLen])
	}
	v.ResponseCode, v.ResponseParam = strconv.Itoa(r.code), string(r.text())
	m.ask(x, hook, func(x proxy.Exchange, action Action, err error) {
		m.replyHookDecided(x, reply{r.code, m.held}, action, err)
	})
}

// replyHookDecided carries out what a hook said about a reply.
func (m *Machine) replyHookDecided(x proxy.Exchange, r reply, action Action, err error) {
	v := m.view
	switch {
	case err == nil && action == Accept && m.mayReword(r):
		m.acceptReworded(x, r)
	case m.delivered(r):
		m.session.Record(failing, "policy function cannot take back a delivered message", slog.Any("error", err))
		m.replyAccepted(x, r, r.code)
	case err == nil && action == Abort:
		m.abort(x)
	case err == nil && action != Accept && validReject(v.ErrorCode, v.ErrorInfo):
		m.replyRefused(x, r, policyAnswer(v.ErrorCode, v.ErrorInfo))
		if v.ErrorAbort && m.phase != phaseDone {
			m.done(x)
		}
	default:
		m.session.Record(failing, "policy function failed", slog.Int("code", r.code), slog.Any("error", err))
		m.session.Deny(session.InvalidPolicyCall, "policy function failed")
		m.replyRefused(x, r, answerHook)
	}
}

// mayReword reports whether what a hook left in ResponseCode and ResponseParam can stand for r: a reply of the same
// meaning (no success is made of a failure), one printable line.
func (m *Machine) mayReword(r reply) bool {
	v := m.view
	code, ok := replyCode([]byte(v.ResponseCode))
	if !ok || len(v.ResponseCode) != 3 || controlFault([]byte(v.ResponseParam)) != lineOK || len(v.ResponseParam) > 500 {
		return false
	}
	same := code/100 == r.class()
	return same && (r.class() != 3 || code == r.code) || r.class() >= 4 && code >= 400
}

func (m *Machine) acceptReworded(x proxy.Exchange, r reply) {
	v := m.view
	code, _ := replyCode([]byte(v.ResponseCode))
	if code != r.code || v.ResponseParam != string(r.text()) {
		r.raw = r.withText(v.ResponseCode, v.ResponseParam)
	}
	m.replyAccepted(x, r, code)
}
