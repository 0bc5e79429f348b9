package core

import (
	"bytes"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"zorpgo/builtins/word"
)

func TestLog(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{`log(None, CORE_POLICY, 3, "n=%d", 5)`, `level=INFO msg="n=5" tag=core.policy verbosity=3`},
		{`log("s1", "x.y", 1, "%s and %s", ("a", "b\n"))`, `level=ERROR msg="a and b\\x0a" session=s1 tag=x.y verbosity=1`},
		{`log(CORE_ERROR, 2, "plain %s")`, `level=WARN msg="plain %s" tag=core.error verbosity=2`},
		{`log(None, CORE_DEBUG, 6, "%s", 1)`, ""},
		{`log(None, CORE_DEBUG, 6, "%s %s", 1)`, ""},
		{`log(None, CORE_INFO, 4, "%s %s", 1)`, "level=INFO msg=\"%s %s (not enough arguments for format string)\" tag=core.info verbosity=4"},
		{`proxyLog(None, CORE_DEBUG, 5, "\x01\u200b" + "\u00e9"[:1])`, `level=DEBUG msg=\x01\u200b\xc3 tag=core.debug verbosity=5`},
	} {
		var out bytes.Buffer
		noTime := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		d := word.NewDraft(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: noTime})))
		if _, err := starlark.EvalOptions(&syntax.FileOptions{}, &starlark.Thread{}, "p.star", c.call, Module(d)); err != nil {
			t.Errorf("%s: %v", c.call, err)
		}
		if got := strings.TrimSpace(out.String()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.call, got, c.want)
		}
	}
}

func TestInterfaceGroups(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"# groups\n0 default\n\n7 lan # inside\n", 2},
		{"0 default\n256 big\n", 0},
		{"1 a\n1 b\n", 0},
		{"1 a b\n", 0},
		{"x a\n", 0},
	} {
		d := word.NewDraft(slog.New(slog.DiscardHandler))
		d.ReadFile = func(string) ([]byte, error) { return []byte(c.text), nil }
		if got := ifgroups(d); len(got) != c.want {
			t.Errorf("%q: %v", c.text, got)
		}
	}
	d := word.NewDraft(slog.New(slog.DiscardHandler))
	d.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	if got := ifgroups(d); got != nil {
		t.Errorf("no file: %v", got)
	}
}

// What is built and what is not exclude each other.
func TestNotBuilt(t *testing.T) {
	built := Module(word.NewDraft(slog.New(slog.DiscardHandler)))
	names := NotBuilt()
	for name := range names {
		if built.Has(name) {
			t.Errorf("%s is built and in the list of what is not", name)
		}
	}
	for _, name := range []string{"PFService", "SideStackChainer", "DynamicCertificate", "Receiver", "NDimensionReceiver", "HttpProxy"} {
		if _, ok := names[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}
