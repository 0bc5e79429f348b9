package smtp

import (
	"bytes"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// receiveCommand takes one command line of the client.
func (m *Machine) receiveCommand(x proxy.Exchange, data []byte) int {
	limit, longest := m.settings.MaxLineLength, m.settings.MaxRequestLength
	if hasFold(data, "AUTH ") {
		longest = m.settings.MaxAuthRequestLength
		limit += longest
	}
	text, used, fault := cutLine(data, limit)
	switch {
	case fault == lineMore && bytes.HasPrefix(data, clientHello):
		m.foreignProtocol(x)
		return len(data)
	case fault == lineMore:
		return 0
	case fault.has(lineEndless), fault.has(lineBareLF) && m.settings.RequireCRLF:
		m.session.Abort(violation, session.AbortedByPolicyAction, "client sent a line without a proper end")
		m.closing(x, &answerClosing)
		return len(data)
	}
	name, param := m.cutVerb(text)
	last := used == len(data)
	if m.mustWait(name) {
		return 0
	}
	if verbOf(name) != verbQUIT && m.retire(x) {
		return len(data)
	}
	m.session.Count.Commands++
	m.session.Meter.Command(int(verbOf(name)))
	if m.session.Logs(requests) {
		m.logRequest(name, param, len(text))
	}
	switch {
	case fault.has(lineControl|lineBareCR) || len(name) == 0 || len(text) > longest:
		m.refuseLine(x, text)
	case webVerb(name):
		m.foreignProtocol(x)
	case m.phase == phaseNoServer:
		m.withoutServer(x, name)
	default:
		m.command(x, name, param, last)
	}
	return used
}

// clientHello is how a client begins that wants TLS where there is none: it may never end the line.
var clientHello = []byte("\x16\x03")

// cutVerb splits a line at its first space. The verb comes back in capitals; it is empty if it is not all letters
// (digits too after the first letter). Spaces around the parameter are not part of it.
func (m *Machine) cutVerb(text []byte) (name, param []byte) {
	n := bytes.IndexByte(text, ' ')
	if n < 0 {
		n = len(text)
	}
	if n == 0 || n > maxVerb || !isLetter(text[0]) {
		return nil, nil
	}
	for i, c := range text[:n] {
		if !isLetter(c) && !(isDigit(c) && foreignVerb(upperAll(&m.verb, text[:n]))) {
			return nil, nil
		}
		m.verb[i] = upperByte(c)
	}
	return m.verb[:n], trimSpace(text[n:])
}

func upperAll(out *[maxVerb]byte, text []byte) []byte {
	for i, c := range text {
		out[i] = upperByte(c)
	}
	return out[:len(text)]
}

// mustWait reports whether the command has to wait for the replies before it. Only MAIL, RCPT and a DATA behind them
// are sent on in groups (RFC 2920), and only where no hook is to be asked about them: a hook sees all that happened
// before.
func (m *Machine) mustWait(name []byte) bool {
	if len(m.queue) == 0 {
		return false
	}
	verb := verbOf(name)
	grouped := verb == verbMAIL && !m.settings.XForwardToServer || verb == verbRCPT || verb == verbDATA && m.mayEndGroup()
	if m.active&extPipelining == 0 || !grouped || m.hookFor(name) != nil || m.hookedReply(verb) {
		m.set(flagBarrier)
		return true
	}
	return false
}

// mayEndGroup reports whether DATA may go to the server before the recipients of its group are answered. Behind DATA no
// reply can be taken back with RSET, so the policy must have nothing against any of them.
func (m *Machine) mayEndGroup() bool {
	if m.is(flagPoisoned|flagDataRefused|flagChunks|flagChunkRefused|flagBinary) || !m.class.takesGroups {
		return false
	}
	for i := range m.queue {
		if e := &m.queue[i]; e.swallow || e.binary {
			return false
		}
	}
	return m.rcptAsked() > 0
}

// dataSent reports whether the group that is being answered ends with DATA.
func (m *Machine) dataSent() bool {
	last := &m.queue[len(m.queue)-1]
	return len(m.queue) > 1 && last.verb == verbDATA && !last.ours
}

// command checks a command in Zorp's order: its place, its arguments, policy; then it is forwarded.
func (m *Machine) command(x proxy.Exchange, name, param []byte, last bool) {
	verb := verbOf(name)
	if foreignVerb(name) {
		m.foreignCommand(x, name, param, last)
		return
	}
	if verb == verbBDAT && !m.parseChunk(param) {
		m.refuseUncertain(x)
		return
	}
	if m.lacksTLS(verb) {
		m.refuse(x, name, &answerMustTLS)
		return
	}
	if m.mustBeLast(verb) && !last {
		m.outOfTurn(x)
		return
	}
	if m.idles(x, verb) {
		return
	}
	if refusal := m.parse(verb, param); refusal != nil {
		m.refuse(x, name, refusal)
		if refusal == &answerPoisoned && m.skip == 0 {
			m.endPoisoned(x)
		}
		return
	}
	m.decide(x, verb, name)
}

// mustBeLast: these end a pipelined group, since their reply changes what may follow (RFC 2920 §3.1).
func (m *Machine) mustBeLast(verb Verb) bool {
	return verb == verbHELO || verb == verbEHLO || verb == verbDATA || verb == verbSTARTTLS && m.mayStartTLS()
}

// parse checks the place and the arguments of a command and leaves its normalised parameter in m.param.
func (m *Machine) parse(verb Verb, param []byte) *answer {
	m.param = append(m.param[:0], param...)
	switch verb {
	case verbHELO, verbEHLO:
		return parseHello(param)
	case verbMAIL:
		return m.parseMail(param)
	case verbRCPT:
		return m.parseRcpt(param)
	case verbDATA:
		return m.parseData(param)
	case verbRSET, verbQUIT:
		if len(param) > 0 {
			return &answerSyntax
		}
	case verbETRN:
		return m.parseEtrn(param)
	case verbAUTH:
		return m.parseAuth(param)
	case verbBDAT:
		return m.checkChunk()
	case verbSTARTTLS:
		return m.parseStartTLS(param)
	}
	return nil
}

// parseHello: one domain, address literal or other printable word (RFC 5321 §4.1.1.1; what stands there in practice
// is not always a domain).
func parseHello(param []byte) *answer {
	for _, c := range param {
		if c <= ' ' || c > '~' {
			return &answerSyntax
		}
	}
	if len(param) == 0 {
		return &answerSyntax
	}
	return nil
}

// parseEtrn: a domain, "@" and a domain, or "#" and a queue name (RFC 1985 §5.1).
func (m *Machine) parseEtrn(param []byte) *answer {
	if m.state == stateInitial {
		return &answerOrder
	}
	if m.active&extETRN == 0 {
		return &answerUnbuilt
	}
	if len(param) > 0 && param[0] == '#' {
		for _, c := range param[1:] {
			if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
				return &answerSyntax
			}
		}
		return nil
	}
	name := bytes.TrimPrefix(param, []byte("@"))
	if len(name) == 0 || domainLen(name, false) != len(name) {
		return &answerSyntax
	}
	return nil
}

// forward sends the command at hand to the server, rebuilt from its verb and m.param.
func (m *Machine) forward(x proxy.Exchange, verb Verb, name []byte, e exchange) {
	x.Send(proxy.Server, name)
	if len(m.param) > 0 {
		x.Send(proxy.Server, space)
		x.Send(proxy.Server, m.param)
	}
	x.Send(proxy.Server, crlf)
	e.verb = verb
	if verb == verbOther {
		m.verbLen = uint8(copy(m.verb[:], name))
	}
	if len(m.queue) == 0 {
		m.awaitServer(x, m.replyTime(verb))
	}
	if verb != verbMAIL && verb != verbRCPT {
		m.set(flagBarrier)
	}
	m.queue = append(m.queue, e)
}

// replyTime: RFC 5321 §4.5.3.2.
func (m *Machine) replyTime(verb Verb) time.Duration {
	if verb == verbDATA {
		return m.settings.Limits.TimeoutDataInit
	}
	return m.settings.Limits.TimeoutReply
}

var space = []byte(" ")

// refuse answers a command in the server's place.
func (m *Machine) refuse(x proxy.Exchange, name []byte, a *answer) {
	verb := verbOf(name)
	m.countRefusal(reasonOf(a))
	m.countReply(verb, a.class())
	m.tellRefusal(name, reasonOf(a))
	m.logRefusal(name, a)
	text := a.in(m.is(flagShown) && verb != verbHELO && verb != verbEHLO)
	if verb == verbBDAT && m.state == stateRcpt {
		m.set(flagChunkRefused)
	}
	if verb == verbBDAT && m.chunk.left > 0 {
		m.skip, m.skipAnswer, m.drain = m.chunk.left, text, 0
		m.chunk = chunk{}
		return
	}
	m.local(x, text)
	m.countError(x)
}

// refuseLine answers a line that is no command. Who speaks another protocol is not answered twice.
func (m *Machine) refuseLine(x proxy.Exchange, text []byte) {
	m.countRefusal(ReasonLine)
	m.countReply(verbOther, 5)
	m.tellRefusal(nil, ReasonLine)
	m.logLineRefused(len(text))
	if headerLine(text) {
		m.foreignProtocol(x)
		return
	}
	a := &answerInvalid
	if hasFold(text, "AUTH ") && len(text) > m.settings.MaxAuthRequestLength {
		a = &answerAuthLong
	}
	m.local(x, a.in(m.is(flagShown)))
	m.countError(x)
}

// foreignProtocol turns away a browser or the like, before what it sends can mean anything (ALPACA).
func (m *Machine) foreignProtocol(x proxy.Exchange) {
	m.session.Abort(violation, session.AbortedByPolicyAction, "client speaks another protocol")
	m.session.Meter.Refusal(int(ReasonProtocol))
	m.closing(x, &answerClosing)
}

// headerLine: "Name: value".
func headerLine(text []byte) bool {
	n := bytes.IndexByte(text, ':')
	if n <= 0 {
		return false
	}
	for _, c := range text[:n] {
		if !isAlnum(c) && c != '-' {
			return false
		}
	}
	return true
}

// countError ends a session that had more refusals than it may.
func (m *Machine) countError(x proxy.Exchange) {
	m.errors++
	if m.errors > m.settings.Limits.Errors && m.phase != phaseDone {
		m.session.Abort(violation, session.DeniedByLimit, "too many errors")
		m.closing(x, &answerErrors)
	}
}

// local puts a reply of ours behind the replies that are still due (RFC 2920 §3.2).
func (m *Machine) local(x proxy.Exchange, b []byte) {
	if len(m.queue) == 0 {
		x.Send(proxy.Client, b)
		m.awaitClient(x, m.settings.Limits.TimeoutCommand)
		return
	}
	from := len(m.arena)
	m.arena = append(m.arena, b...)
	m.queue = append(m.queue, exchange{ours: true, from: from, to: len(m.arena)})
}
