package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// words are the functions of the templates.
var words = template.FuncMap{
	"count": count, "size": size, "clock": clock, "stamp": stamp, "plain": plain, "plural": plural, "lines": lines,
}

// count writes n with its digits in groups.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// plural is n of what, in words.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(int64(n)) + " " + what + "s"
}

// size writes a number of bytes with three digits.
func size(n int64) string {
	v, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for v >= 1000 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[unit])
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

// lasting is how long d is, in one or two units.
func lasting(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// stamp is t for programs.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// clock is t for people.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// longest is how much of a text from outside is shown.
const longest = 300

// plain is text from outside, in one line that has an end.
func plain(text string) string {
	text = visible(strings.ReplaceAll(text, "\n", " "))
	for i := range text {
		if i >= longest {
			return text[:i] + "…"
		}
	}
	return text
}

// visible is text with what nobody would see, or what would change what others see, written out. Lines stay lines.
func visible(text string) string {
	hidden := func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' || r == unicode.ReplacementChar }
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
