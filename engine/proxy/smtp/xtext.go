package smtp

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// What stands for a value that is not known, for now or at all.
const (
	unavailable     = "[UNAVAILABLE]"
	tempUnavailable = "[TEMPUNAVAIL]"
)

// xtext is value as RFC 3461 §4 codes it: printable, without space, "+" and "=".
func xtext(value string) string {
	const digits = "0123456789ABCDEF"
	var out []byte
	for i := range len(value) {
		if c := value[i]; c > ' ' && c <= '~' && c != '+' && c != '=' {
			out = append(out, c)
		} else {
			out = append(out, '+', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// fromXtext reads xtext; not ok: it is none, or says other than printable characters.
func fromXtext(text []byte) (value string, ok bool) {
	var out []byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '+' {
			if i+2 >= len(text) || !isHexDigit(text[i+1]) || !isHexDigit(text[i+2]) {
				return "", false
			}
			code, _ := strconv.ParseUint(string(text[i+1:i+3]), 16, 8)
			c, i = byte(code), i+2
		}
		if c <= ' ' || c > '~' {
			return "", false
		}
		out = append(out, c)
	}
	return string(out), len(out) > 0
}

// isHexDigit: of xtext, which has capitals only.
func isHexDigit(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'F' }

// clientAttributes reads the attributes of an XCLIENT or XFORWARD, each once and all of known names.
func clientAttributes(param []byte, known string) (values map[string]string, ok bool) {
	values = map[string]string{}
	for _, field := range bytes.Split(param, space) {
		name, coded, found := bytes.Cut(field, []byte("="))
		key := string(bytes.ToUpper(name))
		if _, twice := values[key]; !found || twice || !hasWord(known, key) {
			return nil, false
		}
		if values[key], ok = fromXtext(coded); !ok {
			return nil, false
		}
	}
	return values, true
}

// hasWord reports whether word is one of the words of list.
func hasWord(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

// clientAddr reads an address of XCLIENT: 192.0.2.1 or IPV6:2001:db8::1.
func clientAddr(value string) (a netip.Addr, ok bool) {
	v6 := hasFold([]byte(value), "IPV6:")
	if v6 {
		value = value[len("IPV6:"):]
	}
	a, err := netip.ParseAddr(value)
	return a.Unmap(), err == nil && a.Is4() != v6 && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast()
}

// addrValue is the same, written.
func addrValue(a netip.Addr) string {
	switch a = a.Unmap().WithZone(""); {
	case !a.IsValid():
		return unavailable
	case a.Is4():
		return a.String()
	}
	return "IPV6:" + a.String()
}

func clientPort(value string) (uint16, bool) {
	if len(value) > 1 && value[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(value, 10, 16)
	return uint16(n), err == nil
}

func portValue(port uint16) string {
	if port == 0 {
		return unavailable
	}
	return strconv.Itoa(int(port))
}

// hostValue is a host's name if it is one: who looks after the DNS of an address may write there what they like.
func hostValue(name string) string {
	if name == "" || !isASCII(name) || domainLen([]byte(name), false) != len(name) {
		return unavailable
	}
	return name
}
