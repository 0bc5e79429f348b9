package smtp

import "bytes"

// body scans mail data as it passes (RFC 5321 §4.5.2). Only CRLF "." CRLF ends it.
type body struct {
	lineStart bool  // the next byte begins a line
	soft      bool  // that line began after a lone CR or LF that was made a CRLF
	stuffed   int64 // dots that passed for transparency alone
}

// bodyEvent says why a scan stopped.
type bodyEvent uint8

const (
	bodyMore  bodyEvent = iota // everything that can be decided was
	bodyDot                    // a dot that the client need not have sent was left out
	bodyEnd                    // the end of mail data; it is part of what passes
	bodyFault                  // a lone CR or LF, or a NUL
)

// scan finds how much of data can pass as it is. pass goes to the server, used bytes are done with.
func (b *body) scan(data []byte) (pass []byte, used int, event bodyEvent) {
	n, skip, lines, event := b.lines(data)
	if bad := badByte(data[:n], lines); bad >= 0 {
		return data[:bad], bad, bodyFault
	}
	return data[:n], n + skip, event
}

// lines goes from line to line until data ends or something happens. The first n bytes pass, the next skip are left
// out; in n there are crs lines' ends. Lone CRs and NULs are for badByte to find.
func (b *body) lines(data []byte) (n, skip, crs int, event bodyEvent) {
	for {
		if b.lineStart && n < len(data) && data[n] == '.' {
			rest := data[n+1:]
			switch {
			case len(rest) == 0, rest[0] == '\r' && len(rest) == 1:
				return n, 0, crs, bodyMore
			case rest[0] == '\r' && rest[1] == '\n':
				return n + 3, 0, crs + 1, bodyEnd
			case rest[0] == '\r', rest[0] == '\n', rest[0] == 0:
				return n, 0, crs, bodyFault
			case rest[0] != '.':
				b.lineStart = false
				return n, 1, crs, bodyDot
			}
			b.stuffed++
		}
		end := bytes.IndexByte(data[n:], '\n')
		if end < 0 {
			return b.tail(data, n), 0, crs, bodyMore
		}
		if end == 0 || data[n+end-1] != '\r' {
			return n + end, 0, crs, bodyFault
		}
		n += end + 1
		crs++
		b.lineStart = true
	}
}

// overhead is what of all that passed is not part of the message.
func (b *body) overhead(event bodyEvent) int64 {
	if event == bodyEnd {
		return b.stuffed + int64(len(endOfData))
	}
	return b.stuffed
}

// tail passes what follows the last line end, but for a CR whose LF may come.
func (b *body) tail(data []byte, n int) int {
	end := len(data)
	if end > n && data[end-1] == '\r' {
		end--
	}
	if end > n {
		b.lineStart = false
	}
	return end
}

// badByte is the place of the first NUL or lone CR in data, which holds crs CRLFs and no lone LF; -1 is none.
func badByte(data []byte, crs int) int {
	nul := bytes.IndexByte(data, 0)
	if bytes.Count(data, crlf[:1]) == crs {
		return nul
	}
	for i, c := range data {
		if c == 0 || c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			return i
		}
	}
	return nul
}

// normalise is scan for a policy that permits lone CRs and LFs: each becomes CRLF. It appends to out what goes to the
// server. A line that began after a lone one is content whatever it looks like: its leading dot is stuffed, and it
// ends nothing. NULs stay a fault.
func (b *body) normalise(out, data []byte) (dst []byte, used int, event bodyEvent) {
	for used < len(data) {
		c, rest := data[used], data[used+1:]
		switch {
		case c == 0:
			return out, used, bodyFault
		case c == '\r' && len(rest) == 0:
			return out, used, bodyMore
		case c == '\r' || c == '\n':
			b.soft = c == '\n' || rest[0] != '\n'
			if !b.soft {
				used++
			}
			out = append(out, crlf...)
			b.lineStart = true
		case c == '.' && b.lineStart && b.soft:
			out = append(out, ".."...)
			b.stuffed++
			b.lineStart = false
		case c == '.' && b.lineStart:
			if len(rest) == 0 || rest[0] == '\r' && len(rest) == 1 {
				return out, used, bodyMore
			}
			if rest[0] == '\r' && rest[1] == '\n' {
				return append(out, ".\r\n"...), used + 3, bodyEnd
			}
			if rest[0] == '.' {
				out = append(out, ".."...)
				b.stuffed++
				used++
			}
			b.lineStart = false
		default:
			out = append(out, c)
			b.lineStart = false
		}
		used++
	}
	return out, used, bodyMore
}
