package dialect

import "slices"

// structure reports brackets that stay open at the end of the file.
func (p *parser) structure() {
	if len(p.open) > 0 {
		p.neverClosed()
	}
}

// mask edits a copy of the text until Starlark's parser takes it.
func (p *parser) mask() {
	p.masked = slices.Clone(p.text)
	p.dropped, p.prints, p.chains = map[place]bool{}, map[place]bool{}, map[place]chainOp{}
	p.literals, p.headers = map[place]*literal{}, map[place]*header{}
	for i := 0; i < len(p.tokens); i++ {
		switch t := p.tokens[i]; t.kind {
		case text:
			end := i + 1
			for end < len(p.tokens) && p.tokens[end].kind == text {
				end++
			}
			p.maskString(i, end)
			i = end - 1
		case number:
			p.maskNumber(i)
		case name, punct:
			p.maskWord(i)
		}
	}
	p.maskChains()
	p.maskStatements()
	p.maskBroken()
}

func (p *parser) maskWord(i int) {
	t := p.tokens[i]
	switch w := p.word(i); {
	case w == "is" && p.word(i+1) == "not":
		p.write(t.start, "!=")
		p.blank(p.tokens[i+1].start, p.tokens[i+1].end)
	case w == "is" && p.word(i-1) != ".":
		p.write(t.start, "==")
	case w == "<>":
		p.write(t.start, "!=")
	case w == "print" && t.stmt && p.printStatement(i):
		p.prints[p.place(t.start)] = true
		p.write(t.start, "prin=")
		if last := p.statementEnd(i) - 1; p.word(last) == "," {
			p.blank(p.tokens[last].start, p.tokens[last].end)
		}
	}
}

// printStatement reports whether the print of token i is Python 2's statement with something to print.
func (p *parser) printStatement(i int) bool {
	if i+1 >= len(p.tokens) {
		return false
	}
	switch next := p.tokens[i+1]; next.kind {
	case newline:
		return false
	case punct:
		switch p.word(i + 1) {
		case "-", "~", "[", "{":
			return true
		}
		return false
	case name:
		w := p.word(i + 1)
		return w != "if" && w != "in" && w != "and" && w != "or" && w != "is" && !(w == "not" && p.word(i+2) == "in")
	}
	return true
}

// statementEnd is the token after the simple statement that token i begins: the end of the line or a semicolon.
func (p *parser) statementEnd(i int) int {
	for depth := p.tokens[i].depth; i < len(p.tokens); i++ {
		if p.tokens[i].kind == newline || p.word(i) == ";" && p.tokens[i].depth == depth {
			return i
		}
	}
	return i
}

func (p *parser) write(at int, s string) {
	for i, r := range []rune(s) {
		p.masked[at+i] = r
	}
}

// maskStatements masks class and import statements.
func (p *parser) maskStatements() {
	for i, t := range p.tokens {
		if !t.stmt {
			continue
		}
		switch p.word(i) {
		case "class":
			p.class(i)
		case "from", "import":
			p.importStatement(i)
		}
	}
}

// maskBroken blanks every top-level statement that holds an error found so far.
func (p *parser) maskBroken() {
	for _, at := range p.broken {
		p.blankTop(at)
	}
}

// blankTop blanks the top-level statement around offset at; it reports whether there was anything to blank.
func (p *parser) blankTop(at int) bool {
	start, end := 0, len(p.text)
	for i, t := range p.tokens {
		if !t.line || p.place(t.start).col != 1 || p.continues(i) {
			continue
		}
		if t.start > at {
			end = t.start
			break
		}
		start = t.start
	}
	some := false
	for n := start; n < end; n++ {
		if !isLineEnd(p.masked[n]) && p.masked[n] != ' ' {
			p.masked[n], some = ' ', true
		}
	}
	return some
}

// continues reports whether the line that token i begins belongs to the statement before it.
func (p *parser) continues(i int) bool {
	switch p.word(i) {
	case "elif", "else", "except", "finally":
		return true
	}
	return false
}
