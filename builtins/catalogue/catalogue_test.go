package catalogue_test

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zorpgo/builtins"
	"zorpgo/builtins/catalogue"
	"zorpgo/engine/encryption/certtest"
	"zorpgo/engine/lint"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

var update = flag.Bool("update", false, "rewrite what check says of the examples")

// TestPages runs both examples of every page: the bad one has the finding of the page, word by word, and nothing else
// but notes; the good one has nothing but notes.
func TestPages(t *testing.T) {
	for _, p := range catalogue.Pages() {
		t.Run(p.ID, func(t *testing.T) {
			bad(t, &p)
			good := check(t, &p, "good.star", p.Good)
			if len(of(good, p.ID)) > 0 || len(serious(good)) > 0 {
				t.Errorf("the good example has findings:\n%s", good.Error())
			}
			if p.Summary == "" || p.Text == "" || strings.HasSuffix(p.Summary, ".") || strings.Contains(p.Summary, "\n") {
				t.Error("the summary, a line without full stop, or the text is missing")
			}
		})
	}
}

func bad(t *testing.T, p *catalogue.Page) {
	all := check(t, p, "bad.star", p.Bad)
	found := of(all, p.ID)
	got := found.Error() + "\n"
	switch {
	case len(found) == 0:
		t.Errorf("the bad example does not have it:\n%s", all.Error())
		return
	case len(serious(all)) > len(serious(found))+len(of(all, p.Besides)):
		t.Errorf("the bad example has more than this finding:\n%s", all.Error())
	case *update:
		rewrite(t, p.ID, got)
	case got != p.Finding:
		t.Errorf("got\n%s\nwant\n%s\ngo test ./builtins/catalogue -update writes it", got, p.Finding)
	}
	for _, f := range found {
		if f.Hint == "" {
			t.Errorf("it does not say what to write instead: %s", f)
		}
	}
	if worst, _ := found.Worst(); worst.String() != p.Severity {
		t.Errorf("it is of severity %s, the page says %s", worst, p.Severity)
	}
}

func of(all source.Findings, id string) source.Findings {
	return slices.DeleteFunc(slices.Clone(all), func(f source.Finding) bool { return f.ID != id })
}

func serious(all source.Findings) source.Findings {
	return slices.DeleteFunc(slices.Clone(all), func(f source.Finding) bool { return f.Severity == source.Note })
}

func check(t *testing.T, p *catalogue.Page, name, text string) source.Findings {
	t.Helper()
	examine := lint.Check
	if p.NoRights {
		examine = lint.Rights{LowestPort: 1024, Forge: func(stream.Family) error { return errors.New("operation not permitted") }}.Check
	}
	_, found, err := builtins.Load(builtins.Options{
		Instance: p.Instance, Lint: examine, Log: slog.New(slog.DiscardHandler),
		ReadFile: func(file string) ([]byte, error) {
			other, ok := p.Others[file]
			switch {
			case file == name:
				return []byte(text), nil
			case file == p.Unreadable:
				return nil, &fs.PathError{Op: "open", Path: file, Err: fs.ErrPermission}
			case ok:
				return []byte(other), nil
			}
			return nil, &fs.PathError{Op: "open", Path: file, Err: fs.ErrNotExist}
		},
		Open:       certtest.Open,
		Resolve:    func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") },
		LookupAddr: func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") },
		Hostname:   func() (string, error) { return "fw.example.com", nil },
	}, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func rewrite(t *testing.T, id, finding string) {
	file := filepath.Join("pages", id+".txtar")
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "finding" })
	if i < 0 {
		archive.Files, i = append(archive.Files, txtar.File{Name: "finding"}), len(archive.Files)
	}
	archive.Files[i].Data = []byte(finding)
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFindingHasAPage reads the source of the whole program for the ids of findings.
func TestEveryFindingHasAPage(t *testing.T) {
	used := idsOf(t, "../..")
	for id, at := range used {
		if _, ok := catalogue.Find(id); !ok {
			t.Errorf("%s: finding %s has no page: write builtins/catalogue/pages/%s.txtar, as the package's documentation says", at, id, id)
		}
	}
	for _, p := range catalogue.Pages() {
		if used[p.ID] == "" {
			t.Errorf("page %s is of a finding that nothing makes: remove it", p.ID)
		}
	}
	if len(used) < 40 {
		t.Errorf("only %d ids were found", len(used))
	}
}
