package word

import (
	"log/slog"

	"zorpgo/builtins/interp"
	"zorpgo/engine/journal"
	"zorpgo/engine/source"
)

// PrintTo has what a policy prints become records of log.
func PrintTo(log *slog.Logger) interp.Print {
	return func(at source.Pos, text string) { log.Info(Escape(text), "tag", "core.message", "at", at.String()) }
}

// Escape keeps what came from outside from breaking a log line, whatever handler writes it.
func Escape(s string) string { return journal.Escape(s) }
