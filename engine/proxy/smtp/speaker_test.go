package smtp

import (
	"bytes"
	"regexp"
	"strconv"
)

// speaker understands one direction of a transcript as a strict peer does: command lines, mail data that only CRLF . CRLF
// ends, the octets of chunks, answers to challenges. told must be called with the replies as they come.
type speaker struct {
	commands [][]byte // without their ends
	answers  int      // lines that answer a challenge
	ends     int      // of mail data
	sloppy   int      // ends of mail data that some server takes for one, the true ones included
	checked  []byte   // everything but the octets of binary chunks

	rest   []byte
	data   []byte // of the message at hand, when inData
	inData bool
	inAuth bool
	binary bool
	octets int
}

var bdatLine = regexp.MustCompile(`(?i)^BDAT (\d{1,18})( +LAST)? *$`)

// looseEnds counts ends of mail data by the rule of every server that ever took less than CRLF . CRLF for one: a dot
// between whatever may be a line end, NULs left out.
func looseEnds(data []byte) (n int) {
	data = bytes.ReplaceAll(data, []byte{0}, nil)
	for at := 0; ; at++ {
		dot := bytes.IndexByte(data[at:], '.')
		if dot < 0 {
			return n
		}
		at += dot
		before := at == 0 || data[at-1] == '\r' || data[at-1] == '\n'
		if before && at+1 < len(data) && (data[at+1] == '\r' || data[at+1] == '\n') {
			n++
		}
	}
}

// says takes bytes of the speaker.
func (s *speaker) says(b []byte) {
	s.rest = append(s.rest, b...)
	for s.step() {
	}
}

func (s *speaker) step() bool {
	switch {
	case len(s.rest) == 0:
		return false
	case s.octets > 0:
		n := min(s.octets, len(s.rest))
		if !s.binary {
			s.checked = append(s.checked, s.rest[:n]...)
		}
		s.rest, s.octets = s.rest[n:], s.octets-n
		return true
	case s.inData:
		return s.text()
	}
	end := bytes.IndexByte(s.rest, '\n')
	if end < 0 {
		return false
	}
	s.checked = append(s.checked, s.rest[:end+1]...)
	s.line(bytes.TrimSuffix(s.rest[:end], crlf[:1]))
	s.rest = s.rest[end+1:]
	return true
}

func (s *speaker) line(line []byte) {
	if s.inAuth {
		s.inAuth = false
		s.answers++
		return
	}
	s.commands = append(s.commands, line)
	if hasFold(line, "MAIL ") {
		s.binary = bytes.Contains(bytes.ToUpper(line), []byte("BODY=BINARYMIME"))
	}
	if m := bdatLine.FindSubmatch(line); m != nil {
		s.octets, _ = strconv.Atoi(string(m[1]))
	}
}

// text takes mail data.
func (s *speaker) text() bool {
	s.data = append(s.data, s.rest...)
	s.rest = nil
	end := bytes.Index(append([]byte("\r\n"), s.data...), []byte("\r\n.\r\n"))
	if end < 0 {
		return false
	}
	s.rest = s.data[end+3:]
	s.closeData(s.data[:end+3])
	s.ends++
	return true
}

// closeData looks at a whole message, or at what there is of it.
func (s *speaker) closeData(data []byte) {
	s.sloppy += looseEnds(data)
	s.checked = append(s.checked, data...)
	s.data, s.inData = nil, false
}

// told takes the code of a reply to the speaker.
func (s *speaker) told(code int) {
	switch code {
	case 354:
		s.inData = len(s.commands) > 0 && equalFold(s.commands[len(s.commands)-1], "DATA")
	case 334:
		s.inAuth = true
	}
}

// close takes what is not complete.
func (s *speaker) close() {
	if s.inData {
		s.closeData(s.data)
	}
	s.checked = append(s.checked, s.rest...)
}

// repliesIn are the codes of the complete replies in b.
func repliesIn(b []byte) (codes []int) {
	for _, line := range bytes.SplitAfter(b, crlf[1:]) {
		if code, ok := replyCode(bytes.TrimRight(line, "\r\n")); ok && bytes.HasSuffix(line, crlf[1:]) && line[3] != '-' {
			codes = append(codes, code)
		}
	}
	return codes
}
