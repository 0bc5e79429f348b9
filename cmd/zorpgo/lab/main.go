package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// What a test run can be told.
const (
	envRequire = "ZORPGO_REQUIRE_LAB" // set: a machine where there can be no lab fails the tests
	envBinary  = "ZORPGO_BINARY"      // the zorpgo to test; Main builds one if it is not set
)

// Main is for the TestMain of a package that uses labs: it builds zorpgo, runs the tests, and gives the exit status.
// Where there can be no lab its tests are skipped and the last line says why; with ZORPGO_REQUIRE_LAB set they fail.
func Main(m *testing.M) int {
	why := Missing()
	switch {
	case why != "" && os.Getenv(envRequire) != "":
		fmt.Fprintf(os.Stderr, "lab: error: %s, and %s is set\n", why, envRequire)
		return 1
	case why != "":
		defer fmt.Fprintf(os.Stderr, "lab: the tests of the use case's network were skipped: %s\n", why)
		return m.Run()
	}
	remove, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 1
	}
	defer remove()
	status := m.Run()
	if !childless() {
		fmt.Fprintln(os.Stderr, "lab: error: a process was left behind")
		return 1
	}
	return status
}

// Missing says what this machine lacks for a lab; "" if nothing.
func Missing() string {
	if os.Geteuid() != 0 {
		return "network namespaces and Postfix need root"
	}
	if err := onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }); err != nil {
		return fmt.Sprintf("no network namespaces here: %v", err)
	}
	for _, tool := range []string{"postfix", "smtp-source", "swaks", "nft", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool + " is not installed (packages postfix, swaks, libio-socket-inet6-perl, nftables, iproute2)"
		}
	}
	return ""
}

// build makes the zorpgo that the tests run, unless the environment names one.
func build() (remove func(), err error) {
	if os.Getenv(envBinary) != "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "zorpgo-bin-")
	if err != nil {
		return nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil { // for users other than root
		return remove, err
	}
	binary := filepath.Join(dir, "zorpgo")
	build := exec.Command("go", "build", "-o", binary, "zorpgo/cmd/zorpgo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := build.CombinedOutput(); err != nil {
		remove()
		return nil, fmt.Errorf("build zorpgo: %w\n%s", err, out)
	}
	return remove, os.Setenv(envBinary, binary)
}

// childless reports whether no process is left that this one started.
func childless() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == unix.ECHILD
}
