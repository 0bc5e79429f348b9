package match

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// library is a folder of lists, whose files change at times of their own.
type library struct {
	fstest.MapFS
	hour int
}

func (l *library) write(name, text string) {
	l.hour++
	l.MapFS[name] = &fstest.MapFile{Data: []byte(text), ModTime: time.Unix(int64(l.hour)*3600, 0), Mode: 0o644}
}

func lists(t *testing.T, match, ignore string) (*library, *strings.Builder, *RegexpFile) {
	t.Helper()
	files, log := &library{MapFS: fstest.MapFS{}}, &strings.Builder{}
	files.write("match", match)
	files.write("ignore", ignore)
	r, err := NewRegexpFile(Lists{Match: "match", Ignore: "ignore", Open: files.Open, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return files, log, r
}

func asks(t *testing.T, m Matcher, text string, want bool) {
	t.Helper()
	if got, err := m.Match(t.Context(), text); got != want || err != nil {
		t.Errorf("%q: %v, %v", text, got, err)
	}
}

func TestRegexpFile(t *testing.T) {
	files, log, r := lists(t, "^a@\r\n\n^b@ \n", "@good\\.example$\n")
	asks(t, r, "A@x.example", true)
	asks(t, r, "b@x.example", true) // behind an empty line
	asks(t, r, "b@good.example", false)
	asks(t, r, "", false)
	files.write("match", "^c@")
	asks(t, r, "c@x.example", true)
	asks(t, r, "a@x.example", false)
	if !strings.Contains(log.String(), "read its lists again") {
		t.Error(log)
	}
}

// A bad file, or none, leaves the lists as they were and is told of once.
func TestRegexpFileTurnsBad(t *testing.T) {
	files, log, r := lists(t, "^a@", "")
	tells := func(says string) {
		t.Helper()
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, says) {
			t.Errorf("the log says %q", got)
		}
		log.Reset()
	}
	files.write("match", "^b@\n(c\n")
	for range 3 {
		asks(t, r, "a@x", true)
		asks(t, r, "b@x", false)
	}
	tells(`match, line 2, \"(c\": missing closing )`)
	files.write("ignore", "nothing")
	asks(t, r, "b@x", false)
	delete(files.MapFS, "match")
	log.Reset()
	for range 3 {
		asks(t, r, "a@x", true)
	}
	tells("match cannot be opened")
	files.write("match", "^b@")
	asks(t, r, "b@x", true)
	tells("read its lists again")
}

func TestRegexpFileRefuses(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct{ name, says string }{
		{filepath.Join(folder, "none"), "none cannot be opened: no such file"},
		{folder, "is no file"},
		{write("bad", "a\n\nb(?=c)\n"), "bad, line 3, \"b(?=c)\": there is no look-around"},
		{write("long", strings.Repeat("a\n", maxList/2+1)), "at most 4194304 are read"},
	} {
		_, err := NewRegexpFile(Lists{Match: c.name})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := NewRegexpFile(Lists{Ignore: write("good", "a")}); err != nil {
		t.Error(err)
	}
}

// While one session waits for a slow disk the others go on with the lists as they were.
func TestRegexpFileStallsNobody(t *testing.T) {
	files, _, r := lists(t, "^a@", "")
	reading, goOn := make(chan bool), make(chan bool)
	r.lists.Open = func(name string) (fs.File, error) {
		if name == "match" {
			reading <- true
			<-goOn
		}
		return files.Open(name)
	}
	files.write("match", "^b@")
	done := make(chan bool)
	go func() {
		hit, _ := r.Match(context.Background(), "b@x")
		done <- hit
	}()
	<-reading
	asks(t, r, "a@x", true)
	goOn <- true
	if !<-done {
		t.Error("who saw the new file goes on with the old list")
	}
}

func TestOpenFileWaitsForNobody(t *testing.T) {
	_, err := OpenFile(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
