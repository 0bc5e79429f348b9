package smtp

import (
	"bytes"
	"errors"
	"net/netip"
	"unicode/utf8"
)

// Path is a reverse-path or forward-path as it is understood and forwarded: a source route is taken off
// (RFC 5321 §4.1.1.3), the local-part keeps its case and quotes. The zero Path is the null reverse-path <>.
type Path struct {
	LocalPart []byte
	Domain    []byte // a domain or an address literal; empty for <postmaster>
	Address   []byte // local-part "@" domain
}

// IsNull reports whether p is the null reverse-path.
func (p Path) IsNull() bool { return len(p.Address) == 0 }

// pathRules are the choices of a policy, and of a transaction, about paths.
type pathRules struct {
	omitBrackets bool   // permit_omission_of_angle_brackets
	appendDomain string // append_domain
	null         bool   // <> is a path
	utf8         bool   // SMTPUTF8 was negotiated and asked for (RFC 6531)
}

var (
	errPath = errors.New("malformed path")
	errUTF8 = errors.New("internationalized address without SMTPUTF8")
)

// parsePath reads a path from the front of text and returns what follows it (RFC 5321 §4.1.2).
func parsePath(text []byte, rules pathRules) (p Path, rest []byte, err error) {
	text = bytes.TrimLeft(text, " ")
	bracketed := len(text) > 0 && text[0] == '<'
	if !bracketed && !rules.omitBrackets {
		return p, nil, errPath
	}
	if bracketed {
		text = text[1:]
		if rules.null && len(text) > 0 && text[0] == '>' {
			return p, text[1:], nil
		}
		if text, err = skipRoute(text); err != nil {
			return p, nil, err
		}
	}
	p, rest, err = parseMailbox(text, rules)
	if err != nil || !bracketed {
		return p, rest, err
	}
	if len(rest) == 0 || rest[0] != '>' {
		return p, nil, errPath
	}
	return p, rest[1:], nil
}

// skipRoute takes off a source route, "@one.example,@two.example:" (RFC 5321 appendix C).
func skipRoute(text []byte) ([]byte, error) {
	for len(text) > 0 && text[0] == '@' {
		n := domainLen(text[1:], false)
		if n == 0 || len(text) < n+2 {
			return nil, errPath
		}
		switch text[n+1] {
		case ':':
			return text[n+2:], nil
		case ',':
			text = text[n+2:]
			if len(text) == 0 || text[0] != '@' {
				return nil, errPath
			}
		default:
			return nil, errPath
		}
	}
	return text, nil
}

// parseMailbox reads local-part "@" domain. Without a domain it is <postmaster> (RFC 5321 §4.5.1), or append_domain
// completes it.
func parseMailbox(text []byte, rules pathRules) (p Path, rest []byte, err error) {
	n := localPartLen(text)
	if n == 0 {
		return p, nil, errPath
	}
	p.LocalPart, rest = text[:n], text[n:]
	if len(rest) == 0 || rest[0] != '@' {
		return withoutDomain(p, rest, rules)
	}
	d := domainLen(rest[1:], true)
	if d == 0 {
		return p, nil, errPath
	}
	p.Domain, rest = rest[1:1+d], rest[1+d:]
	p.Address = text[:n+1+d]
	return p, rest, checkUTF8(p.Address, rules)
}

func withoutDomain(p Path, rest []byte, rules pathRules) (Path, []byte, error) {
	switch {
	case rules.appendDomain != "":
		p.Address = append(append(bytes.Clone(p.LocalPart), '@'), rules.appendDomain...)
		p.Domain = p.Address[len(p.LocalPart)+1:]
	case !rules.null && equalFold(p.LocalPart, "POSTMASTER"):
		p.Address = p.LocalPart
	default:
		return p, nil, errPath
	}
	return p, rest, checkUTF8(p.Address, rules)
}

func checkUTF8(address []byte, rules pathRules) error {
	for _, c := range address {
		if c >= utf8.RuneSelf {
			if !rules.utf8 {
				return errUTF8
			}
			if !utf8.Valid(address) {
				return errPath
			}
			return nil
		}
	}
	return nil
}

// localPartLen is the length of the Dot-string or Quoted-string at the front of text; 0 is none.
func localPartLen(text []byte) int {
	if len(text) > 0 && text[0] == '"' {
		return quotedLen(text)
	}
	atom := 0
	for i, c := range text {
		switch {
		case isAtext(c):
			atom++
		case c == '.' && atom > 0:
			atom = 0
		case atom == 0: // an empty atom
			return 0
		default:
			return i
		}
	}
	if atom == 0 {
		return 0
	}
	return len(text)
}

// quotedLen is the length of the Quoted-string at the front of text; 0 if it does not end.
func quotedLen(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
			if i == len(text) || text[i] < ' ' || text[i] > '~' {
				return 0
			}
		case c < ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}

// isAtext: RFC 5322 §3.2.3, and any non-ASCII byte (RFC 6531 §3.3).
func isAtext(c byte) bool {
	return isAlnum(c) || c >= utf8.RuneSelf || bytes.IndexByte([]byte("!#$%&'*+-/=?^_`{|}~"), c) >= 0
}

// maxDomain: RFC 5321 §4.5.3.1.2.
const maxDomain = 255

// domainLen is the length of the domain, or of the address literal where permitted, at the front of text; 0 is none.
func domainLen(text []byte, literal bool) int {
	if literal && len(text) > 0 && text[0] == '[' {
		return literalLen(text)
	}
	label, n := 0, 0
	for ; n < len(text); n++ {
		c := text[n]
		if isAlnum(c) || c == '_' || c >= utf8.RuneSelf || c == '-' && label > 0 {
			label++
		} else if c == '.' && label > 0 && text[n-1] != '-' {
			label = 0
		} else {
			break
		}
	}
	if n == 0 || n > maxDomain || label == 0 || text[n-1] == '-' {
		return 0
	}
	return n
}

// literalLen is the length of an address literal, [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 §4.1.3).
func literalLen(text []byte) int {
	end := bytes.IndexByte(text, ']')
	if end < 0 || end > 64 {
		return 0
	}
	inside := text[1:end]
	v6 := hasFold(inside, "IPV6:")
	if v6 {
		inside = inside[len("IPv6:"):]
	}
	addr, err := netip.ParseAddr(string(inside))
	if err != nil || addr.Zone() != "" || addr.Is4() == v6 {
		return 0
	}
	return end + 1
}

// ParsePath reads one whole path, empty ones included, and returns its plain address (Zorp's sanitizeAddress). What
// follows the path is ignored.
func ParsePath(text string, s *Settings) (string, error) {
	p, _, err := parsePath([]byte(text), pathRules{
		omitBrackets: s.PermitOmissionOfAngleBrackets,
		appendDomain: s.AppendDomain,
		null:         true,
		utf8:         true,
	})
	return string(p.Address), err
}
