package dialect

import "fmt"

var closing = map[rune]rune{'(': ')', '[': ']', '{': '}'}

// close ends the innermost open bracket.
func (s *scanner) close(at int, r rune) {
	if len(s.open) == 0 {
		s.fail(at, "syntax", fmt.Sprintf("%q closes nothing", r), "")
		s.text[at] = ' '
		return
	}
	last := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	if closing[s.text[last]] != r {
		s.fail(at, "syntax", fmt.Sprintf("%q does not close the %q of line %d", r, s.text[last], s.place(last).line), "")
	}
}

// unclosed takes a word that only begins a statement, at the left edge, as proof that an open bracket was forgotten.
func (s *scanner) unclosed(start int) {
	if len(s.open) == 0 || s.place(start).col != 1 {
		return
	}
	switch string(s.text[start:s.at]) {
	case "def", "class", "from", "import", "return", "pass":
		s.neverClosed()
		s.tokens = append(s.tokens, token{kind: newline, start: start, end: start})
		s.open, s.atStart, s.atStmt, s.block, s.lambdas = nil, true, true, false, 0
	}
}

func (s *scanner) neverClosed() {
	at := s.open[len(s.open)-1]
	s.fail(at, "syntax", fmt.Sprintf("%q is never closed", s.text[at]), fmt.Sprintf("write %q where it ends", closing[s.text[at]]))
}
