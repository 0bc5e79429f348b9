package smtp

import (
	"bytes"
	"strconv"

	"zorpgo/engine/proxy"
	"zorpgo/engine/trace"
)

// followedMail is the content of a message on its way, as far as nothing was told of it.
type followedMail struct {
	got, sent int64  // octets: of the client's, and to the server
	line      []byte // the line at hand, where content is shown
	over      bool   // the line is longer than is shown
}

// content tells of mail data, at its end or the end of its chunk.
func (f *follower) content(said []byte, before phase) {
	m := f.m
	f.mail.got += int64(len(said))
	if f.tap.WantsContent() {
		f.showContent(said)
	}
	switch {
	case m.phase == before && (before == phaseBody || before == phaseDiscard), before == phaseBody && m.phase == phaseDiscard, m.skip > 0:
	case before == phaseBody && m.phase == phaseCommand:
		f.mail.got -= int64(len(endOfData))
		f.mail.sent -= int64(len(endOfData))
		f.mailOver("")
		f.say(trace.Client, trace.Server, ".")
	case before == phaseBody:
		f.mailOver(", without its end")
	default: // a chunk is whole; what announces a piece goes before it
		f.lines(trace.Proxy, trace.Server, f.out[proxy.Server])
		f.out[proxy.Server] = f.out[proxy.Server][:0]
		f.mailOver("")
	}
	f.flush()
}

// mailOver tells how much content there was.
func (f *follower) mailOver(note string) {
	c := &f.mail
	if len(c.line) > 0 {
		f.showLine(c.line)
	}
	switch got, sent := octets(c.got, note), octets(c.sent, note); {
	case c.got == c.sent && c.got > 0:
		f.say(trace.Client, trace.Server, got)
	default:
		if c.got > 0 {
			f.say(trace.Client, trace.Proxy, got)
		}
		if c.sent > 0 {
			f.say(trace.Proxy, trace.Server, sent)
		}
	}
	f.mail = followedMail{line: keep(c.line)}
}

func octets(n int64, note string) string {
	return "<" + strconv.FormatInt(n, 10) + " bytes of content" + note + ">"
}

// showContent tells the lines of content that are whole; of a long one the beginning.
func (f *follower) showContent(said []byte) {
	for len(said) > 0 {
		var part []byte
		part, said = cutRaw(said)
		whole := part[len(part)-1] == '\n'
		c := &f.mail
		if room := trace.MaxLine - len(c.line); len(part) > room {
			part, c.over = part[:max(0, room)], true
		}
		c.line = append(c.line, part...)
		if whole {
			f.showLine(c.line)
			c.line, c.over = c.line[:0], false
		}
	}
}

// showLine tells one line of content, but not the one that ends it.
func (f *follower) showLine(line []byte) {
	if bytes.Equal(line, endOfData) {
		return
	}
	text := trace.Line(line)
	if f.mail.over {
		text += " ..."
	}
	f.tap.Content(f.m.session.ID, trace.Client, trace.Proxy, text)
}

// end tells of what was left when the session ended.
func (f *follower) end() {
	if f.mail.got+f.mail.sent > 0 && f.m.session.Follow() != nil {
		f.mailOver(", without its end")
	}
}
