package reference_test

import (
	"flag"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/builtins/reference"
	"zorpgo/builtins/word"
	"zorpgo/engine/encryption/certtest"
)

var update = flag.Bool("update", false, "write policies/REFERENCE.md")

const file = "../../policies/REFERENCE.md"

func TestReferenceIsCurrent(t *testing.T) {
	want := reference.Markdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("policies/REFERENCE.md is not current (%v): go test ./builtins/reference -update (or make update) writes it", err)
	}
}

func every(do func(c reference.Chapter, p *word.Page)) {
	for _, c := range reference.Chapters() {
		for _, p := range c.Pages {
			do(c, &p)
		}
	}
}

// Every name has one page only, or pages of different kinds, and every page says something within 100 columns.
func TestPages(t *testing.T) {
	seen := map[string]bool{}
	every(func(_ reference.Chapter, p *word.Page) {
		if key := string(p.Kind) + p.Module + p.Name; seen[key] {
			t.Errorf("%s has two pages", p.Name)
		} else {
			seen[key] = true
		}
		if p.Doc == "" || p.Signature == "" && p.Kind != word.Constants || len(p.Errors) == 0 && p.Kind == word.Function {
			t.Errorf("%s: text, signature or errors are missing", p.Name)
		}
		if len(p.Examples) == 0 && p.Kind != word.Constants {
			t.Errorf("%s has no example", p.Name)
		}
		p.Examples = nil // whose lines are as they were written
		for line := range strings.Lines(reference.Text(p)) {
			if len(line) > 101 {
				t.Errorf("%s: %d columns: %s", p.Name, len(line)-1, line)
			}
		}
	})
}

// Whatever a module brings is found by its name, as are constants and the names in brackets and the like.
func TestEveryNameHasAPage(t *testing.T) {
	for _, m := range builtins.Modules() {
		for _, name := range append(m.Names, m.Name) {
			if found, _ := reference.Find(name); len(found) == 0 && reference.NotBuilt(name) == "" {
				t.Errorf("%s of %s has no page: it belongs into Pages of its package, a constant into a family of builtins/reference", name, m.Name)
			}
		}
	}
	for _, c := range builtins.Constants() {
		if found, _ := reference.Find(c.Name); len(found) == 0 {
			t.Errorf("constant %s is in no family of builtins/reference", c.Name)
		}
	}
	every(func(_ reference.Chapter, p *word.Page) {
		for _, name := range append(slices.Clone(p.Also), p.Name) {
			if found, _ := reference.Find(name); !slices.ContainsFunc(found, func(o word.Page) bool { return o.Name == p.Name && o.Kind == p.Kind }) {
				t.Errorf("%s is not found", name)
			}
		}
	})
}

// TestExamples loads every example; those of findings are run by the catalogue's own test, those of functions stand
// beside a zone and a service that they may name.
func TestExamples(t *testing.T) {
	n := 0
	every(func(_ reference.Chapter, p *word.Page) {
		for _, x := range p.Examples {
			text := x.Whole
			switch {
			case p.Kind == word.Finding || p.Kind == word.Function: // the tests of catalogue and builtins
				continue
			case text == "":
				text = x.Text
			}
			if !strings.HasPrefix(text, "from ") {
				text = "from Zorp.Smtp import *\n" + text
			}
			n++
			loads(t, p.Name, text)
		}
	})
	if n < 100 {
		t.Errorf("only %d examples", n)
	}
}

func loads(t *testing.T, name, text string) {
	_, found, err := builtins.Load(builtins.Options{Log: slog.New(slog.DiscardHandler), ReadFile: func(path string) ([]byte, error) {
		if path == "p.star" {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}, Open: certtest.Open, Hostname: func() (string, error) { return "fw.example.com", nil }}, "p.star")
	if err != nil || found.HasErrors() {
		t.Errorf("%s: %v\n%s\n%v", name, err, text, found.Error())
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, want, nearest string }{
		{"Service", "Service", ""},
		{"service()", "Service", ""},
		{"inetzone", "Zone", ""},
		{"relay_domains", "relay_domains", ""},
		{"self.request", "request", ""},
		{"request callback", "request callback", ""},
		{"request_callback", "request callback", ""},
		{"Z_PORT_EXACT", "Z_PORT_*", ""},
		{"Z_PORT", "Z_PORT_*", ""},
		{"FALSE", "TRUE", ""},
		{"[unknown-zone]", "unknown-zone", ""},
		{"checkRecipient", "checkRecipient", ""},
		{"config.options.language", "config", ""},
		{"timeout_server_connect", "config", ""},
		{"session.client_zone", "session", ""},
		{"Zorp.Smtp", "Zorp.Smtp", ""},
		{"import", "import", ""},
		{"socket.IPPROTO_TCP", "socket", ""},
		{"Servcie", "", "Service"},
		{"unknwon-zone", "", "unknown-zone"},
		{"nothing at all", "", ""},
	} {
		found, nearest := reference.Find(c.name)
		got := ""
		if len(found) > 0 {
			got = found[0].Name
		}
		if got != c.want || nearest != c.nearest {
			t.Errorf("Find(%q) = %q, near %q, want %q, near %q", c.name, got, nearest, c.want, c.nearest)
		}
	}
	if why := reference.NotBuilt("HttpProxy"); !strings.Contains(why, "HttpProxy is Zorp's but not built yet: ") {
		t.Errorf("HttpProxy: %s", why)
	}
}

func TestOverviewIsOneScreen(t *testing.T) {
	text := reference.Overview()
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("%d lines:\n%s", lines, text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 101 {
			t.Errorf("too wide: %s", line)
		}
	}
}
