package smtp

import (
	"bytes"
	"errors"
)

// maxReply bounds a whole reply.
const maxReply = 64 << 10

// reply is one complete reply of the server (RFC 5321 §4.2).
type reply struct {
	code int    // 200 to 599
	raw  []byte // all lines with their ends, as the client is to see them
}

var errReply = errors.New("malformed reply")

// replyParser collects one reply; it remembers how far it got, so that no byte is looked at twice.
type replyParser struct {
	code  int
	used  int // bytes of complete lines
	lines int
}

// next takes the reply at the front of data. complete is false if its end is not there yet.
func (p *replyParser) next(data []byte, s *Settings) (r reply, complete bool, err error) {
	for {
		last, used, err := p.line(data[p.used:], s)
		if err != nil || used == 0 {
			return reply{}, false, err
		}
		p.used += used
		p.lines++
		if p.used > maxReply || p.lines > s.Limits.ReplyLines {
			return reply{}, false, errReply
		}
		if last {
			r = reply{code: p.code, raw: data[:p.used]}
			*p = replyParser{}
			return r, true, nil
		}
	}
}

// line checks one line of a reply; used is 0 if the line is not complete.
func (p *replyParser) line(data []byte, s *Settings) (last bool, used int, err error) {
	text, used, fault := cutLine(data, maxReply)
	switch {
	case fault == lineMore && (s.PermitLongResponses || len(data) <= s.MaxResponseLength+2):
		return false, 0, nil
	case fault == lineBareLF && !s.RequireCRLF:
	case fault != lineOK:
		return false, 0, errReply
	case len(text) > s.MaxResponseLength && !s.PermitLongResponses:
		return false, 0, errReply
	}
	code, ok := replyCode(text)
	if !ok || p.lines > 0 && code != p.code {
		return false, 0, errReply
	}
	p.code = code
	return len(text) == 3 || text[3] == ' ', used, nil
}

// replyCode reads the code of a reply line: three digits, of the ranges that RFC 5321 §4.2 knows, then the end, a
// space or a hyphen.
func replyCode(text []byte) (int, bool) {
	if len(text) < 3 || !isDigit(text[0]) || !isDigit(text[1]) || !isDigit(text[2]) {
		return 0, false
	}
	if text[0] < '2' || text[0] > '5' || len(text) > 3 && text[3] != ' ' && text[3] != '-' {
		return 0, false
	}
	return int(text[0]-'0')*100 + int(text[1]-'0')*10 + int(text[2]-'0'), true
}

// lineText is the text of a reply line, without code and end.
func lineText(line []byte) []byte {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < 4 {
		return nil
	}
	return line[4:]
}

// nextLine cuts the first line, with its end, from lines.
func nextLine(lines []byte) (line, rest []byte) {
	n := bytes.IndexByte(lines, '\n') + 1
	return lines[:n], lines[n:]
}

// text is the text of the first line.
func (r *reply) text() []byte {
	line, _ := nextLine(r.raw)
	return lineText(line)
}

// class is the first digit of the code.
func (r *reply) class() int { return r.code / 100 }

// canonical gives every line a CRLF end and at most limit bytes before it. It returns raw itself where that is so.
func (r *reply) canonical(limit int) []byte {
	clean := true
	for rest := r.raw; len(rest) > 0 && clean; {
		var line []byte
		line, rest = nextLine(rest)
		clean = len(line)-2 <= limit && bytes.HasSuffix(line, crlf)
	}
	if clean {
		return r.raw
	}
	var out []byte
	for rest := r.raw; len(rest) > 0; {
		var line []byte
		line, rest = nextLine(rest)
		line = bytes.TrimRight(line, "\r\n")
		out = append(append(out, line[:min(len(line), limit)]...), crlf...)
	}
	return out
}

// withText is the reply with its code and the text of its first line replaced.
func (r *reply) withText(code, text string) []byte {
	var out []byte
	for rest := r.raw; len(rest) > 0; {
		var line []byte
		line, rest = nextLine(rest)
		out = append(out, code...)
		if len(out) == len(code) && text != string(lineText(line)) {
			sep := byte(' ')
			if len(rest) > 0 {
				sep = '-'
			}
			out = append(append(append(out, sep), text...), crlf...)
			continue
		}
		out = append(out, line[3:]...)
	}
	return out
}

var crlf = []byte("\r\n")
