package smtp

import "zorpgo/engine/proxy"

var _ proxy.Drainer = (*Machine)(nil)

// Drain ends the session with 421 between two transactions (RFC 5321 §3.8): now, or when the one at hand is over.
func (m *Machine) Drain(x proxy.Exchange) {
	if f := m.follow(x); f != nil {
		defer f.flush()
		x = f
	}
	m.set(flagDraining)
	m.retire(x)
}

// retire ends a session that is to end, if it has nothing under way.
func (m *Machine) retire(x proxy.Exchange) bool {
	if !m.is(flagDraining) || !m.isIdle() {
		return false
	}
	m.session.Record(info, "session ends: zorpgo is stopping")
	m.closing(x, &answerClosing)
	return true
}

// isIdle reports whether nothing would be lost: no transaction, no command without its reply, no login half done.
func (m *Machine) isIdle() bool {
	switch m.phase {
	case phaseGreeting, phaseNoServer:
		return true
	case phaseCommand:
		return m.state < stateMail && len(m.queue) == 0 && m.skip == 0 && !m.is(flagAsked|flagSecuring|flagLeaving|flagSilence)
	}
	return false
}
