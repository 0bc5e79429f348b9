package builtins_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"zorpgo/builtins"
	"zorpgo/engine/source"
)

// FuzzLoad: no text of a policy crashes the load, and there is a Config exactly if nothing is wrong.
func FuzzLoad(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/broken.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, ".star") {
			f.Add(string(file.Data))
		}
	}
	if hooks, err := os.ReadFile("testdata/hooks.star"); err == nil {
		f.Add(string(hooks))
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, found, err := builtins.Load(options(map[string]string{"p.star": text}), "p.star")
		if err != nil || (config == nil) != found.HasErrors() {
			t.Errorf("config %v, %v, findings:\n%v", config, err, found.Error())
		}
		for _, finding := range found {
			if finding.Message == "" || finding.ID == "" || finding.Severity == source.Error && strings.Contains(finding.Message, "panic") {
				t.Errorf("%+v", finding)
			}
		}
	})
}
