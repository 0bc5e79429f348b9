package privilege

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// probe runs testdata/probe, which is built without cgo as zorpgo is, and gives what it printed.
func probe(t *testing.T, args ...string) []string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "probe")
	build := exec.Command("go", "build", "-o", binary, "./testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(binary, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// TestKeep looks at all threads of a process that gave up its rights, and at its child.
func TestKeep(t *testing.T) {
	held, err := Held()
	if err != nil {
		t.Fatal(err)
	}
	if held&(setPcap|NetAdmin|NetBindService|NetRaw) != setPcap|NetAdmin|NetBindService|NetRaw {
		t.Skip("this user has no rights to give up")
	}
	for _, c := range []struct{ keep, pass Set }{{0, 0}, {NetBindService, 0}, {NetAdmin | NetBindService, NetAdmin}, {NetRaw, NetAdmin}} {
		t.Run(c.keep.String(), func(t *testing.T) {
			lines := probe(t, fmt.Sprintf("%x", uint64(c.keep)), fmt.Sprintf("%x", uint64(c.pass)), "")
			pass := c.pass & c.keep
			thread := fmt.Sprintf("thread CapInh=%[2]s CapPrm=%[1]s CapEff=%[1]s CapBnd=%[1]s CapAmb=%[2]s NoNewPrivs=1", hex(c.keep), hex(pass))
			if threads := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return s != thread }); len(threads) < 4 || len(threads) != len(lines)-1 {
				t.Errorf("want threads with\n%s\ngot\n%s", thread, strings.Join(lines, "\n"))
			}
			// What root starts has what it keeps; what another user starts has what it passes on.
			if child := lines[len(lines)-1]; !strings.Contains(child, "CapPrm="+hex(c.keep)+" ") {
				t.Errorf("got %s", child)
			}
		})
	}
}

func hex(s Set) string { return strings.TrimLeft(fmt.Sprintf("%x", uint64(s)), "0") }

func TestSetString(t *testing.T) {
	for s, want := range map[Set]string{0: "none", NetAdmin | NetBindService: "CAP_NET_BIND_SERVICE CAP_NET_ADMIN", setPcap: "0x100"} {
		if s.String() != want {
			t.Errorf("%#x: got %q, want %q", uint64(s), s, want)
		}
	}
}

// TestConfine: what is in the directory that was kept can be read, and nothing else, by no thread.
func TestConfine(t *testing.T) {
	if Landlock() == 0 {
		t.Skip(ErrNoLandlock)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "kept", "in"), filepath.Join(dir, "given up", "out")
	for _, name := range []string{in, out} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Join(probe(t, "0", "0", filepath.Dir(in), in, out), "\n")
	for _, want := range []string{
		"read " + in + " <nil>", "thread reads " + in + " <nil>", "write " + in + " open " + in + ": permission denied",
		"read " + out + " open " + out + ": permission denied", "thread reads " + out + " open " + out + ": permission denied",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestNoLandlock(t *testing.T) {
	if err := confine(Access{}, 0); !errors.Is(err, ErrNoLandlock) {
		t.Error(err)
	}
	if handled(1)&^handled(2) != 0 || handled(7) != 0xffff || handled(4) != 0x7fff || handled(1) != 0x1fff {
		t.Errorf("%#x %#x %#x", handled(1), handled(4), handled(7))
	}
}

func TestTrees(t *testing.T) {
	dir := t.TempDir()
	list, other := filepath.Join(dir, "policies"), filepath.Join(dir, "lists")
	for _, d := range []string{list, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(list, "mail.star")
	if err := os.WriteFile(filepath.Join(other, "target"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(other, "target"), link); err != nil {
		t.Fatal(err)
	}
	if got := Trees([]string{link}); !slices.Equal(got, []string{list, other}) {
		t.Error(got)
	}
	if got := Trees([]string{"/etc/no-such-policy"}); !slices.Equal(got, []string{"/etc/no-such-policy", "/etc/no-such-policy"}) {
		t.Error(got)
	}
	a := Access{Read: []string{list}, Run: []string{"/etc/no-such-policy"}}
	for path, want := range map[string]bool{
		filepath.Join(list, "other.star"): true, list: true, link: false, other: false, list + "2": false, "/etc/no-such-policy": true, "/etc/x": false,
	} {
		if a.MayRead(path) != want {
			t.Errorf("%s: got %v", path, !want)
		}
	}
}
