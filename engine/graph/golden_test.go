package graph

import (
	"bytes"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*Graph, io.Writer) error{
		"small.svg": func(g *Graph, w io.Writer) error { return g.SVG(w, SVGOptions{}) },
		"small.dot": (*Graph).DOT,
		"small.mmd": (*Graph).Mermaid,
	} {
		var got bytes.Buffer
		if err := write(Of(small(t)), &got); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is not as it was, see go test -update:\n%s", name, got.Bytes())
		}
	}
}

func TestGraphvizTakesIt(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("graphviz is not installed")
	}
	var text bytes.Buffer
	if err := Of(small(t)).DOT(&text); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(dot, "-Tplain")
	run.Stdin = &text
	if out, err := run.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("service-mail")) {
		t.Errorf("%v\n%s", err, out)
	}
}
