package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"zorpgo/engine/source"
)

// indent is what stands before the source line and the hint.
const indent = "    "

// widest is how many characters of a source line are shown.
const widest = 160

// Text writes found as people read it: place, severity, what is wrong and the id, if there is one; the source line with
// a caret under the column; what to write instead.
func Text(w io.Writer, found source.Findings, sources Sources) error {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s: %s", f.Pos, f.Severity, f.Message)
		if f.ID != "" {
			fmt.Fprintf(&b, " [%s]", f.ID)
		}
		b.WriteByte('\n')
		if line, ok := sources.line(f.Pos); ok && f.Pos.Col > 0 {
			shown, caret := pointed(line, f.Pos.Col)
			b.WriteString(indent + shown + "\n" + indent + caret + "\n")
		}
		if f.Hint != "" {
			b.WriteString(indent + strings.ReplaceAll(f.Hint, "\n", "\n"+indent) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pointed is a line as a terminal may have it, and a line that has a caret under the character at col. A column past the
// end is where the line ends.
func pointed(line string, col int) (shown, caret string) {
	runes := []rune(line)
	at := min(col-1, len(runes))
	before, after := "", ""
	if at >= widest {
		runes, at, before = runes[at-widest/2:], widest/2, "..."
	}
	if len(runes) > widest {
		runes, after = runes[:widest], "..."
	}
	var text, under strings.Builder
	under.WriteString(strings.Repeat(" ", len(before)))
	for i, r := range runes {
		if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			r = unicode.ReplacementChar // a terminal would obey it
		}
		text.WriteRune(r)
		if i < at {
			under.WriteString(blank(r))
		}
	}
	return before + text.String() + after, under.String() + "^"
}

// blank takes as much room as r.
func blank(r rune) string {
	switch {
	case r == '\t':
		return "\t"
	case unicode.In(r, unicode.Mn, unicode.Me):
		return ""
	case unicode.Is(wide, r):
		return "  "
	}
	return " "
}

// wide are the characters that take two columns (Unicode's East Asian Width W and F), in ranges.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f900, Hi: 0x1faff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}
