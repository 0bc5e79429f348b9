package builtins_test

import (
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

// Every word says what it does and shows how, and what it shows can be loaded.
func TestWordsAreDocumented(t *testing.T) {
	for _, w := range builtins.Words() {
		if w.Doc == "" || w.Example == "" || len(w.Errors) == 0 || w.Module == "" {
			t.Errorf("%s: doc, example, errors or module is missing", w.Name)
		}
		for _, p := range w.Params {
			if p.Doc == "" || p.Type.Want == "" {
				t.Errorf("%s: parameter %s has no doc or type", w.Name, p.Name)
			}
		}
		example(t, w.Name, w.Example)
	}
	for _, p := range builtins.Pages() {
		if p.Kind == word.Setting && (p.Doc == "" || p.Rows[0].Default == "" || p.Rows[0].Type == "") {
			t.Errorf("attribute %s: doc, default or type is missing", p.Name)
		}
	}
}

func example(t *testing.T, name, text string) {
	text = strings.NewReplacer("proxyLog(self, ", "proxyLog(None, ", "param)", `"x")`).Replace(text)
	policy := "from Zorp.Smtp import *\nZone('dmz', '10.0.0.0/8')\n" + text + "\n"
	if name == "Rule" || strings.HasSuffix(name, "Dispatcher") {
		policy += "Service('mail', SmtpProxy)\n"
	}
	policy = strings.Replace(policy, "Zone('dmz', '10.0.0.0/8')\nZone(", "Zone(", 1)
	_, found, err := builtins.Load(options(map[string]string{"p.star": policy}), "p.star")
	if worst, any := found.Worst(); err != nil || any && worst > source.Note {
		t.Errorf("%s: %v\n%v", text, err, found.Error())
	}
}
