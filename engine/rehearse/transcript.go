package rehearse

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// column is the width of each half of a transcript, and longest the number of rows that mail data or a message may
// take before its middle is left out.
const (
	column  = 54
	longest = 16
)

// row is one row of a transcript: a line of either side or of both.
type row struct {
	left, right string
	request     bool
}

// writeTranscript prints the lines of both connections side by side, in the order of time.
func writeTranscript(w io.Writer, left, right string, lines []line) {
	writeRow(w, left, right)
	writeRow(w, strings.Repeat("-", column), strings.Repeat("-", column))
	for len(lines) > 0 {
		phase := phaseOf(lines)
		lines = lines[len(phase):]
		for _, r := range shorten(pair(phase)) {
			writeRow(w, r.left, r.right)
		}
	}
}

func writeRow(w io.Writer, left, right string) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-*s | %s", column, cut(left), cut(right)), " "))
}

// phaseOf is the beginning of lines that goes in one direction: what the client says and what is forwarded of it, or
// what the origin answers and what the client sees of it.
func phaseOf(lines []line) []line {
	end := slices.IndexFunc(lines, func(l line) bool { return l.request != lines[0].request })
	if end < 0 {
		end = len(lines)
	}
	return lines[:end]
}

// pair puts equal lines of both sides on one row; a line that only one side saw has a row of its own.
func pair(phase []line) (rows []row) {
	mark := "< "
	if phase[0].request {
		mark = "> "
	}
	var left, right []string
	for _, l := range phase {
		if l.side == clientSide {
			left = append(left, mark+l.text)
		} else {
			right = append(right, mark+l.text)
		}
	}
	for len(left)+len(right) > 0 {
		r := row{request: phase[0].request}
		takeLeft, takeRight := match(left, right)
		if takeLeft {
			r.left, left = left[0], left[1:]
		}
		if takeRight {
			r.right, right = right[0], right[1:]
		}
		rows = append(rows, r)
	}
	return rows
}

// match says which of the first lines go on the next row: both, if they are equal or if each is the other's
// replacement; else the one that the other side has not got.
func match(left, right []string) (takeLeft, takeRight bool) {
	switch {
	case len(left) == 0:
		return false, true
	case len(right) == 0:
		return true, false
	case left[0] == right[0]:
		return true, true
	case slices.Contains(right, left[0]):
		return false, true
	case slices.Contains(left, right[0]):
		return true, false
	}
	return true, true
}

// shorten leaves out the middle of long mail data. Replies stay whole.
func shorten(rows []row) []row {
	if len(rows) <= longest || !rows[0].request {
		return rows
	}
	gap := gapText(len(rows) - longest + 1)
	head, tail := rows[:longest-5], rows[len(rows)-4:]
	return slices.Concat(head, []row{{left: gap, right: gap}}, tail)
}

// writeMessage prints a message indented, its middle left out if it is long.
func writeMessage(w io.Writer, content string) {
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(content, "\r\n", "\n"), "\n"), "\n")
	if n := len(lines); n > 3*longest {
		gap := gapText(n - 3*longest + 1)
		lines = slices.Concat(lines[:2*longest], []string{gap}, lines[n-longest+1:])
	}
	for _, l := range lines {
		fmt.Fprintln(w, strings.TrimRight("    "+visible(l), " "))
	}
}

func gapText(n int) string { return fmt.Sprintf("  ... %d more lines ...", n) }

// cut is s made visible and no longer than a column.
func cut(s string) string {
	runes := []rune(visible(s))
	if len(runes) <= column {
		return string(runes)
	}
	return string(runes[:column-3]) + "..."
}

// visible replaces what a terminal would obey.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == '\uFFFD' {
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "\t", "    "))
}
