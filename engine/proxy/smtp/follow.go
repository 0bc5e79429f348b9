package smtp

import (
	"bytes"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/trace"
)

// follower tells a trace what a session says, step by step. It stands between the machine and its exchange while
// somebody looks on: what a step was given and what it sent are told at its end.
type follower struct {
	proxy.Exchange
	m     *Machine
	tap   *trace.Tap
	out   [2][]byte // lines that the step sent to each side
	notes []string  // of the step
	mail  followedMail

	withhold bool // what is no command may be a secret, or content, of a client that was refused
	counted  bool // the step sent content
}

// follow is what to act through in a step: nil if nobody looks on.
func (m *Machine) follow(x proxy.Exchange) *follower {
	tap := m.session.Follow()
	if tap == nil {
		return nil
	}
	if m.follower == nil {
		m.follower = &follower{m: m, withhold: m.session.Count.Commands > 0}
	}
	f := m.follower
	f.tap, f.Exchange, f.counted = tap, x, false
	f.out[proxy.Client], f.out[proxy.Server] = f.out[proxy.Client][:0], f.out[proxy.Server][:0]
	return f
}

// Send implements proxy.Exchange.
func (f *follower) Send(to proxy.Side, b []byte) {
	f.note(to, b)
	f.Exchange.Send(to, b)
}

// Pass implements proxy.Exchange.
func (f *follower) Pass(to proxy.Side, b []byte) {
	f.note(to, b)
	f.Exchange.Pass(to, b)
}

// note keeps lines, and counts content.
func (f *follower) note(to proxy.Side, b []byte) {
	if to == proxy.Server && f.isContent(b) {
		f.mail.sent += int64(len(b))
		f.counted = true
		return
	}
	f.out[to] = append(f.out[to], b...)
}

// isContent reports whether what the server is sent now is part of a message.
func (f *follower) isContent(b []byte) bool {
	switch f.m.phase {
	case phaseBody:
		return true
	case phaseChunk:
		return !hasFold(b, "BDAT ") || len(f.out[proxy.Server]) > 0
	}
	return false
}

// MayKeep implements proxy.Keeper.
func (f *follower) MayKeep() bool {
	k, ok := f.Exchange.(proxy.Keeper)
	return ok && k.MayKeep()
}

// Part implements proxy.Parter.
func (f *follower) Part(side proxy.Side) {
	if p, ok := f.Exchange.(proxy.Parter); ok {
		p.Part(side)
	}
}

// Keep implements proxy.Keeper.
func (f *follower) Keep(greeting []byte) { f.Exchange.(proxy.Keeper).Keep(greeting) }

// receive is Receive of a session that is followed.
func (f *follower) receive(from proxy.Side, data []byte) int {
	m := f.m
	if m.phase == phaseCopy { // what is copied is not told
		return m.receive(f.Exchange, from, data)
	}
	before, login := m.phase, len(m.queue) > 0 && m.queue[0].verb == verbAUTH
	skips, silence := m.skip > 0, m.is(flagSilence)
	n := m.receive(f, from, data)
	said := data[:n]
	switch {
	case n == 0 || before == phaseDone:
	case from == proxy.Server:
		f.serverSaid(said, login)
	case before == phaseGreeting || silence:
		f.say(trace.Client, trace.Proxy, "<"+strconv.Itoa(n)+" bytes out of turn>")
	case before == phaseBody || before == phaseDiscard || skips || before == phaseChunk:
		f.content(said, before)
		return n
	case before == phaseAuth:
		f.clientAnswered(said)
	default:
		f.clientSaid(said)
	}
	f.flush()
	return n
}

// flush tells what the step sent that is not what it was given.
func (f *follower) flush() {
	for _, note := range f.notes {
		f.tap.Note(f.m.session.ID, note)
	}
	f.notes = f.notes[:0]
	f.lines(trace.Proxy, trace.Server, f.out[proxy.Server])
	if f.counted && f.m.phase != phaseBody {
		f.mailOver("")
	}
	f.lines(trace.Proxy, trace.Client, f.out[proxy.Client])
	f.out[proxy.Server], f.out[proxy.Client] = f.out[proxy.Server][:0], f.out[proxy.Client][:0]
	f.Exchange = nil
}

func (f *follower) say(from, to trace.Party, text string) {
	f.tap.Said(f.m.session.ID, from, to, text)
}

// mostLines bounds what is told of one step.
const mostLines = 128

// lines tells each of some lines, without what must not be shown.
func (f *follower) lines(from, to trace.Party, text []byte) {
	for n := 0; len(text) > 0; n++ {
		if n == mostLines {
			f.say(from, to, "<"+strconv.Itoa(len(text))+" bytes more>")
			return
		}
		var line []byte
		line, text = cutRaw(text)
		if to == trace.Server {
			f.say(from, to, shownCommand(line))
		} else {
			f.say(from, to, shownReply(line, false))
		}
	}
}

// cutRaw cuts the first line with its end off text.
func cutRaw(text []byte) (line, rest []byte) {
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		return text[:end+1], text[end+1:]
	}
	return text, nil
}

// clientSaid tells of a command, and whether the server got it as it is.
func (f *follower) clientSaid(said []byte) {
	line, rest := cutRaw(said)
	to := trace.Proxy
	if f.passed(proxy.Server, line) {
		to = trace.Server
	}
	f.say(trace.Client, to, f.shown(line))
	if len(rest) > 0 {
		f.say(trace.Client, trace.Proxy, "<"+strconv.Itoa(len(rest))+" bytes that are not read any more>")
	}
}

// clientAnswered tells that a challenge was answered.
func (f *follower) clientAnswered(said []byte) {
	to := trace.Proxy
	if f.passed(proxy.Server, said) {
		to = trace.Server
	}
	f.say(trace.Client, to, redacted)
}

// passed reports whether what a side is sent begins with line, and takes that off.
func (f *follower) passed(to proxy.Side, line []byte) bool {
	rest, ok := bytes.CutPrefix(f.out[to], line)
	if ok {
		f.out[to] = rest
	}
	return ok
}

// serverSaid tells of a reply, and whether the client got it as it is.
func (f *follower) serverSaid(said []byte, login bool) {
	to := trace.Proxy
	if f.passed(proxy.Client, said) {
		to = trace.Client
	}
	for n := 0; len(said) > 0; n++ {
		if n == mostLines {
			f.say(trace.Server, to, "<"+strconv.Itoa(len(said))+" bytes more>")
			return
		}
		var line []byte
		line, said = cutRaw(said)
		f.say(trace.Server, to, shownReply(line, login))
	}
}
