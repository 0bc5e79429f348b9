package smtp

import (
	"bytes"
	"log/slog"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// receiveReply takes one reply of the server.
func (m *Machine) receiveReply(x proxy.Exchange, data []byte) int {
	r, complete, err := m.parser.next(data, m.settings)
	switch {
	case err != nil:
		m.session.Refuse(violation, "server gave a malformed reply", slog.String("reason", err.Error()))
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
	if m.session.Logs(responses) {
		m.logResponse(r)
	}
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
		m.session.Refuse(violation, "server spoke unasked", slog.Int("code", r.code))
		m.lostServer(x)
	}
}

// closedByServer relays 421, to whatever it is the answer, and closes (RFC 5321 §3.8).
func (m *Machine) closedByServer(x proxy.Exchange, r reply) {
	m.session.Abort(faults, session.DeniedByConnectionFail, "server closed the session with 421")
	if len(m.queue) > 0 && m.queue[0].final {
		m.account(r.code, "")
	}
	m.relay(x, r)
	m.done(x)
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
		m.part(x)
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
