package smtp

import (
	"bytes"
	"errors"
	"strconv"
)

var (
	errAction  = errors.New("the function returned none of ACCEPT, REJECT, ABORT")
	errReject  = errors.New("the function left no 4xx or 5xx code and one printable line in error_code and error_info")
	errRewrite = errors.New("the function rewrote the command into one that cannot be forwarded")
)

// span is a part of m.param.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// parseMail: MAIL FROM:<reverse-path> [parameters] (RFC 5321 §4.1.1.2).
func (m *Machine) parseMail(param []byte) *answer {
	if m.state != stateHello && !(m.is(flagDataRefused) && m.state > stateHello) || m.mailAsked() {
		return &answerOrder
	}
	if !hasFold(param, "FROM:") {
		return &answerSyntax
	}
	p, rest, err := parsePath(param[len("FROM:"):], m.pathRules(true))
	if err != nil {
		return pathAnswer(err)
	}
	m.setPath("From:<", p)
	given, bad := m.mailParameters(rest)
	switch {
	case bad != nil:
		return bad
	case !given.utf8 && checkUTF8(p.Address, pathRules{}) != nil:
		return &answerUTF8
	case m.sizeLimit > 0 && given.size > m.sizeLimit: // RFC 1870 §6.1
		return &answerTooBig
	}
	m.given = given
	return nil
}

// mailGiven is what the parameters of a MAIL ask for.
type mailGiven struct {
	size         int64
	utf8, binary bool
}

// mailParameters appends the parameters of MAIL to m.param. AUTH= is only passed on for a client that logged in
// (RFC 4954 §5 leaves whom to trust to the server, who sees the proxy).
func (m *Machine) mailParameters(rest []byte) (given mailGiven, bad *answer) {
	path := len(m.param)
	if m.param, bad = parseParameters(m.param, rest, verbMAIL, m.active); bad != nil {
		return given, bad
	}
	params := m.param[path:]
	given.utf8 = hasParameter(params, "SMTPUTF8")
	given.binary = equalFold(parameterValue(params, "BODY"), "BINARYMIME")
	if size := parameterValue(params, "SIZE"); len(size) > 0 {
		given.size, _ = strconv.ParseInt(string(size), 10, 64)
	}
	if at := bytes.Index(params, []byte(" AUTH=")); at >= 0 && !m.is(flagLoggedIn) {
		end := at + 1 + len(firstWord(params[at+1:]))
		m.param = append(m.param[:path+at], params[end:]...)
	}
	return given, nil
}

// parseRcpt: RCPT TO:<forward-path> [parameters] (RFC 5321 §4.1.1.3).
func (m *Machine) parseRcpt(param []byte) *answer {
	if m.state != stateMail && m.state != stateRcpt && !m.mailAsked() {
		return &answerOrder
	}
	if !hasFold(param, "TO:") {
		return &answerSyntax
	}
	p, rest, err := parsePath(param[len("TO:"):], m.pathRules(false))
	if err != nil {
		return pathAnswer(err)
	}
	m.setPath("To:<", p)
	var bad *answer
	m.param, bad = parseParameters(m.param, rest, verbRCPT, m.active)
	return bad
}

// parseData: DATA, once a recipient was accepted (RFC 5321 §4.1.1.4).
func (m *Machine) parseData(param []byte) *answer {
	switch {
	case len(param) > 0:
		return &answerSyntax
	case len(m.queue) > 0: // it ends a group: the server decides
		return nil
	case m.is(flagPoisoned):
		return &answerPoisoned
	case m.is(flagChunks | flagChunkRefused | flagBinary): // RFC 3030 §2 and §3
		return &answerOrder
	case m.state == stateMail && m.asked > 0:
		return &answerNoRcpt
	case m.state != stateRcpt:
		return &answerOrder
	}
	return nil
}

// mailAsked reports whether a MAIL waits for its reply: RCPT may follow it in a group, another MAIL may not.
func (m *Machine) mailAsked() bool {
	for i := range m.queue {
		if m.queue[i].verb == verbMAIL && !m.queue[i].ours {
			return true
		}
	}
	return false
}

func (m *Machine) pathRules(null bool) pathRules {
	return pathRules{
		omitBrackets: m.settings.PermitOmissionOfAngleBrackets,
		appendDomain: m.settings.AppendDomain,
		null:         null,
		utf8:         m.active&extSMTPUTF8 != 0 && (null || m.takesUTF8()),
	}
}

// takesUTF8 reports whether the transaction, or the MAIL that is to begin it, asked for SMTPUTF8.
func (m *Machine) takesUTF8() bool {
	for i := range m.queue {
		if m.queue[i].verb == verbMAIL && !m.queue[i].ours {
			return m.queue[i].utf8
		}
	}
	return m.is(flagUTF8)
}

func pathAnswer(err error) *answer {
	if errors.Is(err, errUTF8) {
		return &answerUTF8
	}
	return &answerMalformed
}

// setPath begins the normalised parameter with the path, and remembers where its parts stand.
func (m *Machine) setPath(prefix string, p Path) {
	m.param = append(m.param[:0], prefix...)
	m.addressAt.from = len(m.param)
	m.param = append(m.param, p.Address...)
	m.addressAt.to = len(m.param)
	m.param = append(m.param, '>')
	m.localLen = len(p.LocalPart)
}

// pathAt is the path that setPath left in the parameter.
func (m *Machine) pathAt() (p Path) {
	p.Address = m.addressAt.of(m.param)
	p.LocalPart = p.Address[:m.localLen]
	if m.localLen < len(p.Address) {
		p.Domain = p.Address[m.localLen+1:]
	}
	return p
}

// remember copies the address at hand to the arena, for when the reply comes.
func (m *Machine) remember(at span) (from, to int) {
	from = len(m.arena)
	m.arena = append(m.arena, at.of(m.param)...)
	return from, len(m.arena)
}

// mailAnswered and rcptAnswered move the state once the client is told.
func (m *Machine) mailAnswered(e exchange, code int, address []byte) {
	if code/100 == 2 && (m.state == stateHello || m.is(flagDataRefused)) {
		m.newTransaction()
		if e.utf8 {
			m.set(flagUTF8)
		}
		if e.binary {
			m.set(flagBinary)
		}
		m.state = stateMail
		m.transactions++
		m.session.Meter.Transaction()
		m.sender = append(m.sender[:0], address...)
	}
}

func (m *Machine) rcptAnswered(code int, address []byte) {
	if code/100 != 2 || m.state < stateMail {
		return
	}
	m.state = stateRcpt
	m.accepted++
	if len(m.recipients) > 0 {
		m.recipients = append(m.recipients, ' ')
	}
	m.recipients = append(m.recipients, address...)
}

// newTransaction clears the buffers (RFC 5321 §4.1.1.5).
func (m *Machine) newTransaction() {
	if m.state > stateHello {
		m.state = stateHello
		m.forgetForwarded()
	}
	m.sender, m.recipients = keep(m.sender), keep(m.recipients)
	m.accepted, m.asked, m.size = 0, m.rcptAsked(), 0
	m.unset(flagPoisoned | flagDataRefused | flagChunks | flagChunkRefused | flagBinary | flagUTF8)
	m.chunk = chunk{}
}

// rcptAsked counts the recipients that wait for their reply.
func (m *Machine) rcptAsked() (n int) {
	for i := range m.queue {
		if m.queue[i].verb == verbRCPT && !m.queue[i].ours {
			n++
		}
	}
	return n
}

// sayHello remembers how the client introduced itself, even if the server refuses it.
func (m *Machine) sayHello(verb Verb, name []byte) {
	m.set(flagSilence)
	m.helo = append(m.helo[:0], name...)
	m.unset(flagESMTP)
	if verb == verbEHLO {
		m.set(flagESMTP)
	}
}
