package smtp

import (
	"bytes"
	"slices"
	"strconv"
)

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
	extChunking
	extBinary
	extLimits
	extAuth
	extDeliverBy
	extPriority
	extFuture
	extStartTLS
	extRequireTLS
)

// extensionRow describes an EHLO keyword that the machine knows whole: its verbs, parameters, replies and framing. The
// parameters are in parameters.go, the verbs in verb.go.
type extensionRow struct {
	keyword string
	bit     extension
	zorpBit int
	needs   extension                                                  // must be offered too
	asked   bool                                                       // only if policy names it: "*" is not enough
	offer   func(args []byte, s *Settings) (rewritten []byte, ok bool) // what stands after the keyword; nil: as it came
}

// extensions are those that can be offered to a client: RFC 2920, 1870, 6152, 1985, 2034, 3461, 6531, 3030, 9422, 4954,
// 2852, 6710, 4865, 3207, 8689.
var extensions = []extensionRow{
	{keyword: "PIPELINING", bit: extPipelining, zorpBit: ExtPipelining},
	{keyword: "SIZE", bit: extSize, zorpBit: ExtSize, offer: offerSize},
	{keyword: "8BITMIME", bit: ext8BitMIME, zorpBit: Ext8BitMIME},
	{keyword: "ETRN", bit: extETRN, zorpBit: ExtETRN},
	{keyword: "ENHANCEDSTATUSCODES", bit: extEnhanced},
	{keyword: "DSN", bit: extDSN},
	{keyword: "SMTPUTF8", bit: extSMTPUTF8, needs: ext8BitMIME},
	{keyword: "CHUNKING", bit: extChunking},
	{keyword: "BINARYMIME", bit: extBinary, needs: extChunking, asked: true},
	{keyword: "LIMITS", bit: extLimits, offer: offerLimits},
	{keyword: "AUTH", bit: extAuth, zorpBit: ExtAuth, offer: offerAuth},
	{keyword: "DELIVERBY", bit: extDeliverBy, asked: true},
	{keyword: "MT-PRIORITY", bit: extPriority, asked: true},
	{keyword: "FUTURERELEASE", bit: extFuture, asked: true},
	{keyword: "STARTTLS", bit: extStartTLS, zorpBit: ExtStartTLS},
	{keyword: "REQUIRETLS", bit: extRequireTLS, asked: true},
}

// defaultExtensions are accepted by LoadESMTP. AUTH is offered only where it is also safe, or policy says that it need
// not be; STARTTLS where there is an encryption policy that has it.
const defaultExtensions = "PIPELINING SIZE 8BITMIME ETRN ENHANCEDSTATUSCODES DSN SMTPUTF8 CHUNKING LIMITS AUTH STARTTLS"

// notBuilt says of keywords that a policy may know why they are not offered.
var notBuilt = map[string]string{
	"XCLIENT":  "a client could borrow another's identity",
	"XFORWARD": "a client could borrow another's identity",
	"BURL":     "its content is fetched past the proxy",
	"XEXCH50":  "it changes the framing",
	"TURN":     "it turns the roles round",
	"ATRN":     "it turns the roles round",
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
	if !ok && !row.asked {
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

// cutKeyword splits an EHLO line's text into its ehlo-keyword and what follows (RFC 5321 §4.1.1.1).
func cutKeyword(text []byte) (keyword, args []byte) {
	n := bytes.IndexByte(text, ' ')
	if n < 0 {
		n = len(text)
	}
	for i, c := range text[:n] {
		if !isAlnum(c) && (c != '-' || i == 0) {
			return nil, nil
		}
	}
	return text[:n], text[n:]
}

// helloLine looks at one line of an EHLO reply: which extension of set it offers, nil for none, and what is to stand
// after the keyword.
func helloLine(line []byte, set extension, s *Settings) (row *extensionRow, keyword, args []byte) {
	keyword, args = cutKeyword(lineText(line))
	row = findExtension(keyword)
	if row == nil || set&row.bit == 0 {
		return nil, nil, nil
	}
	if row.offer != nil {
		ok := true
		if args, ok = row.offer(args, s); !ok {
			return nil, nil, nil
		}
	}
	return row, keyword, args
}

// offered is the part of permitted that the EHLO reply r lists, each with what it needs.
func offered(r *reply, permitted extension, s *Settings) (set extension) {
	_, rest := nextLine(r.raw)
	for len(rest) > 0 {
		var line []byte
		line, rest = nextLine(rest)
		if row, _, _ := helloLine(line, permitted, s); row != nil {
			set |= row.bit
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

// filterHello writes the reply to HELO or EHLO with only the keywords of set. The first line and the lines kept are the
// server's own, but for what an extension's offer changes after the keyword. STARTTLS is ours, and comes last.
func filterHello(out []byte, r *reply, set extension, s *Settings) []byte {
	line, rest := nextLine(r.raw)
	last := len(out)
	out = append(out, line...)
	for len(rest) > 0 {
		line, rest = nextLine(rest)
		row, keyword, args := helloLine(line, set, s)
		if row == nil || row.bit == extStartTLS {
			continue
		}
		last = len(out)
		out = append(append(append(append(out, line[:4]...), keyword...), args...), crlf...)
	}
	if set&extStartTLS != 0 {
		last = len(out)
		out = append(append(out, r.raw[:3]...), "-STARTTLS\r\n"...)
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

// offerSize lowers the server's limit to the policy's (RFC 1870 §4; 0 and none are no limit).
func offerSize(args []byte, s *Settings) ([]byte, bool) {
	if limit := s.Limits.MessageSize; limit > 0 && int64(limit) == sizeLimit(args, s) {
		return append([]byte(" "), strconv.Itoa(limit)...), true
	}
	return args, true
}

// sizeLimit is the smaller of the limits of server and policy; 0 is none.
func sizeLimit(args []byte, s *Settings) int64 {
	ours := int64(s.Limits.MessageSize)
	if args = trimSpace(args); len(args) == 0 {
		return ours
	}
	theirs, err := strconv.ParseInt(string(args), 10, 64)
	if err != nil || theirs <= 0 || ours > 0 && ours < theirs {
		return ours
	}
	return theirs
}

// offerLimits lowers the server's limits to the policy's (RFC 9422 §3).
func offerLimits(args []byte, s *Settings) (out []byte, ok bool) {
	lowered := map[string]int{"RCPTMAX": s.Limits.Recipients, "MAILMAX": s.Limits.Transactions}
	for _, field := range bytes.Fields(args) {
		name, value, _ := bytes.Cut(field, []byte("="))
		n, err := strconv.Atoi(string(value))
		if ours := lowered[string(bytes.ToUpper(name))]; err == nil && ours > 0 && ours < n {
			field = strconv.AppendInt(append(slices.Clone(name), '='), int64(ours), 10)
		}
		out = append(append(out, ' '), field...)
	}
	return out, true
}

// argsOf is what stands after a keyword in an EHLO reply, and whether the keyword is there.
func argsOf(r *reply, keyword string) (args []byte, found bool) {
	_, rest := nextLine(r.raw)
	for len(rest) > 0 {
		var line []byte
		line, rest = nextLine(rest)
		if k, a := cutKeyword(lineText(line)); equalFold(k, keyword) {
			return a, true
		}
	}
	return nil, false
}
