package smtp

import (
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// header looks at the header section of a message as it passes: how long it is, and how often the message was received.
type header struct {
	over   bool // the body has begun
	size   int
	hops   int
	column int // in the line at hand
	same   int // how many of its first letters are those of "Received:"
}

const receivedField = "RECEIVED:"

// scan takes the next bytes of the message.
func (h *header) scan(b []byte) {
	for _, c := range b {
		h.size++
		switch {
		case c == '\r':
		case c == '\n':
			if h.column == 0 {
				h.over = true
				return
			}
			h.column, h.same = 0, 0
		default:
			if h.same == h.column && h.same < len(receivedField) && upperByte(c) == receivedField[h.same] {
				if h.same++; h.same == len(receivedField) {
					h.hops++
				}
			}
			h.column++
		}
	}
}

// beginContent prepares for the first byte of a message.
func (m *Machine) beginContent() {
	m.body = body{lineStart: true}
	m.header = header{}
	m.pace = pace{}
	m.size, m.drain = 0, 0
	m.received = nil
}

// inspect looks at content that is about to pass, and says why it may not. overhead is what of all content so far is
// transparency rather than message.
func (m *Machine) inspect(content []byte, overhead int64) *answer {
	l := &m.settings.Limits
	if !m.header.over {
		m.header.scan(content)
	}
	switch {
	case l.Hops > 0 && m.header.hops > l.Hops:
		return &answerHops
	case l.HeaderSize > 0 && m.header.size > l.HeaderSize:
		return &answerHeader
	case m.sizeLimit > 0 && m.size+int64(len(content))-overhead > m.sizeLimit:
		return &answerTooBig
	}
	return nil
}

// refuseContent: the server gets nothing more, and without an end of data it delivers nothing. What the client still
// sends of the message is read first, so that it sees the answer and no reset.
func (m *Machine) refuseContent(x proxy.Exchange, a *answer) {
	m.session.Deny(session.AbortedByPolicyAction, "message refused")
	m.session.Log.Info("message refused", "tag", "smtp.violation", "code", a.code, "size", m.size)
	x.Hangup(proxy.Server)
	verdict := a.in(m.is(flagShown) || a == &answerContent)
	if m.phase == phaseBody {
		m.discard(x, verdict)
		return
	}
	m.account(codeOf(verdict), "not delivered")
	m.phase = phaseCommand
	if m.chunk.left == 0 {
		x.Send(proxy.Client, verdict)
		m.done(x)
		return
	}
	m.skip, m.skipAnswer = m.chunk.left, verdict
	m.set(flagDoomed)
	x.Await(proxy.Client, m.within(m.settings.Limits.TimeoutDataBlock))
}
