package dialect

import (
	"bytes"
	"sort"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/syntax"

	"zorpgo/engine/source"
)

type kind int

const (
	name kind = iota
	number
	text    // a string literal
	punct   // operator or bracket
	newline // end of a logical line
)

// token is text[start:end]. Comments, blanks and line ends inside brackets are no tokens.
type token struct {
	kind       kind
	start, end int
	depth      int  // of brackets around it; a bracket has the depth outside it
	stmt       bool // begins a statement
	line       bool // begins a logical line
}

// scanner splits a file into tokens, in agreement with Starlark's scanner where that accepts the file.
type scanner struct {
	name     string // pointed to by every position
	text     []rune
	ascii    string // the text again if all of it is ASCII: words are cut from it without a copy
	lines    []int  // offset of each line's first rune
	tokens   []token
	findings source.Findings
	broken   []int // offsets of errors whose top-level statement is not parsed

	at      int
	open    []int // offsets of open brackets
	atStart bool  // the next token begins a logical line
	atStmt  bool  // the next token begins a statement
	block   bool  // the logical line is a header: its colon begins a suite
	lambdas int   // lambdas of the logical line, outside brackets, whose colon is to come
}

func newScanner(filename string, src []byte) *scanner {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	s := &scanner{name: filename, atStart: true, atStmt: true, lines: []int{0}, text: make([]rune, 0, utf8.RuneCount(src))}
	s.tokens = make([]token, 0, cap(s.text)/3)
	for rest := src; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		s.text, rest = append(s.text, r), rest[n:]
	}
	if len(s.text) == len(src) && utf8.Valid(src) {
		s.ascii = string(src)
	}
	for i, r := range s.text {
		if r == '\n' || r == '\r' && s.peek(i+1) != '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// peek is the rune at offset i, 0 beyond the end.
func (s *scanner) peek(i int) rune {
	if i < 0 || i >= len(s.text) {
		return 0
	}
	return s.text[i]
}

// place is the line and column of offset i.
func (s *scanner) place(i int) place {
	line := sort.Search(len(s.lines), func(n int) bool { return s.lines[n] > i })
	return place{int32(line), int32(i - s.lines[line-1] + 1)}
}

// offset is the inverse of place; it is bounded by the text.
func (s *scanner) offset(p place) int {
	if p.line < 1 || int(p.line) > len(s.lines) {
		return len(s.text)
	}
	return min(s.lines[p.line-1]+int(p.col)-1, len(s.text))
}

func (s *scanner) pos(i int) source.Pos {
	p := s.place(i)
	return source.Pos{File: s.name, Line: int(p.line), Col: int(p.col)}
}

func (s *scanner) position(i int) syntax.Position {
	p := s.place(i)
	return syntax.MakePosition(&s.name, p.line, p.col)
}

// word is the text of token i; "" beyond the ends.
func (s *scanner) word(i int) string {
	if i < 0 || i >= len(s.tokens) || s.tokens[i].kind == newline {
		return ""
	}
	if s.ascii != "" {
		return s.ascii[s.tokens[i].start:s.tokens[i].end]
	}
	return string(s.text[s.tokens[i].start:s.tokens[i].end])
}

// fail records an error at offset i, whose top-level statement is left out from now on.
func (s *scanner) fail(i int, id, message, hint string) {
	s.findings = append(s.findings, source.Finding{Pos: s.pos(i), Severity: source.Error, ID: id, Message: message, Hint: hint})
	s.broken = append(s.broken, i)
}

// scan fills tokens.
func (s *scanner) scan() {
	for s.at < len(s.text) {
		switch r := s.peek(s.at); {
		case r == 0:
			s.fail(s.at, "syntax", "the file holds a NUL byte", "a policy is plain UTF-8 text")
			s.text[s.at] = ' '
			s.at++
		case r == '\f':
			s.text[s.at] = ' '
			s.at++
		case r == ' ' || r == '\t':
			s.at++
		case r == '#':
			s.comment()
		case r == '\n' || r == '\r':
			s.lineEnd()
		case r == '\\' && isLineEnd(s.peek(s.at+1)):
			s.at++
			s.skipLineEnd()
		default:
			s.token(r)
		}
	}
	if !s.atStart {
		s.logicalEnd()
	}
}

func (s *scanner) comment() {
	for s.at < len(s.text) && !isLineEnd(s.text[s.at]) {
		if s.text[s.at] == 0 {
			return
		}
		s.at++
	}
}

func (s *scanner) skipLineEnd() {
	if s.peek(s.at) == '\r' && s.peek(s.at+1) == '\n' {
		s.at++
	}
	s.at++
}

func (s *scanner) lineEnd() {
	if len(s.open) == 0 && !s.atStart {
		s.logicalEnd()
	}
	s.skipLineEnd()
}

func (s *scanner) logicalEnd() {
	s.tokens = append(s.tokens, token{kind: newline, start: s.at, end: s.at})
	s.atStart, s.atStmt, s.block, s.lambdas = true, true, false, 0
}

// token reads one token that begins with r.
func (s *scanner) token(r rune) {
	start := s.at
	if prefix := s.stringPrefix(); prefix >= 0 {
		s.str(prefix)
		s.add(token{kind: text, start: start})
		return
	}
	switch {
	case isIdentStart(r):
		for isIdentStart(s.peek(s.at)) || isDigit(s.peek(s.at)) {
			s.at++
		}
		s.unclosed(start)
		s.add(token{kind: name, start: start})
	case isDigit(r) || r == '.' && isDigit(s.peek(s.at+1)):
		s.number()
		s.add(token{kind: number, start: start})
	default:
		s.punctuation(r)
	}
}

// add appends t, which ends here, and says what it begins.
func (s *scanner) add(t token) {
	t.end, t.line, t.stmt = s.at, s.atStart, s.atStmt && len(s.open) == 0
	if t.kind != punct {
		t.depth = len(s.open)
	}
	s.tokens = append(s.tokens, t)
	s.atStart, s.atStmt = false, false
	if t.depth > 0 {
		return
	}
	switch w := s.word(len(s.tokens) - 1); {
	case t.line && headerWords[w]:
		s.block = true
	case w == "lambda":
		s.lambdas++
	case w == ":" && s.lambdas > 0:
		s.lambdas--
	case w == ":" && s.block:
		s.block, s.atStmt = false, true
	case w == ";":
		s.atStmt = true
	}
}

// headerWords begin a line whose colon begins a suite.
var headerWords = map[string]bool{"if": true, "elif": true, "else": true, "for": true, "while": true, "def": true, "class": true,
	"try": true, "except": true, "finally": true, "with": true, "async": true}

// operators of more than one character, longest first.
var operators = []string{"**=", "//=", "<<=", ">>=", "<>", "==", "!=", "<=", ">=", "->", ":=", "**", "//", "<<", ">>",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}

func (s *scanner) punctuation(r rune) {
	start := s.at
	s.at++
	for _, op := range operators {
		if s.has(start, op) {
			s.at = start + len(op)
			break
		}
	}
	t := token{kind: punct, start: start, depth: len(s.open)}
	switch r {
	case '(', '[', '{':
		s.add(t)
		s.open = append(s.open, start)
		return
	case ')', ']', '}':
		s.close(start, r)
		t.depth = len(s.open)
	}
	s.add(t)
}

func (s *scanner) has(i int, word string) bool {
	for n, r := range word {
		if s.peek(i+n) != r {
			return false
		}
	}
	return true
}

// number reads one number with Python 2's suffix L.
func (s *scanner) number() {
	if r := unicode.ToLower(s.peek(s.at + 1)); s.peek(s.at) == '0' && (r == 'x' || r == 'o' || r == 'b') {
		for s.at += 2; isHex(s.peek(s.at)); s.at++ {
		}
	} else {
		s.digits()
		if s.peek(s.at) == '.' {
			s.at++
			s.digits()
		}
		if r := s.peek(s.at); r == 'e' || r == 'E' {
			s.at++
			if r := s.peek(s.at); r == '+' || r == '-' {
				s.at++
			}
			s.digits()
		}
	}
	if r := s.peek(s.at); r == 'l' || r == 'L' {
		s.at++
	}
}

func (s *scanner) digits() {
	for isDigit(s.peek(s.at)) {
		s.at++
	}
}

func isLineEnd(r rune) bool    { return r == '\n' || r == '\r' }
func isDigit(r rune) bool      { return '0' <= r && r <= '9' }
func isHex(r rune) bool        { return isDigit(r) || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' }
func isIdentStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }
