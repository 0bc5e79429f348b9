package smtp

import (
	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

var _ proxy.Securer = (*Machine)(nil)

// Session is the session that the machine serves.
func (m *Machine) Session() *session.Session { return m.session }

func (m *Machine) clientMode() encryption.Mode {
	if m.session.Encryption == nil {
		return encryption.Plain
	}
	return m.session.Encryption.Client.Mode
}

func (m *Machine) serverMode() encryption.Mode {
	if m.session.Encryption == nil {
		return encryption.Plain
	}
	return m.session.Encryption.Server.Mode
}

// mayStartTLS reports whether the client could be under TLS and is not.
func (m *Machine) mayStartTLS() bool {
	mode := m.clientMode()
	return (mode == encryption.StartTLS || mode == encryption.StartTLSRequired) && m.session.ClientTLS == nil
}

// lacksTLS reports whether a command comes too early: before STARTTLS, where that must come first (RFC 3207 §4).
func (m *Machine) lacksTLS(verb Verb) bool {
	if m.clientMode() != encryption.StartTLSRequired || m.session.ClientTLS != nil {
		return false
	}
	switch verb {
	case verbEHLO, verbHELO, verbNOOP, verbQUIT, verbRSET, verbSTARTTLS:
		return false
	}
	return true
}

// permitted are the extensions that policy lets through where the session stands now: a login only under TLS unless
// policy says otherwise, REQUIRETLS only where its promise can be kept (RFC 8689 §2).
func (m *Machine) permitted() extension {
	set, s := m.class.permitted, m.session
	if s.ClientTLS == nil && !m.settings.PermitAuthWithoutTLS {
		set &^= extAuth
	}
	if !m.mayStartTLS() {
		set &^= extStartTLS
	}
	if s.ClientTLS == nil || !m.serverVerified() {
		set &^= extRequireTLS
	}
	return set
}

// serverVerified reports whether the server is under TLS, and who it says it is.
func (m *Machine) serverVerified() bool {
	s := m.session
	return s.ServerTLS != nil && (len(s.ServerTLS.VerifiedChains) > 0 || s.Encryption.Server.Verifies())
}

// offered are the extensions that the client is shown in a reply to EHLO. STARTTLS is between the client and the proxy,
// whatever the server lists, but where it is forwarded.
func (m *Machine) offered(r *reply) extension {
	permitted := m.permitted()
	set := offered(r, permitted, m.settings)
	if m.serverMode() != encryption.Forward {
		set |= permitted & extStartTLS
	}
	return set
}

// parseStartTLS: STARTTLS, before a login and a transaction (RFC 3207 §4).
func (m *Machine) parseStartTLS(param []byte) *answer {
	switch {
	case len(param) > 0:
		return &answerSyntax
	case m.session.ClientTLS != nil:
		return &answerOrder
	case !m.mayStartTLS(), m.state != stateInitial && m.active&extStartTLS == 0:
		return &answerUnbuilt
	case m.state != stateHello, m.is(flagLoggedIn):
		return &answerOrder
	}
	return nil
}

// startTLS has the client begin.
func (m *Machine) startTLS(x proxy.Exchange) {
	m.reply(x, &answerReady)
	m.secure(x, proxy.Client)
}

func (m *Machine) secure(x proxy.Exchange, side proxy.Side) {
	m.set(flagSecuring)
	x.Await(proxy.Client, 0)
	x.Await(proxy.Server, 0)
	x.Secure(side)
}

// Secured goes on under TLS, or ends a session that cannot.
func (m *Machine) Secured(x proxy.Exchange, side proxy.Side, err error) {
	if f := m.follow(x); f != nil {
		f.secured(side, err)
		defer f.flush()
		x = f
	}
	m.unset(flagSecuring)
	switch {
	case m.phase == phaseDone:
	case side == proxy.Client && err != nil:
		m.done(x)
	case side == proxy.Client:
		m.beginAnew(x)
	case m.serverMode() == encryption.Forward:
		m.forwarded(x, err)
	case err != nil:
		m.withoutTLS(x, "")
	default:
		m.sayPending(x)
	}
}

// beginAnew forgets what the client said in clear, and what it was told (RFC 3207 §4.2). It must say EHLO again, which
// has the server forget it, too.
func (m *Machine) beginAnew(x proxy.Exchange) {
	m.newTransaction()
	m.state, m.active, m.sizeLimit = stateInitial, 0, 0
	m.helo = m.helo[:0]
	m.unset(flagBarrier | flagSilence | flagESMTP | flagShown | flagAuthHidden | flagLoggedIn)
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
}

// forwardedTLS is the server's 220 to the client's STARTTLS. The server comes first: if that fails the client stays
// where it is, and hears of it.
func (m *Machine) forwardedTLS(x proxy.Exchange, r reply) {
	if m.settings.TLSPassthrough {
		m.passThrough(x, r)
		return
	}
	m.held = append(m.held[:0], r.raw...)
	m.secure(x, proxy.Server)
}

// forwarded relays that 220 once the server is under TLS.
func (m *Machine) forwarded(x proxy.Exchange, err error) {
	m.queue = m.queue[:0]
	if err != nil {
		m.reply(x, &answerNoTLS)
		m.done(x)
		return
	}
	x.Send(proxy.Client, m.held)
	m.secure(x, proxy.Client)
}

// passThrough leaves TLS to the client and the server, and has no more to do with what they say. Neither may have said
// anything in clear that the other would read as theirs under TLS.
func (m *Machine) passThrough(x proxy.Exchange, r reply) {
	m.queue = m.queue[:0]
	if m.is(flagMore) || x.Probe(proxy.Server) || x.Probe(proxy.Client) {
		m.session.Abort(violation, session.AbortedByPolicyAction, proxy.ErrInjected.Error())
		m.reply(x, &answerNoTLS)
		m.done(x)
		return
	}
	m.relay(x, r)
	if f := m.telling(); f != nil {
		f.notes = append(f.notes, "TLS passes through: what is said from here on is not seen")
	}
	m.session.Record(info, "TLS passes through, nothing more is checked")
	m.phase = phaseCopy
	m.await(x)
}

// copy passes bytes on as they are.
func (m *Machine) copy(x proxy.Exchange, from proxy.Side, data []byte) int {
	x.Pass(from.Other(), data)
	m.await(x)
	return len(data)
}

// await waits for both sides, each for the whole timeout.
func (m *Machine) await(x proxy.Exchange) {
	x.Await(proxy.Client, m.within(m.settings.Timeout))
	x.Await(proxy.Server, m.within(m.settings.Timeout))
}
