package builtins_test

import (
	"os"
	"path/filepath"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine/lint"
)

// Policies as administrators have them: each loads as it is, or is told line by line what to write instead. What is said
// of NAME.py is NAME.want; a file without one has nothing to be said of it.
func TestPoliciesAsTheyAre(t *testing.T) {
	files, err := filepath.Glob("../testdata/policies/*.py")
	if err != nil || len(files) < 12 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			opts := options(map[string]string{name: string(text)})
			opts.Lint = lint.Check
			_, found, err := builtins.Load(opts, name)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, file[:len(file)-len(".py")]+".want", found.Error())
		})
	}
}

func expect(t *testing.T, file, got string) {
	t.Helper()
	if got != "" {
		got += "\n"
	}
	want, _ := os.ReadFile(file) // none: nothing is said
	switch {
	case string(want) == got:
	case !*update:
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	case got == "":
		_ = os.Remove(file)
	default:
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
