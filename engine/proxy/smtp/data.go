package smtp

import (
	"bytes"
	"log/slog"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// maxDiscard bounds mail data that is read only so that its sender can be told why it is refused.
const maxDiscard = 256 << 20

// receiveBody takes mail data.
func (m *Machine) receiveBody(x proxy.Exchange, data []byte) int {
	if m.tooSlow(len(data)) {
		m.session.Abort(violation, session.DeniedByLimit, "client sends too slowly")
		m.closing(x, &answerSlow)
		return len(data)
	}
	x.Await(proxy.Client, m.within(m.settings.Limits.TimeoutDataBlock))
	switch {
	case m.phase == phaseDiscard:
		return m.throwAway(x, data)
	case !m.settings.RequireCRLF:
		return m.passNormalised(x, data)
	}
	for total := 0; ; {
		pass, used, event := m.body.scan(data[total:])
		total += used
		if !m.pass(x, pass, event) || event != bodyDot {
			return total
		}
	}
}

func (m *Machine) passNormalised(x proxy.Exchange, data []byte) int {
	out, used, event := m.body.normalise(m.normal[:0], data)
	m.pass(x, out, event)
	m.normal = out
	if event != bodyMore {
		m.normal = nil
	}
	return used
}

// pass gives the server mail data and goes on after what stopped the scan: at the end the server's word is awaited.
func (m *Machine) pass(x proxy.Exchange, data []byte, event bodyEvent) bool {
	bad := m.inspect(data, m.body.overhead(event))
	if bad != nil {
		m.refuseContent(x, bad)
	} else if len(data) > 0 {
		m.size += int64(len(data))
		m.give(x, data)
	}
	switch {
	case event == bodyFault && bad == nil:
		m.refuseContent(x, &answerContent)
	case event == bodyEnd && bad == nil:
		m.size -= m.body.overhead(event)
		m.phase = phaseCommand
		m.queue = append(m.queue, exchange{verb: verbDATA, key: verbDATA, final: true})
		m.set(flagBarrier)
		m.awaitServer(x, m.settings.Limits.TimeoutDataEnd)
	case event == bodyEnd:
		m.endDiscard(x)
	}
	return bad == nil
}

// give passes data where it lies, or a copy of what was made of it.
func (m *Machine) give(x proxy.Exchange, data []byte) {
	if m.settings.RequireCRLF {
		x.Pass(proxy.Server, data)
	} else {
		x.Send(proxy.Server, data)
	}
}

// discard reads mail data on to its end and only then gives the verdict, so that the client sees it and no reset.
// The server is hung up already: without an end of data it delivers nothing.
func (m *Machine) discard(x proxy.Exchange, verdict []byte) {
	m.phase = phaseDiscard
	m.verdict = bytes.Clone(verdict)
	m.account(codeOf(verdict), "not delivered")
	x.Await(proxy.Client, m.within(m.settings.Limits.TimeoutDataBlock))
}

func codeOf(reply []byte) int {
	code, _ := strconv.Atoi(string(reply[:3]))
	return code
}

// throwAway reads on to the true end of data, by the same rule that the passing of it has.
func (m *Machine) throwAway(x proxy.Exchange, data []byte) int {
	used, ended := m.body.skip(data)
	m.drain += int64(used)
	switch {
	case ended:
		m.endDiscard(x)
	case m.drain > maxDiscard:
		m.done(x)
	}
	return used
}

func (m *Machine) endDiscard(x proxy.Exchange) {
	x.Send(proxy.Client, m.verdict)
	m.done(x)
}

// skip goes through mail data that nobody gets, to its end.
func (b *body) skip(data []byte) (used int, ended bool) {
	for used < len(data) {
		rest := data[used:]
		if b.lineStart && rest[0] == '.' {
			if len(rest) < 3 && bytes.HasPrefix(endOfData, rest) {
				return used, false
			}
			if bytes.HasPrefix(rest, endOfData) {
				return used + 3, true
			}
		}
		end := bytes.Index(rest, crlf)
		if end < 0 {
			keep := 0
			if rest[len(rest)-1] == '\r' {
				keep = 1
			}
			b.lineStart = b.lineStart && len(rest) == keep
			return len(data) - keep, false
		}
		used += end + 2
		b.lineStart = true
	}
	return used, false
}

var endOfData = []byte(".\r\n")

// account writes the record of one message: Zorp's smtp.accounting.
func (m *Machine) account(code int, note string) {
	if code/100 == 2 && note == "" {
		m.session.Count.Messages++
		m.session.Meter.Message()
	}
	m.tellMessage(code, note)
	if !m.session.Logs(accounting) {
		return
	}
	m.session.Record(accounting, "message",
		slog.String("sender", string(m.sender)), slog.Int("recipients", m.accepted), slog.Int64("size", m.size),
		slog.Int("code", code), slog.String("note", note), slog.String("header", m.header.fault.String()))
}
