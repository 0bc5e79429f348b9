package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is for what must happen, on a machine however busy.
const patience = 60 * time.Second

// envBinary names the zorpgo to test; if it is not set, one is built.
const envBinary = "ZORPGO_BINARY"

var update = flag.Bool("update", false, "write the files that tests compare with")

func TestMain(m *testing.M) { os.Exit(withBinary(m.Run)) }

func withBinary(run func() int) int {
	if os.Getenv(envBinary) != "" {
		return run()
	}
	dir, err := os.MkdirTemp("", "zorpgo-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "zorpgo")
	build := exec.Command("go", "build", "-o", binary, "zorpgo/cmd/zorpgo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build zorpgo: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(envBinary, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls for what has no event to wait for.
func eventually(cond func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !cond(); <-tick.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}
