package journal

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxValue is how many bytes of a value are written.
const MaxValue = 1024

// Escape keeps what came from outside from breaking a log line, or the terminal that shows it, whatever handler writes
// it.
func Escape(s string) string {
	if !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unprintable(r) && r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unprintable(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// fit is s escaped, and no longer than a value may be.
func fit(s string) string {
	if len(s) <= MaxValue {
		return Escape(s)
	}
	return fmt.Sprintf("%s... (%d bytes)", Escape(s[:MaxValue]), len(s))
}

// plain reports whether fit has nothing to do. It is asked for every value of every record, and nearly all are ASCII.
func plain(s string) bool {
	if len(s) > MaxValue {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return !strings.ContainsFunc(s[i:], unprintable)
		}
	}
	return true
}

// wash is a with a value that is fit to be read; dirty: it is another one. A stack is left to the handler, which quotes
// it: only the program itself makes those.
func wash(a slog.Attr) (clean slog.Attr, dirty bool) {
	text := ""
	switch a.Value.Kind() {
	case slog.KindString:
		text = a.Value.String()
	case slog.KindAny:
		err, is := a.Value.Any().(error)
		if !is {
			return a, false
		}
		text = err.Error()
	default:
		return a, false
	}
	if a.Key == "stack" || plain(text) {
		return a, false
	}
	return slog.String(a.Key, fit(text)), true
}

// washed is r with nothing in it that is not fit to be read.
func washed(r slog.Record) slog.Record {
	dirty := !plain(r.Message)
	for a := range r.Attrs {
		if dirty {
			break
		}
		_, dirty = wash(a)
	}
	if !dirty {
		return r
	}
	n := slog.NewRecord(r.Time, r.Level, fit(r.Message), r.PC)
	for a := range r.Attrs {
		clean, _ := wash(a)
		n.AddAttrs(clean)
	}
	return n
}
