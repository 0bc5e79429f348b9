package smtp

import (
	"bytes"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// receiveReply takes one reply of the server.
func (m *Machine) receiveReply(x proxy.Exchange, data []byte) int {
	r, complete, err := m.parser.next(data, m.settings)
	switch {
	case err != nil:
		m.session.Log.Info("server gave a malformed reply", "tag", "smtp.violation")
		m.lostServer(x)
		return len(data)
	case !complete:
		return 0
	}
	used := len(r.raw)
	m.unset(flagMore)
	if used < len(data) {
		m.set(flagMore)
	}
	r.raw = r.canonical(m.settings.MaxResponseLength)
	switch {
	case m.phase == phaseGreeting:
		if m.settings.ServerPoolSize > 0 && r.code == 220 {
			m.greeting = bytes.Clone(r.raw)
		}
		m.decideReply(x, verbGreeting, r)
	case m.phase == phaseNoServer:
		// Hangup was said; what still arrives is nobody's.
	case len(m.queue) == 0:
		m.unasked(x, r)
	case m.queue[0].probes && m.is(flagMore): // it would be the reply to STARTTLS
		m.unasked(x, r)
	case m.queue[0].probes:
		m.helloProbed(x, r)
	case m.queue[0].swallow:
		m.swallow(x, r)
	case m.queue[0].introduces:
		m.introduced(x, r)
	default:
		m.commandReplied(x, r)
	}
	return used
}

// swallow takes a reply to what the proxy itself said: a RSET, a login given up, a piece of a chunk.
func (m *Machine) swallow(x proxy.Exchange, r reply) {
	switch verb := m.queue[0].verb; {
	case r.code == 421, r.class() == 3, verb == verbRSET && r.class() != 2, verb == verbAUTH && r.class() == 2:
		m.lostServer(x)
	case verb == verbSTARTTLS:
		m.startTLSAnswered(x, r)
	case verb == verbBDAT:
		m.pieceAnswered(x, r)
	case verb == verbRSET && m.is(flagLeaving):
		m.left(x)
	case verb == verbRSET:
		m.newTransaction()
		m.next(x)
	default:
		m.next(x)
	}
}

// unasked is a reply to nothing: a server that says it is closing is believed, any other is out of step.
func (m *Machine) unasked(x proxy.Exchange, r reply) {
	switch {
	case m.phase == phaseBody && r.class() >= 4:
		x.Hangup(proxy.Server)
		m.discard(x, r.raw)
	case m.phase == phaseCommand && r.code == 421:
		m.closedByServer(x, r)
	default:
		m.session.Log.Info("server spoke unasked", "tag", "smtp.violation", "code", r.code)
		m.lostServer(x)
	}
}

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

// closedByServer relays 421, to whatever it is the answer, and closes (RFC 5321 §3.8).
func (m *Machine) closedByServer(x proxy.Exchange, r reply) {
	m.session.Deny(session.DeniedByConnectionFail, "server closed the session with 421")
	if len(m.queue) > 0 && m.queue[0].final {
		m.account(r.code, "")
	}
	m.relay(x, r)
	m.done(x)
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

// relay gives the client a reply as it is.
func (m *Machine) relay(x proxy.Exchange, r reply) { x.Send(proxy.Client, r.raw) }

// replyAccepted relays a reply and lets it move the state; code is what the client is told.
func (m *Machine) replyAccepted(x proxy.Exchange, r reply, code int) {
	if m.phase == phaseGreeting {
		m.greeted(x, r, code)
		return
	}
	e := m.queue[0]
	switch {
	case e.verb == verbHELO, e.verb == verbEHLO:
		m.helloAnswered(x, e.verb, r, code)
	case e.verb == verbRCPT && r.class() == 2 && m.state < stateMail && m.dataSent():
		m.lostServer(x)
		return
	case e.verb == verbRCPT && r.class() == 2 && m.state < stateMail:
		m.reply(x, &answerOrder) // the MAIL before it in its group was refused by policy, and is undone
	case outOfStep(e, code):
		m.lostServer(x)
		return
	case e.verb == verbSTARTTLS && code == 220:
		m.forwardedTLS(x, r)
		return
	default:
		m.relay(x, r)
	}
	m.countReply(e.verb, code/100)
	m.answered(x, e, code)
	m.next(x)
}

// outOfStep reports whether code is no possible reply to a command, whatever the response table says.
func outOfStep(e exchange, code int) bool {
	if e.verb == verbDATA && !e.final {
		return code < 400 && code != 354
	}
	if e.verb == verbAUTH {
		return code < 400 && code != 334 && code != 235
	}
	if e.verb == verbSTARTTLS {
		return code < 400 && code != 220
	}
	return code/100 == 3 && e.verb != verbOther
}

// answered moves the state after the client has its reply.
func (m *Machine) answered(x proxy.Exchange, e exchange, code int) {
	address := m.arena[e.from:e.to]
	switch {
	case e.final:
		m.account(code, "")
		m.newTransaction()
		m.idle = 0
	case e.verb == verbBDAT && code/100 != 2:
		m.set(flagChunkRefused)
	case e.verb == verbMAIL:
		m.mailAnswered(e, code, address)
	case e.verb == verbRCPT:
		m.rcptAnswered(code, address)
	case e.verb == verbDATA:
		m.dataAnswered(x, code)
	case e.verb == verbAUTH:
		m.authAnswered(x, code)
	case e.verb == verbRSET && code/100 == 2:
		m.newTransaction()
	case e.verb == verbQUIT:
		m.done(x)
	}
}

// next takes the command that was answered off the queue, and sends the replies of ours that now have their turn.
func (m *Machine) next(x proxy.Exchange) {
	if m.phase == phaseDone {
		return
	}
	i := 1
	for i < len(m.queue) && m.queue[i].ours {
		x.Send(proxy.Client, m.arena[m.queue[i].from:m.queue[i].to])
		i++
	}
	m.queue = m.queue[:copy(m.queue, m.queue[i:])]
	if len(m.queue) > 0 {
		m.awaitServer(x, m.replyTime(m.queue[0].verb))
		return
	}
	m.arena = keep(m.arena)
	m.param = keep(m.param)
	m.unset(flagBarrier | flagSilence)
	limit := m.settings.Limits.TimeoutCommand
	if m.phase == phaseBody || m.phase == phaseDiscard {
		limit = m.settings.Limits.TimeoutDataBlock
	}
	m.awaitClient(x, limit)
	m.retire(x)
}

// greeted relays the greeting. A server that refuses to serve is left alone (RFC 5321 §3.1).
func (m *Machine) greeted(x proxy.Exchange, r reply, code int) {
	if !m.settings.PermitEarlyTalker && x.Probe(proxy.Client) {
		m.earlyTalker(x)
		return
	}
	m.relay(x, r)
	m.greetedWith(r)
	m.countReply(verbGreeting, code/100)
	m.phase = phaseCommand
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
	if code != 220 {
		m.phase = phaseNoServer
		m.refusedBy = code / 100
		x.Hangup(proxy.Server)
	}
}

// helloAnswered relays the reply to HELO or EHLO with the extensions that policy permits.
func (m *Machine) helloAnswered(x proxy.Exchange, verb Verb, r reply, code int) {
	if code/100 != 2 {
		m.relay(x, r)
		return
	}
	var set extension
	if verb == verbEHLO {
		set = m.offered(&r)
	}
	m.hello = filterHello(m.hello[:0], &r, set, m.settings)
	if verb == verbEHLO {
		m.hello = m.offerIntroductions(m.hello)
	}
	x.Send(proxy.Client, m.hello)
	m.hello = keep(m.hello)
	m.active = set
	size, _ := argsOf(&r, "SIZE")
	m.sizeLimit = sizeLimit(size, m.settings)
	m.unset(flagShown | flagAuthHidden)
	if _, there := argsOf(&r, "AUTH"); there && set&extAuth == 0 && m.session.ClientTLS == nil {
		m.set(flagAuthHidden)
	}
	if set&extEnhanced != 0 {
		m.set(flagShown)
	}
	m.newTransaction()
	m.state = stateHello
}

// dataAnswered begins the mail data, or leaves the transaction to the server's mercy.
func (m *Machine) dataAnswered(x proxy.Exchange, code int) {
	if code != 354 {
		m.set(flagDataRefused)
		return
	}
	m.phase = phaseBody
	m.beginContent()
	if m.settings.AddReceivedHeader {
		m.askReceived(x, m.sendReceived)
	}
}

func (m *Machine) sendReceived(x proxy.Exchange) {
	x.Send(proxy.Server, m.received)
	m.received = nil
}

// replyRefused puts an answer of ours in the place of the server's. Where the server now holds more than the client
// believes, the transaction is poisoned or undone.
func (m *Machine) replyRefused(x proxy.Exchange, r reply, a answer) {
	m.countRefusal(ReasonReply)
	m.session.Log.Info("reply refused", "tag", "smtp.policy", "code", r.code, "answer", a.code)
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
		m.session.Log.Error("policy function cannot take back a delivered message", "tag", "smtp.policy", "error", err)
		m.replyAccepted(x, r, r.code)
	case err == nil && action == Abort:
		m.abort(x)
	case err == nil && action != Accept && validReject(v.ErrorCode, v.ErrorInfo):
		m.replyRefused(x, r, policyAnswer(v.ErrorCode, v.ErrorInfo))
		if v.ErrorAbort && m.phase != phaseDone {
			m.done(x)
		}
	default:
		m.session.Log.Error("policy function failed", "tag", "smtp.policy", "reply", r.code, "error", err)
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
