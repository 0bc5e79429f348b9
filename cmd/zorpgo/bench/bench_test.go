package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain is the copier as well, which bench starts as a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "copier" {
		os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(build(m))
}

// built is the zorpgo that the tests measure.
var built string

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zorpgo-bin-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "zorpgo")
	if out, err := exec.Command("go", "build", "-o", built, "zorpgo/cmd/zorpgo").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build zorpgo: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// bench is a short run whose temporary folder must be empty, and whose processes must be gone, at the end of the test.
func bench(t *testing.T, args ...string) []string {
	t.Helper()
	tmp, err := os.MkdirTemp("", "zorpgo-test-")
	must(t, err)
	must(t, os.Chmod(tmp, 0o755)) // peers have users of their own
	t.Setenv("TMPDIR", tmp)
	t.Cleanup(func() {
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		must(t, os.RemoveAll(tmp))
		if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != unix.ECHILD {
			t.Errorf("a process was left behind (%v)", err)
		}
	})
	return append([]string{"--zorpgo", built, "--rounds", "1", "--duration", "100ms", "--idle", "20"}, args...)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTable: every proxy that is here is measured in every workload that it can speak.
func TestTable(t *testing.T) {
	var stdout, stderr bytes.Buffer
	all := workloadNames()
	if status := execute(bench(t, "--workloads", strings.Join(all, ",")), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s%s", status, &stderr, &stdout)
	}
	t.Logf("\n%s", &stdout)
	works, err := chooseWorkloads(all, 20)
	must(t, err)
	lines := strings.Split(stdout.String(), "\n")[1:]
	for _, w := range works {
		if lines[0] != w.String() {
			t.Fatalf("got %q, want %q", lines[0], w)
		}
		names := []string{"direct", "copier", "zorpgo"}
		for _, p := range peers {
			if p.lacks() == "" && p.speaks(w.security) {
				names = append(names, p.name)
			}
		}
		for n, name := range names {
			checkRow(t, w, name, strings.Fields(lines[n+1]))
		}
		lines = lines[len(names)+1:]
	}
}

// TestProfiles: of zorpgo alone, and of every workload that is not idle.
func TestProfiles(t *testing.T) {
	var stdout, stderr bytes.Buffer
	dir := t.TempDir()
	if status := execute(bench(t, "--workloads", "W1,W4", "--peers", "none", "--profiles", dir), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s%s", status, &stderr, &stdout)
	}
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != 1 || files[0].Name() != "W1-16.pprof" {
		t.Fatalf("wrote %v", files)
	}
	b, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	must(t, err)
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) { // gzip
		t.Errorf("no profile: %.80q", b)
	}
}

// checkRow looks for a figure in every column that the workload fills.
func checkRow(t *testing.T, w *workload, name string, fields []string) {
	t.Helper()
	if len(fields) != len(columns)+1 || fields[0] != name {
		t.Fatalf("%s: the row of %s is %q", w.name, name, fields)
	}
	for i, cell := range fields[1:] {
		idle := i >= 6
		cpu := i == 2 || i == 3 // may be less than the kernel's tick
		if idle != (w.idle > 0) || name == "direct" && (cpu || idle) {
			if cell != "-" {
				t.Errorf("%s: %s has %s in the column %s", w.name, name, cell, columns[i])
			}
		} else if cell == "-" && !cpu {
			t.Errorf("%s: %s has nothing in the column %s", w.name, name, columns[i])
		}
	}
}

func TestJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := bench(t, "--json", "--rounds", "3", "--workloads", "W1", "--peers", "none")
	if status := execute(args, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s", status, &stderr)
	}
	var got struct {
		Descriptors int `json:"descriptor_limit"`
		Rows        []struct {
			Proxy  string
			Rounds []result
		}
	}
	must(t, json.Unmarshal(stdout.Bytes(), &got))
	if got.Descriptors == 0 || len(got.Rows) != 3 || got.Rows[2].Proxy != "zorpgo" || len(got.Rows[2].Rounds) != 3 {
		t.Errorf("got\n%s", &stdout)
	}
	if stderr.Len() == 0 {
		t.Error("no progress is shown")
	}
}

// TestInterrupt: whoever stops the run finds nothing left of it.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	args := bench(t, "--duration", "10s", "--workloads", "W4,W1", "--peers", "none")
	root := newBench()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(atFirst(cancel))
	if err := root.ExecuteContext(ctx); err == nil || err.Error() != "interrupted" {
		t.Errorf("got %v", err)
	}
}

// atFirst is called at the first write.
type atFirst func()

func (f atFirst) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--zorpgo /nowhere", "make build makes it"},
		{"--zorpgo " + built + " --rounds 0", "must be positive"},
		{"--zorpgo " + built + " --workloads W9", "there is no W9"},
		{"--zorpgo " + built + " --peers exim", "there is no exim"},
		{"more", `unknown command "more"`},
	} {
		var stderr bytes.Buffer
		if status := execute(strings.Fields(c.args), io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%s: status %d, %s", c.args, status, &stderr)
		}
	}
}

// TestOriginChecks: what is lost, changed or made up on the way spoils a run.
func TestOriginChecks(t *testing.T) {
	i, err := newIdentity(t.TempDir())
	must(t, err)
	o, err := newOrigin(t.Context(), i)
	must(t, err)
	defer o.close()
	m := newMail(small)
	send := func(texts ...string) {
		t.Helper()
		o.expect(m, false)
		c := newClient()
		must(t, c.begin(t.Context(), server{at: o.addr(clear)}))
		for _, text := range texts {
			must(t, c.send(&mail{text: []byte(text)}, true))
		}
		must(t, c.quit())
	}
	good := string(m.text)
	for _, c := range []struct {
		texts     []string
		confirmed int64
		adds      bool
		want      string
	}{
		{texts: []string{good, good}, confirmed: 2},
		{texts: []string{good}, confirmed: 2, want: "the clients had 2 messages confirmed, the origin got 1"},
		{texts: []string{good, good}, confirmed: 1, want: "the clients had 1 messages confirmed, the origin got 2"},
		{texts: []string{"Received: x\r\n" + good}, confirmed: 1, want: "bytes were sent, the origin got"},
		{texts: []string{"Received: x\r\n" + good}, confirmed: 1, adds: true},
		{texts: []string{strings.Replace(good, "abc", "abd", 1)}, confirmed: 1, want: "1 of 1 messages reached the origin changed"},
		{texts: []string{good[:100] + "\r\n.\r\n"}, confirmed: 1, adds: true, want: "bytes were sent"},
	} {
		send(c.texts...)
		err := o.check(c.confirmed, c.adds)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d messages, %d confirmed: got %v, want %s", len(c.texts), c.confirmed, err, c.want)
		}
	}
}

// TestRatio: the median of the rounds' ratios, not the ratio of the medians.
func TestRatio(t *testing.T) {
	copier := &row{results: []*result{{Rate: 100}, {Rate: 10}, nil, {Rate: 40}}}
	other := &row{results: []*result{{Rate: 50}, {Rate: 20}, {Rate: 1}, {Rate: 40}}}
	if got, ok := other.ratio(copier, rate); !ok || got != 1 {
		t.Errorf("ratio %v", got)
	}
	if got, ok := other.median(rate); !ok || got != 30 {
		t.Errorf("median %v", got)
	}
	if _, ok := other.ratio(copier, cpu); ok {
		t.Error("there is a ratio of what was not measured")
	}
}
