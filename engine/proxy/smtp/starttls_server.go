package smtp

import (
	"log/slog"
	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// pending is the client's HELO or EHLO, or what a hook made of it, while the proxy looks after TLS with the server. Its
// parameter is m.param, its name m.verb.
type pending struct{ verb, key Verb }

// wantsServerTLS reports whether the proxy is still to begin TLS with the server by itself.
func (m *Machine) wantsServerTLS() bool {
	mode := m.serverMode()
	return (mode == encryption.StartTLS || mode == encryption.StartTLSRequired) && m.session.ServerTLS == nil && !m.is(flagServerPlain)
}

// tooEarly reports whether a command may not reach the server in clear: it would, without an EHLO before it.
func (m *Machine) tooEarly(verb Verb) bool {
	if m.serverMode() != encryption.StartTLSRequired || m.session.ServerTLS != nil {
		return false
	}
	switch verb {
	case verbHELO, verbEHLO, verbNOOP, verbRSET, verbQUIT, verbSTARTTLS:
		return false
	}
	return true
}

// askForTLS says EHLO in the client's name, whatever it said, to see whether the server has STARTTLS. The reply is the
// client's only if there is none.
func (m *Machine) askForTLS(x proxy.Exchange, verb, key Verb, name []byte) {
	m.pending = pending{verb, key}
	m.verbLen = uint8(copy(m.verb[:], name))
	m.sayAlone(x, exchange{verb: verbEHLO, key: verbEHLO, probes: true}, "EHLO ", m.helo)
}

// sayAlone sends the server a line of the proxy's own while nothing else is due.
func (m *Machine) sayAlone(x proxy.Exchange, e exchange, verb string, param []byte) {
	x.Send(proxy.Server, []byte(verb))
	x.Send(proxy.Server, param)
	x.Send(proxy.Server, crlf)
	m.queue = append(m.queue[:0], e)
	m.set(flagBarrier)
	m.awaitServer(x, m.settings.Limits.TimeoutReply)
}

// helloProbed takes the reply to that EHLO.
func (m *Machine) helloProbed(x proxy.Exchange, r reply) {
	_, has := argsOf(&r, "STARTTLS")
	switch hello := m.pending.verb == verbEHLO && m.pending.key == verbEHLO; {
	case r.code == 421:
		m.closedByServer(x, r)
	case has && r.class() == 2:
		m.sayAlone(x, exchange{verb: verbSTARTTLS, key: verbSTARTTLS, swallow: true}, "STARTTLS", nil)
	case m.serverMode() == encryption.StartTLSRequired:
		m.withoutTLS(x, "the server does not offer STARTTLS")
	case hello:
		m.set(flagServerPlain)
		m.queue[0].probes = false
		m.commandReplied(x, r)
	default:
		m.set(flagServerPlain)
		m.sayPending(x)
	}
}

// startTLSAnswered takes the server's reply to a STARTTLS of the proxy's own.
func (m *Machine) startTLSAnswered(x proxy.Exchange, r reply) {
	switch {
	case r.code == 220:
		m.secure(x, proxy.Server)
	case m.serverMode() == encryption.StartTLSRequired || r.class() == 2:
		m.withoutTLS(x, "the server refused STARTTLS")
	default:
		m.session.Record(info, "server refused STARTTLS, the session goes on in clear", slog.Int("code", r.code))
		m.set(flagServerPlain)
		m.sayPending(x)
	}
}

// sayPending sends the server what the client said. Its reply is the client's.
func (m *Machine) sayPending(x proxy.Exchange) {
	m.queue = m.queue[:0]
	m.forward(x, m.pending.verb, m.verb[:m.verbLen], exchange{key: m.pending.key})
}

// withoutTLS leaves the client without a server: what it sends must not go on in clear.
func (m *Machine) withoutTLS(x proxy.Exchange, why string) {
	if why != "" {
		m.session.Deny(session.DeniedByConnectionFail, "no TLS with the server: "+why)
		m.session.Refuse(faults, "TLS failed", slog.String("side", "server"), slog.String("reason", why))
	}
	x.Hangup(proxy.Server)
	m.phase, m.refusedBy = phaseNoServer, 4
	m.queue = m.queue[:0]
	m.unset(flagBarrier | flagSilence)
	x.Send(proxy.Client, answerServerTLS.plain) // a reply to HELO or EHLO
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
}
