package dialect

import (
	"strings"
	"unicode"

	"go.starlark.net/syntax"
)

// literal is what a literal's node must hold after parsing.
type literal struct {
	raw   string
	value any
}

// stringPrefix is the length of the prefix (r, b, u, ur ...) if a string literal begins here, else -1.
func (s *scanner) stringPrefix() int {
	for n := 0; n < 3; n++ {
		r := unicode.ToLower(s.peek(s.at + n))
		if r == '"' || r == '\'' {
			return n
		}
		if !strings.ContainsRune("rbuf", r) || r == 0 {
			return -1
		}
	}
	return -1
}

// str reads a string literal.
func (s *scanner) str(prefix int) {
	start := s.at
	s.at += prefix
	quote := string(s.text[s.at])
	if s.has(s.at, strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	s.at += len(quote)
	for ; s.at < len(s.text); s.at++ {
		switch r := s.text[s.at]; {
		case s.has(s.at, quote):
			s.at += len(quote)
			return
		case r == '\\':
			s.escape()
		case isLineEnd(r) && len(quote) == 1:
			s.fail(start, "syntax", "the string does not end on its line", "close it with "+quote+", or use three quotes for several lines")
			return
		}
	}
	s.at = len(s.text)
	s.fail(start, "syntax", "the string does not end", "close it with "+quote)
}

// escape steps over a backslash, so that the loop's step is over what it escapes.
func (s *scanner) escape() {
	s.at++
	if s.peek(s.at) == '\r' && s.peek(s.at+1) == '\n' {
		s.at++
	}
}

// parts of string token i: prefix in lower case, and the length of its quotes.
func (s *scanner) parts(i int) (prefix string, quotes int) {
	w := s.word(i)
	n := strings.IndexAny(w, `"'`)
	body := w[n:]
	if len(body) >= 6 && body[1] == body[0] && body[2] == body[0] {
		return strings.ToLower(w[:n]), 3
	}
	return strings.ToLower(w[:n]), 1
}

// spelled is the text of string token i as Starlark spells it: no u, unknown escapes doubled.
func (s *scanner) spelled(i int) string {
	w := s.word(i)
	n := strings.IndexAny(w, `"'`)
	prefix := strings.ToLower(w[:n])
	kept := ""
	for _, r := range "rb" {
		if strings.ContainsRune(prefix, r) {
			kept += string(r)
		}
	}
	if strings.Contains(kept, "r") {
		return kept + w[n:]
	}
	return kept + doubled(w[n:])
}

// doubled is body with the backslash of every escape that Starlark refuses doubled, so that it stays as written.
func doubled(body string) string {
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		b.WriteByte(body[i])
		if body[i] != '\\' || i+1 == len(body) {
			continue
		}
		if !known(body[i+1:]) {
			b.WriteByte('\\')
			continue
		}
		i++
		b.WriteByte(body[i])
	}
	return b.String()
}

// known reports whether Starlark takes the escape that goes on with s.
func known(s string) bool {
	hex := func(n int) bool {
		for i := 1; i <= n; i++ {
			if i >= len(s) || !isHex(rune(s[i])) {
				return false
			}
		}
		return true
	}
	switch s[0] {
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	}
	return strings.IndexByte("abfnrtv\\'\"01234567x\n\r", s[0]) >= 0
}

// value is the literal that text denotes, or what is wrong with it.
func value(text string) (*syntax.Literal, string) {
	e, err := options().ParseExpr("", text, 0)
	if err, ok := err.(syntax.Error); ok {
		return nil, err.Msg
	}
	lit, ok := e.(*syntax.Literal)
	if !ok {
		return nil, "not a literal"
	}
	return lit, ""
}

// maskString masks the string tokens from i to before end, which are one literal, unless Starlark takes them as they are.
func (p *parser) maskString(i, end int) {
	if end == i+1 && p.spelled(i) == p.word(i) {
		return
	}
	var kind syntax.Token
	var sum strings.Builder
	for n := i; n < end; n++ {
		lit, wrong := value(p.spelled(n))
		if lit == nil {
			p.fail(p.tokens[n].start, "syntax", wrong, "")
			return
		}
		if n > i && lit.Token != kind {
			p.fail(p.tokens[n].start, "syntax", "text and bytes stand side by side", "leave out the b before the quote")
			return
		}
		kind = lit.Token
		sum.WriteString(lit.Value.(string))
	}
	first, last := p.tokens[i], p.tokens[end-1]
	p.literals[p.place(first.start)] = &literal{lines(p.text[first.start:last.end]), sum.String()}
	p.placeholders(i, end, kind == syntax.BYTES)
}

// lines is text with every line end a newline, as Starlark keeps literals.
func lines(text []rune) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(text))
}

// placeholders puts one literal of the kind where the first token is, and blanks where the others are.
func (p *parser) placeholders(i, end int, isBytes bool) {
	whole := i // the placeholder covers the tokens up to this one
	for n := i + 1; n < end; n++ {
		if _, quotes := p.parts(n); quotes == 3 && p.tokens[n].depth == 0 {
			whole = n
		}
	}
	for n := whole + 1; n < end; n++ {
		p.blank(p.tokens[n].start, p.tokens[n].end)
	}
	_, quotes := p.parts(i)
	if whole > i {
		quotes = 3
	}
	p.placeholder(p.tokens[i].start, p.tokens[whole].end, quotes, isBytes)
}

func (p *parser) placeholder(start, end, quotes int, isBytes bool) {
	for n := start; n < end; n++ {
		escaped := p.text[n] == '\\' && isLineEnd(p.peek(n+1)) && quotes == 1
		if !isLineEnd(p.text[n]) && !escaped {
			p.masked[n] = 'x'
		}
	}
	if isBytes {
		p.masked[start] = 'b'
		start++
	}
	for n := 0; n < quotes; n++ {
		p.masked[start+n], p.masked[end-1-n] = '"', '"'
	}
}

// blank masks text[start:end] by blanks; line ends stay, and so do the backslashes that join lines.
func (p *parser) blank(start, end int) {
	for n := start; n < end; n++ {
		if !isLineEnd(p.text[n]) && !(p.text[n] == '\\' && isLineEnd(p.peek(n+1))) {
			p.masked[n] = ' '
		}
	}
}

// maskNumber masks Python 2's spellings of numbers.
func (p *parser) maskNumber(i int) {
	w := p.word(i)
	plain := strings.TrimRight(w, "lL")
	if len(plain) > 1 && plain[0] == '0' && strings.Trim(plain, "01234567") == "" {
		plain = "0o" + plain[1:]
	}
	if plain == w || w == strings.Repeat("0", len(w)) {
		return
	}
	lit, wrong := value(plain)
	if lit == nil {
		p.fail(p.tokens[i].start, "syntax", wrong, "")
		return
	}
	t := p.tokens[i]
	p.blank(t.start, t.end)
	for n := t.start; n < t.end; n++ {
		p.masked[n] = '1'
	}
	p.literals[p.place(t.start)] = &literal{w, lit.Value}
}
