package smtp

import (
	"bytes"
	"strconv"
	"time"
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
	{"BODY", verbMAIL, ext8BitMIME | extBinary, oneOf("7BIT", "8BITMIME", "BINARYMIME")},
	{"AUTH", verbMAIL, extAuth, validAuth},
	{"BY", verbMAIL, extDeliverBy, validBy},
	{"MT-PRIORITY", verbMAIL, extPriority, validPriority},
	{"HOLDFOR", verbMAIL, extFuture, validHoldFor},
	{"HOLDUNTIL", verbMAIL, extFuture, validHoldUntil},
	{"SMTPUTF8", verbMAIL, extSMTPUTF8, nil},
	{"RET", verbMAIL, extDSN, oneOf("FULL", "HDRS")},
	{"ENVID", verbMAIL, extDSN, validEnvid},
	{"REQUIRETLS", verbMAIL, extRequireTLS, nil},
	{"NOTIFY", verbRCPT, extDSN, validNotify},
	{"ORCPT", verbRCPT, extDSN, validOrcpt},
}

// parseParameters checks what follows a path and appends it to out in canonical form: one space before each, keywords
// in capitals, values as they were.
func parseParameters(out, text []byte, verb Verb, active extension) (params []byte, bad *answer) {
	seen := 0
	for len(text) > 0 {
		if text[0] != ' ' {
			return out, &answerSyntax
		}
		text = bytes.TrimLeft(text, " ")
		word := firstWord(text)
		if len(word) == 0 {
			break
		}
		if out, bad = appendParameter(out, word, verb, active, &seen); bad != nil {
			return out, bad
		}
		text = text[len(word):]
	}
	return out, nil
}

// firstWord is what stands before the first space.
func firstWord(b []byte) []byte {
	if n := bytes.IndexByte(b, ' '); n >= 0 {
		return b[:n]
	}
	return b
}

func appendParameter(out, text []byte, verb Verb, active extension, seen *int) ([]byte, *answer) {
	keyword, value, hasValue := bytes.Cut(text, []byte("="))
	for i := range parameters {
		row := &parameters[i]
		if row.verb != verb || !equalFold(keyword, row.keyword) {
			continue
		}
		if active&row.needs == 0 || active&extBinary == 0 && equalFold(value, "BINARYMIME") {
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

// hasParameter and parameterValue look into canonical parameters.
func hasParameter(params []byte, keyword string) bool {
	for len(params) > 0 {
		word := firstWord(params[1:])
		if name, _, _ := bytes.Cut(word, []byte("=")); string(name) == keyword {
			return true
		}
		params = params[1+len(word):]
	}
	return false
}

func parameterValue(params []byte, keyword string) []byte {
	for len(params) > 0 {
		word := firstWord(params[1:])
		if name, value, _ := bytes.Cut(word, []byte("=")); string(name) == keyword {
			return value
		}
		params = params[1+len(word):]
	}
	return nil
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

// validAuth: xtext or <> (RFC 4954 §5).
func validAuth(value []byte) bool { return string(value) == "<>" || validXtext(value) }

// validBy: seconds of up to nine digits, ";", N or R, perhaps T (RFC 2852 §4). R needs a time to come.
func validBy(value []byte) bool {
	seconds, mode, _ := bytes.Cut(value, []byte(";"))
	digits := bytes.TrimPrefix(seconds, []byte("-"))
	if !validDigits(digits, 9) || !oneOf("N", "NT", "R", "RT")(mode) {
		return false
	}
	return upperByte(mode[0]) == 'N' || len(digits) == len(seconds) && len(bytes.Trim(digits, "0")) > 0
}

// validPriority: -9 to 9 (RFC 6710 §4).
func validPriority(value []byte) bool {
	digits := bytes.TrimPrefix(value, []byte("-"))
	return len(digits) == 1 && isDigit(digits[0]) && (digits[0] != '0' || len(value) == 1)
}

// validHoldFor: seconds, one to nine digits (RFC 4865 §4).
func validHoldFor(value []byte) bool { return validDigits(value, 9) && value[0] != '0' }

// validHoldUntil: a date and time of RFC 3339 in UTC (RFC 4865 §4).
func validHoldUntil(value []byte) bool {
	_, err := time.Parse("2006-01-02T15:04:05Z", string(value))
	return err == nil
}

func validDigits(b []byte, most int) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0 && len(b) <= most
}
