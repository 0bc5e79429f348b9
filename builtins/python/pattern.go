package python

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// The flags of re, with Python's numbers.
const (
	ignoreCase = 2
	locale     = 4
	multiLine  = 8
	dotAll     = 16
	unicode    = 32
	verbose    = 64
)

// What a pattern may cost. Matching takes time in proportion to the text and to the pattern's program.
const (
	maxPattern = 4096
	maxProgram = 20000
	maxWork    = 200 << 20 // characters of the text times instructions of the program
)

// pattern is a compiled regular expression.
type pattern struct {
	text  string
	flags int
	any   *regexp.Regexp // for search
	first *regexp.Regexp // for match: at the start of the text only
	size  int            // of its program
}

// compile compiles a pattern of Python's, which Go's engine matches in linear time.
func compile(text string, flags int) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the pattern is longer than %d characters", maxPattern)
	}
	plain := text
	if flags&verbose != 0 {
		plain = unspaced(text)
	}
	own, err := translate(plain)
	if err != nil {
		return nil, err
	}
	letters := ""
	for flag, letter := range map[int]string{ignoreCase: "i", multiLine: "m", dotAll: "s"} {
		if flags&flag != 0 {
			letters += letter
		}
	}
	if letters != "" {
		own = "(?" + letters + ")" + own
	}
	p := &pattern{text: text, flags: flags}
	if p.size, err = programSize(own); err != nil {
		return nil, err
	}
	if p.any, err = regexp.Compile(own); err != nil {
		return nil, err
	}
	p.first, err = regexp.Compile(`\A(?:` + own + `)`)
	return p, err
}

func programSize(text string) (int, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("the pattern is wrong: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	if len(program.Inst) > maxProgram {
		return 0, errors.New("the pattern is too large: it repeats too much")
	}
	return len(program.Inst), nil
}

// notKept are the forms of Python's patterns that no matching in linear time has.
var notKept = []struct{ form, name, way string }{
	{"(?=", "look-ahead", "match more and use the groups"},
	{"(?!", "negative look-ahead", "match twice: what is wanted, and what is not"},
	{"(?<=", "look-behind", "match more and use the groups"},
	{"(?<!", "negative look-behind", "match twice: what is wanted, and what is not"},
	{"(?P=", "a back reference", "compare the groups afterwards"},
	{"(?(", "a conditional group", "write two patterns"},
	{"(?#", "a comment", "leave it out"},
}

// translate writes a pattern of Python's as Go has it.
func translate(text string) (string, error) {
	var b strings.Builder
	class := false
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			escape, err := escaped(text[i+1], class)
			if err != nil {
				return "", err
			}
			b.WriteString(escape)
			i++
			continue
		case class && c == '[' && !strings.HasPrefix(rest, "[:"):
			b.WriteString(`\[`)
			continue
		case class:
			class = c != ']'
		case c == '[':
			class = true
			for _, head := range []string{"[^]", "[]"} {
				if strings.HasPrefix(rest, head) { // the bracket is a character of the class
					b.WriteString(head[:len(head)-1] + `\]`)
					i += len(head) - 1
					c = 0
					break
				}
			}
			if c == 0 {
				continue
			}
		case strings.HasPrefix(rest, "{,"):
			b.WriteString("{0")
			continue
		case c == '(':
			for _, n := range notKept {
				if strings.HasPrefix(rest, n.form) {
					return "", fmt.Errorf("%s, %s...), is not in zorpgo's patterns: %s", n.name, n.form, n.way)
				}
			}
		}
		b.WriteByte(text[i])
	}
	return b.String(), nil
}

// unspaced is a pattern written with re.VERBOSE without its blanks and comments; those in a class or behind a backslash
// belong to the pattern.
func unspaced(text string) string {
	var b strings.Builder
	class := 0 // how many characters of a class were read; 0: none is open
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i++
			class += min(class, 1)
			continue
		case class > 0:
			if class++; c == ']' && class > 2 {
				class = 0
			} else if c == '^' && class == 2 {
				class = 1 // a bracket behind it is a character, too
			}
		case c == '[':
			class = 1
		case c == '#':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
			continue
		case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escaped is what a backslash and c mean, as Go writes it.
func escaped(c byte, class bool) (string, error) {
	switch {
	case c == 'Z':
		return `\z`, nil
	case c >= '1' && c <= '9' && !class:
		return "", fmt.Errorf("a back reference, \\%c, is not in zorpgo's patterns: compare the groups afterwards", c)
	case c == 'b' && class:
		return `\x08`, nil
	case strings.IndexByte("dDsSwWbBAnrtfvax0", c) >= 0 || !isLetter(c):
		if c == '0' {
			return `\x00`, nil
		}
		return `\` + string(c), nil
	}
	return string(c), nil // Python takes an unknown escape as the letter
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}
