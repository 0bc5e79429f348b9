package smtp

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
)

func TestMethodsAreDocumented(t *testing.T) {
	documented, exists := map[string]bool{}, map[string]bool{}
	for _, m := range methodDocs {
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			documented[name] = true
		}
		if m.Signature == "" || m.When == "" || m.Gets == "" || m.Answers == "" || m.Fails == "" || m.Example == "" {
			t.Errorf("%s: something is not said", m.Name)
		}
	}
	for _, class := range []starlark.StringDict{abstractMethods, smtpMethods} {
		for name, v := range class {
			if _, method := v.(starlark.Callable); method && !documented[name] {
				t.Errorf("%s is not documented", name)
			}
			exists[name] = true
		}
	}
	for name := range documented {
		if callback := strings.HasSuffix(name, " callback") || strings.HasSuffix(name, "_POLICY"); !callback && !exists[name] {
			t.Errorf("%s is documented and does not exist", name)
		}
	}
}

func TestSamplesAreOfAttributes(t *testing.T) {
	for name := range samples {
		if byName[name] == nil {
			t.Errorf("there is no attribute %s", name)
		}
	}
}

func TestTablesAndSessionAreDocumented(t *testing.T) {
	h := newHost(New(word.NewDraft(slog.New(slog.DiscardHandler))).smtp, &proxyclass.Report{})
	for name := range h.tables {
		if !slices.ContainsFunc(tableDocs, func(d tableDoc) bool { return d.Name == name }) {
			t.Errorf("table %s is not documented", name)
		}
	}
	for _, name := range word.SessionAttributes() {
		if sessionDocs[name] == "" {
			t.Errorf("session.%s is not documented", name)
		}
	}
	if len(sessionDocs) != len(word.SessionAttributes()) {
		t.Error("attributes of the session are documented that it has not")
	}
}
