package smtp

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// known are the names of all dialogs ("file/name") and of the tests of the project ("package TestName").
type known map[string]bool

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

func knownNames(t *testing.T) known {
	t.Helper()
	names := known{}
	for _, d := range transcripts(t) {
		names[d.name] = true
	}
	for _, dir := range []string{".", "..", "../../limit", "../../match", "../../service", "../../dispatch", "../../announce", "../../journal", "../..", "../../../builtins", "../../../builtins/interp"} {
		files, _ := filepath.Glob(dir + "/*_test.go")
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range testFunction.FindAllSubmatch(text, -1) {
				names[packageOf(text)+" "+string(m[1])] = true
			}
		}
	}
	return names
}

func packageOf(text []byte) string {
	at := bytes.Index(text, []byte("\npackage ")) + len("\npackage ")
	if bytes.HasPrefix(text, []byte("package ")) {
		at = len("package ")
	}
	name, _, _ := bytes.Cut(text[at:], []byte("\n"))
	return strings.TrimSuffix(string(name), "_test")
}

// row is one row of an index: what it is about, and what shows it.
type row struct {
	name  string
	shown []string
	lacks string // what is not there yet; the row counts as open
}

// check reports names that do not exist and rows that nothing shows, and counts the others.
func (names known) check(t *testing.T, rows []row) {
	t.Helper()
	shown, open := 0, 0
	for _, r := range rows {
		for _, name := range r.shown {
			if !names[name] {
				t.Errorf("%s: there is no %q", r.name, name)
			}
		}
		switch {
		case r.lacks != "":
			open++
			t.Logf("%s is open: %s", r.name, r.lacks)
		case len(r.shown) == 0:
			t.Errorf("%s: nothing shows it", r.name)
		default:
			shown++
		}
	}
	t.Logf("%d of %d rows shown, %d open", shown, len(rows), open)
}

// named are the dialogs whose names begin with the name of a row.
func (names known) named(row string) (found []string) {
	for name := range names {
		if _, title, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(title, row+" ") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
