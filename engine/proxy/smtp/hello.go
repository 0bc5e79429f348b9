package smtp

import "zorpgo/engine/proxy"

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
