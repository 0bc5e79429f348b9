package smtp

import (
	"log/slog"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// decide gives a command to the request table.
func (m *Machine) decide(x proxy.Exchange, verb Verb, name []byte) {
	entry, ok := m.class.request(name)
	switch {
	case !ok && verb == verbVRFY:
		m.local(x, answerNoVRFY.in(m.is(flagShown)))
	case !ok && standardVerb(name):
		m.refuse(x, name, &answerUnbuilt)
	case !ok:
		m.refuse(x, name, &answerInvalid)
	case entry.Action == Policy:
		m.askRequest(x, verb, name, entry.Hook)
	default:
		m.requestDecided(x, verb, name, entry)
	}
}

// requestDecided carries out an entry that says Accept, Reject or Abort.
func (m *Machine) requestDecided(x proxy.Exchange, verb Verb, name []byte, e Entry) {
	switch e.Action {
	case Accept:
		m.accept(x, verb, verb, name)
	case Reject:
		a := policyAnswer(e.Code, e.Text)
		m.refuse(x, name, &a)
	default:
		m.abort(x)
	}
}

// abort is Zorp's ABORT: 421 and close.
func (m *Machine) abort(x proxy.Exchange) {
	m.session.Abort(policy, session.AbortedByPolicyAction, "policy aborted the session")
	m.closing(x, &answerClosing)
}

// accept forwards a command that policy accepted; key is the verb that is forwarded.
func (m *Machine) accept(x proxy.Exchange, verb, key Verb, name []byte) {
	e := exchange{key: key}
	if m.tooEarly(verb) {
		m.refuse(x, name, &answerOrder)
		return
	}
	switch verb {
	case verbHELO, verbEHLO:
		m.sayHello(verb, m.param)
		if m.wantsServerTLS() {
			m.askForTLS(x, verb, key, name)
			return
		}
	case verbSTARTTLS:
		if m.serverMode() != encryption.Forward {
			m.startTLS(x)
			return
		}
	case verbMAIL:
		if limit := m.settings.Limits.Transactions; limit > 0 && m.transactions >= limit {
			m.session.Abort(policy, session.DeniedByLimit, "too many transactions")
			m.closing(x, &answerSession)
			return
		}
		e.from, e.to = m.remember(m.addressAt)
		e.utf8, e.binary = m.given.utf8, m.given.binary
		if m.forwardsClient(x, e, name) {
			return
		}
	case verbRCPT:
		if m.asked >= m.settings.Limits.Recipients {
			m.refuse(x, name, &answerTooMany)
			return
		}
		m.asked++
		e.from, e.to = m.remember(m.addressAt)
	case verbDATA:
		m.set(flagSilence)
	case verbBDAT:
		m.beginChunk(x)
		return
	case verbQUIT:
		if m.leave(x) {
			return
		}
	}
	m.forward(x, verb, name, e)
}

// hookFor is the hook that has to be asked about a command with a View; nil where a check needs none.
func (m *Machine) hookFor(name []byte) Hook {
	entry, ok := m.class.request(name)
	if !ok || entry.Action != Policy || !m.settings.asksMatcher(entry.Hook) {
		return nil
	}
	return entry.Hook
}

// hookedReply reports whether the response table has a hook for a reply to verb.
func (m *Machine) hookedReply(verb Verb) bool { return m.class.hooked[verb] }

// askRequest asks a hook about a command. The checks of SmtpProxy are done at once where they need not wait.
func (m *Machine) askRequest(x proxy.Exchange, verb Verb, name []byte, hook Hook) {
	if !m.settings.asksMatcher(hook) {
		m.checkNow(x, verb, name, hook)
		return
	}
	v := m.look()
	v.IsReply = false
	v.RequestCmd, v.RequestParam = string(name), string(m.param)
	m.ask(x, hook, func(x proxy.Exchange, action Action, err error) { m.hookDecided(x, verb, action, err) })
}

func (m *Machine) checkNow(x proxy.Exchange, verb Verb, name []byte, hook Hook) {
	if hook == CheckRecipient {
		if a, _ := m.settings.checkRecipient(m.session, m.pathAt()); a != nil { // no matcher is asked, which could fail
			m.refuse(x, name, a)
			return
		}
	}
	m.accept(x, verb, verb, name)
}

// ask has the driver run the hook; then goes on with what it said.
func (m *Machine) ask(x proxy.Exchange, hook Hook, then func(proxy.Exchange, Action, error)) {
	v := m.look()
	v.ErrorCode, v.ErrorInfo = "", ""
	var action Action
	var err error
	m.set(flagAsked)
	m.then = func(x proxy.Exchange) { then(x, action, err) }
	x.Ask(func() {
		began := time.Now()
		action, err = hook.Decide(v)
		m.session.Meter.Function(functionName(hook), time.Since(began))
	})
}

// look brings the View up to date.
func (m *Machine) look() *View {
	if m.view == nil {
		m.view = &View{Session: m.session, Settings: m.settings, Self: m.self}
	}
	v := m.view
	v.Sender, v.Recipients, v.HeloString = string(m.sender), string(m.recipients), string(m.helo)
	v.ActiveExtensions = m.active.zorpBits()
	v.Protocol = ""
	if len(m.helo) > 0 {
		v.Protocol = "SMTP"
		if m.is(flagESMTP) {
			v.Protocol = "ESMTP"
		}
	}
	return v
}

// hookDecided carries out what a hook said about a command.
func (m *Machine) hookDecided(x proxy.Exchange, verb Verb, action Action, err error) {
	v, name := m.view, []byte(verb.String())
	if verb == verbOther {
		name = []byte(v.RequestCmd)
	}
	switch {
	case err != nil:
		m.hookFailed(x, name, err)
	case action == Accept:
		m.acceptRewritten(x, verb)
	case action == Reject:
		m.hookRejected(x, name)
	case action == Abort:
		m.abort(x)
	default:
		m.hookFailed(x, name, errAction)
	}
}

// hookFailed refuses for now: a hook that cannot answer never accepts.
func (m *Machine) hookFailed(x proxy.Exchange, name []byte, err error) {
	m.session.Record(failing, "policy function failed", slog.String("verb", m.shownVerb(name)), slog.Any("error", err))
	m.session.Deny(session.InvalidPolicyCall, "policy function failed")
	m.refuse(x, name, &answerHook)
}

// hookRejected answers as the hook said, if that is a reply.
func (m *Machine) hookRejected(x proxy.Exchange, name []byte) {
	v := m.view
	a := policyAnswer(v.ErrorCode, v.ErrorInfo)
	if !validReject(v.ErrorCode, v.ErrorInfo) {
		m.hookFailed(x, name, errReject)
		return
	}
	m.refuse(x, name, &a)
	if v.ErrorAbort && m.phase != phaseDone {
		m.session.Abort(policy, session.AbortedByPolicyAction, "policy aborted the session")
		m.done(x)
	}
}

// acceptRewritten forwards a command as the hook left it. What it rewrote is parsed again: the server must read in it
// what was understood here.
func (m *Machine) acceptRewritten(x proxy.Exchange, verb Verb) {
	name, param := upperAll(&m.verb, []byte(m.view.RequestCmd[:min(maxVerb, len(m.view.RequestCmd))])), m.view.RequestParam
	key := verbOf(name)
	rewritten := string(m.param) != param
	switch {
	case key != verb && (verb == verbSTARTTLS || !m.mayBecome(name, key)),
		controlFault([]byte(param)) != lineOK,
		len(name)+1+len(param) > m.settings.MaxRequestLength,
		rewritten && (verb == verbBDAT || m.parse(verb, []byte(param)) != nil):
		m.hookFailed(x, name, errRewrite)
	default:
		m.accept(x, verb, key, name)
	}
}

// mayBecome reports whether a hook may turn a command into another: not into one that changes roles or framing.
func (m *Machine) mayBecome(name []byte, key Verb) bool {
	for _, c := range name {
		if !isLetter(c) {
			return false
		}
	}
	switch key {
	case verbDATA, verbBDAT, verbAUTH, verbSTARTTLS, verbQUIT, verbHELO, verbEHLO:
		return false
	}
	return len(name) > 0 && !foreignVerb(name)
}
