package smtp

import (
	"bytes"
	"strconv"
)

// parameterRow is one ESMTP parameter of MAIL or RCPT (RFC 5321 §4.1.1.11).
type parameterRow struct {
	keyword string
	verb    Verb
	needs   extension
	value   func([]byte) bool // nil: the parameter has no value
}

var parameters = []parameterRow{
	{"SIZE", verbMAIL, extSize, validSize},
	{"BODY", verbMAIL, ext8BitMIME, oneOf("7BIT", "8BITMIME")},
	{"SMTPUTF8", verbMAIL, extSMTPUTF8, nil},
	{"RET", verbMAIL, extDSN, oneOf("FULL", "HDRS")},
	{"ENVID", verbMAIL, extDSN, validEnvid},
	{"NOTIFY", verbRCPT, extDSN, validNotify},
	{"ORCPT", verbRCPT, extDSN, validOrcpt},
}

// parseParameters checks what follows a path and appends it to out in canonical form: one space before each, keywords
// in capitals, values as they were. seen has a bit for each row that was given.
func parseParameters(out, text []byte, verb Verb, active extension) (params []byte, seen uint16, bad *answer) {
	for len(text) > 0 {
		if text[0] != ' ' {
			return out, seen, &answerSyntax
		}
		text = bytes.TrimLeft(text, " ")
		n := bytes.IndexByte(text, ' ')
		if n < 0 {
			n = len(text)
		}
		if n == 0 {
			break
		}
		if out, bad = appendParameter(out, text[:n], verb, active, &seen); bad != nil {
			return out, seen, bad
		}
		text = text[n:]
	}
	return out, seen, nil
}

func appendParameter(out, text []byte, verb Verb, active extension, seen *uint16) ([]byte, *answer) {
	keyword, value, hasValue := bytes.Cut(text, []byte("="))
	for i := range parameters {
		row := &parameters[i]
		if row.verb != verb || !equalFold(keyword, row.keyword) {
			continue
		}
		if active&row.needs == 0 {
			return out, &answerParameter
		}
		if *seen&(1<<i) != 0 || hasValue != (row.value != nil) || hasValue && !row.value(value) {
			return out, &answerSyntax
		}
		*seen |= 1 << i
		out = append(append(out, ' '), row.keyword...)
		if hasValue {
			out = append(append(out, '='), value...)
		}
		return out, nil
	}
	return out, &answerParameter
}

// parameterSeen reports whether the parameter named keyword is among those that seen stands for.
func parameterSeen(seen uint16, keyword string) bool {
	for i := range parameters {
		if parameters[i].keyword == keyword {
			return seen&(1<<i) != 0
		}
	}
	return false
}

func oneOf(words ...string) func([]byte) bool {
	return func(value []byte) bool {
		for _, w := range words {
			if equalFold(value, w) {
				return true
			}
		}
		return false
	}
}

// validSize: 1 to 20 digits (RFC 1870 §5) that fit 64 bits.
func validSize(value []byte) bool {
	if len(value) == 0 || len(value) > 20 || !isDigit(value[0]) {
		return false
	}
	_, err := strconv.ParseUint(string(value), 10, 64)
	return err == nil
}

// validEnvid: xtext of at most 100 characters (RFC 3461 §4.4).
func validEnvid(value []byte) bool { return len(value) <= 100 && validXtext(value) }

// validXtext: RFC 3461 §4, where what a hexchar stands for must be printable ASCII (a CR or LF would be an injection
// for whoever decodes it).
func validXtext(value []byte) bool {
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c < '!' || c > '~' || c == '=':
			return false
		case c == '+':
			if i+2 >= len(value) || !printableHex(value[i+1], value[i+2]) {
				return false
			}
			i += 2
		}
	}
	return len(value) > 0
}

// printableHex: two upper case hexadecimal digits that stand for printable ASCII.
func printableHex(hi, lo byte) bool {
	h, l := hexValue(hi), hexValue(lo)
	if h < 0 || l < 0 {
		return false
	}
	c := h<<4 | l
	return ' ' <= c && c <= '~'
}

func hexValue(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	if 'A' <= c && c <= 'F' {
		return int(c-'A') + 10
	}
	return -1
}

// validNotify: NEVER alone, or a list of the others, each once (RFC 3461 §4.1).
func validNotify(value []byte) bool {
	if equalFold(value, "NEVER") {
		return true
	}
	seen := 0
	for _, word := range bytes.Split(value, []byte(",")) {
		bit := 0
		for i, w := range [...]string{"SUCCESS", "FAILURE", "DELAY"} {
			if equalFold(word, w) {
				bit = 1 << i
			}
		}
		if bit == 0 || seen&bit != 0 {
			return false
		}
		seen |= bit
	}
	return true
}

// validOrcpt: addr-type ";" xtext, at most 500 characters (RFC 3461 §4.2).
func validOrcpt(value []byte) bool {
	kind, address, ok := bytes.Cut(value, []byte(";"))
	for _, c := range kind {
		if !isAlnum(c) && c != '-' {
			return false
		}
	}
	return ok && len(kind) > 0 && len(value) <= 500 && validXtext(address)
}
