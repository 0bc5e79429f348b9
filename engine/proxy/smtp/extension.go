package smtp

import "bytes"

// An extension is a bit of the negotiated set; the bits are not those of Zorp's SMTP_EXT_*, which zorpBit gives.
type extension uint16

const (
	extPipelining extension = 1 << iota
	extSize
	ext8BitMIME
	extETRN
	extEnhanced
	extDSN
	extSMTPUTF8
)

// extensionRow describes an EHLO keyword that the machine knows whole: its verbs, parameters and framing.
type extensionRow struct {
	keyword string
	bit     extension
	zorpBit int
	needs   extension // must be offered too
}

// extensions are those that can be offered to a client: RFC 2920, 1870, 6152, 1985, 2034, 3461, 6531.
var extensions = []extensionRow{
	{"PIPELINING", extPipelining, ExtPipelining, 0},
	{"SIZE", extSize, ExtSize, 0},
	{"8BITMIME", ext8BitMIME, Ext8BitMIME, 0},
	{"ETRN", extETRN, ExtETRN, 0},
	{"ENHANCEDSTATUSCODES", extEnhanced, 0, 0},
	{"DSN", extDSN, 0, 0},
	{"SMTPUTF8", extSMTPUTF8, 0, ext8BitMIME},
}

// defaultExtensions are accepted by LoadESMTP.
const defaultExtensions = "PIPELINING SIZE 8BITMIME ETRN ENHANCEDSTATUSCODES DSN SMTPUTF8"

// notBuilt says of keywords that a policy may know why they are not offered. AUTH and STARTTLS are named by Zorp's own
// defaults, so they are withheld rather than refused.
var notBuilt = map[string]string{
	"CHUNKING":      "BDAT is not built yet",
	"BINARYMIME":    "BDAT is not built yet",
	"AUTH":          "AUTH is not built yet",
	"STARTTLS":      "TLS is not built yet",
	"REQUIRETLS":    "TLS is not built yet",
	"LIMITS":        "it is not built yet",
	"DELIVERBY":     "it is not built yet",
	"MT-PRIORITY":   "it is not built yet",
	"FUTURERELEASE": "it is not built yet",
	"XCLIENT":       "a client could borrow another's identity",
	"XFORWARD":      "a client could borrow another's identity",
	"BURL":          "its content is fetched past the proxy",
	"XEXCH50":       "it changes the framing",
	"TURN":          "it turns the roles round",
	"ATRN":          "it turns the roles round",
}

// ExtensionNotBuilt says why the machine cannot offer a keyword, and whether it knows the keyword at all.
// A keyword that can be offered gives "", true.
func ExtensionNotBuilt(keyword string) (why string, known bool) {
	if findExtension([]byte(keyword)) != nil {
		return "", true
	}
	if why, known = notBuilt[keyword]; known {
		return why, true
	}
	return "its verbs, parameters and framing are not known", false
}

// ExtensionsBuilt are the keywords that can be offered.
func ExtensionsBuilt() []string {
	names := make([]string, len(extensions))
	for i, row := range extensions {
		names[i] = row.keyword
	}
	return names
}

func findExtension(keyword []byte) *extensionRow {
	for i := range extensions {
		if equalFold(keyword, extensions[i].keyword) {
			return &extensions[i]
		}
	}
	return nil
}

// permits reports whether policy lets a known extension through.
func (s *Settings) permits(row *extensionRow) bool {
	if row.zorpBit&s.PermitExtensions != 0 {
		return true
	}
	action, ok := s.Extensions[row.keyword]
	if !ok {
		action = s.Extensions["*"]
	}
	return action == Accept
}

// permitted are the extensions that policy lets through.
func (s *Settings) permitted() (set extension) {
	for i := range extensions {
		if s.permits(&extensions[i]) {
			set |= extensions[i].bit
		}
	}
	return set
}

// keywordOf is the ehlo-keyword at the front of an EHLO line's text (RFC 5321 §4.1.1.1).
func keywordOf(text []byte) []byte {
	for i, c := range text {
		if !isAlnum(c) && (c != '-' || i == 0) {
			if c == ' ' {
				return text[:i]
			}
			return nil
		}
	}
	return text
}

// offered is the part of permitted that the EHLO reply r lists, each with what it needs.
func offered(r *reply, permitted extension) (set extension) {
	_, rest := nextLine(r.raw)
	for len(rest) > 0 {
		var line []byte
		line, rest = nextLine(rest)
		if row := findExtension(keywordOf(lineText(line))); row != nil {
			set |= row.bit & permitted
		}
	}
	for i := range extensions {
		if set&extensions[i].bit != 0 && set&extensions[i].needs != extensions[i].needs {
			set &^= extensions[i].bit
		}
	}
	return set
}

// zorpBits are the SMTP_EXT_* bits of set, for policies.
func (set extension) zorpBits() (bits int) {
	for i := range extensions {
		if set&extensions[i].bit != 0 {
			bits |= extensions[i].zorpBit
		}
	}
	return bits
}

// filterHello writes the reply to HELO or EHLO with only the keywords of set: the first line and the lines kept are the
// server's own.
func filterHello(out []byte, r *reply, set extension) []byte {
	line, rest := nextLine(r.raw)
	last := len(out)
	out = append(out, line...)
	for len(rest) > 0 {
		line, rest = nextLine(rest)
		row := findExtension(keywordOf(lineText(line)))
		if row != nil && set&row.bit != 0 {
			last = len(out)
			out = append(out, line...)
		}
	}
	return endReply(out, last)
}

// endReply makes every line of the reply in out a continued one, but for the line that begins at last.
func endReply(out []byte, last int) []byte {
	for i := 0; i < last; i += bytes.IndexByte(out[i:], '\n') + 1 {
		if out[i+3] == ' ' {
			out[i+3] = '-'
		}
	}
	if out[last+3] == '-' {
		out[last+3] = ' '
	}
	return out
}
