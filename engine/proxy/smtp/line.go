package smtp

import "bytes"

// lineFault is the set of what is wrong with a line.
type lineFault uint8

const (
	lineOK      lineFault = 0
	lineMore    lineFault = 1 << iota // no end yet
	lineEndless                       // no end within the limit
	lineBareLF                        // ended by LF alone
	lineBareCR                        // a CR that no LF follows
	lineControl                       // another control byte, NUL included
)

// has reports whether one of some is wrong.
func (f lineFault) has(some lineFault) bool { return f&some != 0 }

// cutLine takes the first line of data: its text, how many bytes it uses up with its end, and what is wrong with it.
// A line ends at the first LF; only CRLF is a good end (RFC 5321 §2.3.8).
func cutLine(data []byte, limit int) (text []byte, used int, fault lineFault) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		if len(data) > limit {
			return nil, 0, lineEndless
		}
		return nil, 0, lineMore
	}
	text, used = data[:end], end+1
	if end == 0 || data[end-1] != '\r' {
		fault = lineBareLF
	} else {
		text = data[:end-1]
	}
	return text, used, fault | controlFault(text)
}

// controlFault finds a bare CR or another control byte in the text of a line. TAB is none.
func controlFault(text []byte) lineFault {
	fault := lineOK
	for _, c := range text {
		if c < ' ' && c != '\t' || c == 0x7f {
			if c == '\r' {
				fault |= lineBareCR
			} else {
				fault |= lineControl
			}
		}
	}
	return fault
}

// trimSpace cuts spaces from both ends.
func trimSpace(b []byte) []byte { return bytes.Trim(b, " ") }

func upperByte(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func isLetter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlnum(c byte) bool { return isLetter(c) || isDigit(c) }

// hasFold reports whether b begins with prefix, which is in capitals, in any case.
func hasFold(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range prefix {
		if upperByte(b[i]) != prefix[i] {
			return false
		}
	}
	return true
}

// equalFold is hasFold of the whole of b.
func equalFold(b []byte, capitals string) bool {
	return len(b) == len(capitals) && hasFold(b, capitals)
}
