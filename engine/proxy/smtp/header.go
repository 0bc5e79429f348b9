package smtp

import (
	"log/slog"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// header looks at the header section of a message as it passes: how long it is, how often the message was received, and
// whether every reader will find the same fields in it (RFC 5322 §2.2, §3.6).
type header struct {
	over   bool // the body has begun
	size   int
	hops   int
	fault  headerFault
	single uint16 // which of singleFields were there
	name   [16]byte
	length int  // of the field name so far; also beyond what name holds
	column int  // in the line at hand
	named  bool // its colon was seen, or it continues a field
}

// headerFault says why two readers of a header section may not read the same.
type headerFault uint8

const (
	headerOK headerFault = iota
	headerNoColon
	headerSpace
	headerTwice
	headerFolded
	headerNone
)

// String is the fault in words.
func (f headerFault) String() string {
	return [...]string{"", "a header line without a colon", "a space before a colon in the header", "a field twice that may be there once",
		"a header that begins with a folded line", "no header"}[f]
}

// singleFields may be there once: RFC 5322 §3.6.
var singleFields = [...]string{"FROM", "SENDER", "REPLY-TO", "TO", "CC", "BCC", "DATE", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES", "SUBJECT"}

// scan takes the next bytes of the message.
func (h *header) scan(b []byte) {
	for _, c := range b {
		h.size++
		switch {
		case c == '\r':
		case c == '\n':
			if h.endLine(); h.over {
				return
			}
		case h.named:
			h.column++
		default:
			h.nameByte(c)
		}
	}
}

// endLine ends a line; an empty one ends the header section.
func (h *header) endLine() {
	switch {
	case h.column == 0:
		h.over = true
		if h.size <= 2 {
			h.found(headerNone)
		}
	case !h.named:
		h.found(headerNoColon)
	}
	h.column, h.length, h.named = 0, 0, false
}

// nameByte takes a byte before the colon of a line.
func (h *header) nameByte(c byte) {
	switch {
	case h.column == 0 && (c == ' ' || c == '\t'):
		h.named = true
		if h.size == 1 {
			h.found(headerFolded)
		}
	case c == ' ' || c == '\t':
		h.found(headerSpace)
	case c == ':':
		h.named = true
		h.field(h.name[:min(h.length, len(h.name))])
	default:
		if h.length < len(h.name) {
			h.name[h.length] = upperByte(c)
		}
		h.length++
	}
	h.column++
}

// field counts a field whose name is complete.
func (h *header) field(name []byte) {
	if h.length > len(h.name) {
		return
	}
	if string(name) == "RECEIVED" {
		h.hops++
	}
	for i, single := range singleFields {
		if string(name) != single {
			continue
		}
		if h.single&(1<<i) != 0 {
			h.found(headerTwice)
		}
		h.single |= 1 << i
	}
}

// found keeps the first fault.
func (h *header) found(f headerFault) {
	if h.fault == headerOK {
		h.fault = f
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
	case m.header.fault != headerOK && m.settings.RefuseMalformedHeader:
		return &answerBadHeader
	case m.sizeLimit > 0 && m.size+int64(len(content))-overhead > m.sizeLimit:
		return &answerTooBig
	}
	return nil
}

// refuseContent: the server gets nothing more, and without an end of data it delivers nothing. What the client still
// sends of the message is read first, so that it sees the answer and no reset.
func (m *Machine) refuseContent(x proxy.Exchange, a *answer) {
	m.session.Deny(session.AbortedByPolicyAction, "message refused")
	m.session.Meter.Refusal(int(reasonOf(a)))
	m.session.Refuse(violation, "message refused", slog.String("verb", "DATA"), slog.String("code", a.code),
		slog.String("reason", reasonOf(a).String()), slog.String("text", a.text()), slog.Int64("size", m.size))
	x.Hangup(proxy.Server)
	verdict := a.in(m.is(flagShown) || a == &answerContent)
	if m.phase == phaseBody {
		m.discard(x, verdict)
		return
	}
	m.account(codeOf(verdict), "not delivered")
	m.refuseRest(x, verdict)
}

// refuseRest reads what is left of a chunk, gives the verdict and closes.
func (m *Machine) refuseRest(x proxy.Exchange, verdict []byte) {
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
