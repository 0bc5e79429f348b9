package word

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"zorpgo/builtins/interp"
	"zorpgo/engine/source"
)

// PrintTo has what a policy prints become records of log.
func PrintTo(log *slog.Logger) interp.Print {
	return func(at source.Pos, text string) { log.Info(Escape(text), "tag", "core.message", "at", at.String()) }
}

// Escape keeps what came from outside from breaking a log line, whatever handler writes it.
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
