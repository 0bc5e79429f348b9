package smtp

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// maxDiscard bounds mail data that is read only so that its sender can be told why it is refused.
const maxDiscard = 256 << 20

// receiveBody takes mail data.
func (m *Machine) receiveBody(x proxy.Exchange, data []byte) int {
	x.Await(proxy.Client, m.settings.Timeout)
	if m.phase == phaseDiscard {
		return m.throwAway(x, data)
	}
	if !m.settings.RequireCRLF {
		return m.passNormalised(x, data)
	}
	total := 0
	for {
		pass, used, event := m.body.scan(data[total:])
		total += used
		m.size += int64(len(pass))
		if len(pass) > 0 {
			x.Pass(proxy.Server, pass)
		}
		if event != bodyDot {
			m.bodyStopped(x, event)
			return total
		}
	}
}

func (m *Machine) passNormalised(x proxy.Exchange, data []byte) int {
	out, used, event := m.body.normalise(m.normal[:0], data)
	m.normal = out
	m.size += int64(len(out))
	x.Send(proxy.Server, out)
	if event != bodyMore {
		m.normal = nil
	}
	m.bodyStopped(x, event)
	return used
}

// bodyStopped goes on after a scan: at the end the server's word is awaited, on a fault the server gets nothing more.
func (m *Machine) bodyStopped(x proxy.Exchange, event bodyEvent) {
	switch event {
	case bodyEnd:
		m.phase = phaseCommand
		m.queue = append(m.queue, exchange{verb: verbDATA, key: verbDATA, final: true})
		m.set(flagBarrier)
		x.Await(proxy.Client, 0)
		x.Await(proxy.Server, m.settings.Timeout)
	case bodyFault:
		m.session.Deny(session.AbortedByPolicyAction, "bare CR, bare LF or NUL in a message")
		m.session.Log.Info("message refused", "tag", "smtp.violation", "reason", "bare CR, bare LF or NUL")
		x.Hangup(proxy.Server)
		m.discard(x, answerContent.enhanced)
	}
}

// discard reads mail data on to its end and only then gives the verdict, so that the client sees it and no reset.
// The server is hung up already: without an end of data it delivers nothing.
func (m *Machine) discard(x proxy.Exchange, verdict []byte) {
	m.phase = phaseDiscard
	m.drain = 0
	m.verdict = bytes.Clone(verdict)
	m.account(codeOf(verdict), "not delivered")
	x.Await(proxy.Client, m.settings.Timeout)
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
		x.Send(proxy.Client, m.verdict)
		m.done(x)
	case m.drain > maxDiscard:
		m.done(x)
	}
	return used
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
	}
	if !m.session.Log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	m.session.Log.Info("message", "tag", "smtp.accounting", "sender", string(m.sender), "recipients", m.accepted,
		"size", m.size, "code", code, "note", note)
}

// refuseChunk answers BDAT, which is not built: the chunk that follows is counted and thrown away, never read as
// commands (RFC 3030 §2). Without a certain count nothing after it can be understood.
func (m *Machine) refuseChunk(x proxy.Exchange, name, param []byte) {
	size, last, more := bytes.Cut(param, space)
	n, err := strconv.ParseUint(string(size), 10, 62)
	if err != nil || !isDigit(size[0]) || more && !equalFold(trimSpace(last), "LAST") {
		m.session.Deny(session.AbortedByPolicyAction, "BDAT without a certain size")
		m.closing(x, &answerSyntax)
		return
	}
	m.skip = int64(n)
	m.refuse(x, name, &answerUnbuilt)
}

// skipChunk throws away what is left of a refused chunk.
func (m *Machine) skipChunk(x proxy.Exchange, data []byte) int {
	n := int(min(m.skip, int64(len(data))))
	m.skip -= int64(n)
	x.Await(proxy.Client, m.settings.Timeout)
	return n
}
