package core

import (
	"context"
	"fmt"
	"log/slog"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/word"
	"zorpgo/engine/journal"
)

const levelDoc = "0 (important) to 10: 0 and 1 are errors, 2 a warning, 3 and 4 informative, 5 and more for debugging"

var logWords = []*word.Word{
	{
		Name: "proxyLog", Module: "Zorp.Core",
		Doc:     "Writes a log record of a session. The message is only formatted when the record is wanted.",
		Example: `proxyLog(self, SMTP_POLICY, 3, "recipient=%s", param)`,
		Errors:  []string{"a format that does not fit its arguments: the record says so"},
		Params: []word.Param{
			{Name: "self", Type: word.Any, Doc: "the proxy"},
			{Name: "type", Type: word.Text, Doc: "a dotted class, such as SMTP_POLICY"},
			{Name: "level", Type: word.Integer, Doc: levelDoc},
			{Name: "msg", Type: word.Text, Doc: "the message, or a format"},
			{Name: "args", Type: word.Any, Default: "None", Doc: "what goes into the format: one value or a tuple"},
		},
	},
	{
		Name: "log", Module: "Zorp.Core",
		Doc:     "Writes a log record. The message is only formatted when the record is wanted.",
		Example: `log(None, CORE_POLICY, 3, "zones: %d", 4)`,
		Errors:  []string{"a format that does not fit its arguments: the record says so"},
		Params: []word.Param{
			{Name: "session_id", Type: word.Any, Doc: "the session's id, or None; it may be left out altogether"},
			{Name: "type", Type: word.Any, Doc: "a dotted class, such as CORE_POLICY"},
			{Name: "level", Type: word.Any, Doc: levelDoc},
			{Name: "msg", Type: word.Text, Default: `""`, Doc: "the message, or a format"},
			{Name: "args", Type: word.Any, Default: "None", Doc: "what goes into the format: one value or a tuple"},
		},
	},
}

func logBuiltins(d *word.Draft) starlark.StringDict {
	return starlark.StringDict{
		"proxyLog": starlark.NewBuiltin("proxyLog", func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			var r record
			var self starlark.Value
			if err := starlark.UnpackArgs(b.Name(), args, kwargs, "self", &self, "type", &r.tag, "level", &r.verbosity, "msg", &r.message, "args?", &r.args); err != nil {
				return nil, err
			}
			return starlark.None, r.write(word.Logger(thread, d))
		}),
		"log": starlark.NewBuiltin("log", func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			var r record
			var session starlark.Value
			if len(args) == 3 && len(kwargs) == 0 {
				args = append(starlark.Tuple{starlark.None}, args...)
			}
			if err := starlark.UnpackArgs(b.Name(), args, kwargs, "session_id", &session, "type", &r.tag, "level", &r.verbosity, "msg", &r.message, "args?", &r.args); err != nil {
				return nil, err
			}
			logger := word.Logger(thread, d)
			if id, ok := starlark.AsString(session); ok {
				logger = logger.With("session", word.Escape(id))
			}
			return starlark.None, r.write(logger)
		}),
	}
}

// record is one message that a policy logs.
type record struct {
	tag, message string
	verbosity    int
	args         starlark.Value
}

func (r *record) write(logger *slog.Logger) error {
	class := journal.Class{Tag: word.Escape(r.tag), Verbosity: min(max(r.verbosity, 0), journal.MaxVerbosity)}
	if !logger.Enabled(context.Background(), class.Level()) {
		return nil
	}
	tag, verbosity := class.Attrs()
	logger.LogAttrs(context.Background(), class.Level(), word.Escape(r.text()), tag, verbosity)
	return nil
}

func (r *record) text() string {
	if r.args == nil || r.args == starlark.None {
		return r.message
	}
	text, err := starlark.Binary(syntax.PERCENT, starlark.String(r.message), r.args)
	if err != nil {
		return fmt.Sprintf("%s (%v)", r.message, err)
	}
	s, _ := starlark.AsString(text)
	return s
}
