package dialect

import (
	"strings"

	"go.starlark.net/syntax"
)

// mostErrors is how many syntax errors of one file are reported.
const mostErrors = 20

// parse reads the masked text; a top-level statement with an error is reported and left out.
func (p *parser) parse() *syntax.File {
	for range mostErrors {
		f, err := options().Parse(p.name, string(p.masked), 0)
		if err == nil {
			return f
		}
		e, ok := err.(syntax.Error)
		if !ok {
			p.fail(0, "syntax", err.Error(), "")
			break
		}
		at := p.errorOffset(e)
		message, hint := explain(e.Msg)
		p.fail(at, "syntax", message, hint)
		if strings.HasSuffix(e.Msg, "want indent") {
			at = p.lastEnd(at) - 1 // the header is wrong, not the line after it
		}
		if !p.blankTop(at) {
			break
		}
	}
	return &syntax.File{Path: p.name, Options: options()}
}

// errorOffset is where the token is that err is about. Starlark names the place after a token it did not expect.
func (p *parser) errorOffset(err syntax.Error) int {
	at := p.offset(placeOf(err.Pos))
	if !after(err.Msg) {
		return p.lineEndBefore(at)
	}
	for _, t := range p.tokens {
		switch {
		case t.kind == newline && p.afterLine(t.start) == at:
			return t.start
		case t.kind != newline && t.end == at:
			return t.start
		}
	}
	return p.lineEndBefore(at)
}

// after reports whether Starlark puts message msg after the token that it is about.
func after(msg string) bool {
	return strings.HasPrefix(msg, "got ") && !strings.HasSuffix(msg, "want primary expression") ||
		msg == "not an identifier" || strings.HasPrefix(msg, "keyword argument must have")
}

// afterLine is the offset behind the line end at offset at.
func (p *parser) afterLine(at int) int {
	if p.peek(at) == '\r' && p.peek(at+1) == '\n' {
		at++
	}
	return at + 1
}

// lineEndBefore is at, or the end of the last token if there is nothing at or after it.
func (p *parser) lineEndBefore(at int) int {
	if at < len(p.text) {
		return at
	}
	return p.lastEnd(at)
}

// lastEnd is the end of the last token that ends at offset at or before.
func (p *parser) lastEnd(at int) int {
	last := 0
	for _, t := range p.tokens {
		if t.end <= at && t.kind != newline {
			last = max(last, t.end)
		}
	}
	return last
}

var words = strings.NewReplacer(
	"newline", "the end of the line", "end of file", "the end of the file", "indent", "an indented line",
	"outdent", "a line that is not indented", "int literal", "a number", "float literal", "a number", "string literal", "a text", "identifier", "a name", "primary expression", "a value")

// explain puts Starlark's message into an administrator's words.
func explain(msg string) (message, hint string) {
	if got, want, ok := strings.Cut(strings.TrimPrefix(msg, "got "), ", want "); ok && strings.HasPrefix(msg, "got ") {
		switch {
		case got == "indent":
			return "the line is indented more than the one before it", "only what follows a colon is indented"
		case want == "indent":
			return "an indented line is missing after the colon", "write pass if there is nothing to do"
		}
		return words.Replace(got) + " stands where " + words.Replace(want) + " is expected", instead(got, want)
	}
	switch {
	case msg == "not an identifier":
		return "a name is expected here", ""
	case msg == "conditional expression without else clause":
		return "the value after if has no else", "write x if condition else y"
	case strings.HasPrefix(msg, "unindent does not match"):
		return "the line is indented like no line above it", "use the same blanks or tabs for all lines of a block"
	case strings.HasPrefix(msg, "unparenthesized tuple"):
		return "a comma ends the line", "leave it out, or write the tuple in parentheses: (x,)"
	case strings.HasPrefix(msg, "keyword argument must have"):
		return "left of = in a call stands something else than a name", "write name=value"
	}
	return msg, ""
}

// instead is a guess at what was meant.
func instead(got, want string) string {
	switch {
	case got == "identifier" || strings.HasSuffix(got, "literal"):
		if want == "')'" || want == "']'" || want == "'}'" || want == "','" {
			return "is a comma missing before it?"
		}
	case got == "'='" && want == "':'":
		return "to compare, write =="
	case got == "'&'" || got == "'|'":
		return "write and, or"
	}
	return ""
}
