package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnits installs into an empty tree and has systemd read the units: they are right, and leave little to an intruder.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed (package systemd)")
	}
	root := t.TempDir()
	binary, err := exec.LookPath("zorpgo") // this program, as TestMain has it
	if err != nil {
		t.Fatal(err)
	}
	systemd(t, root, "make", "-C", "../..", "install", "BINARY="+binary, "PREFIX="+filepath.Join(root, "usr"), "UNITDIR="+filepath.Join(root, "units"))
	service, socket := "zorpgo@default_instance.service", "zorpgo@default_instance.socket"
	for _, unit := range []string{service, socket} {
		if said := systemd(t, root, analyze, "verify", "--man=no", filepath.Join(root, "units", unit)); strings.Contains(said, "zorpgo") {
			t.Errorf("%s:\n%s", unit, said)
		}
	}
	systemd(t, root, analyze, "security", "--offline=true", "--threshold=25", filepath.Join(root, "units", service))
	for _, name := range []string{"bin/zorpgo", "share/zorpgo/policies/transparent/mail.star", "share/zorpgo/policies/REFERENCE.md", "share/man/man8/zorpgo-run.8"} {
		if _, err := os.Stat(filepath.Join(root, "usr", name)); err != nil {
			t.Error(err)
		}
	}
}

// systemd runs a program whose units are those of root, and gives what it said.
func systemd(t *testing.T, root string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+filepath.Join(root, "units")+":", "SYSTEMD_LOG_LEVEL=warning")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
