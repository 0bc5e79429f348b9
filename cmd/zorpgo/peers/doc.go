// Package peers proves that zorpgo is transparent to real mail software: mail servers of four makes stand behind it
// (Postfix, Exim, OpenSMTPD, go-smtp), clients of seven before it. It holds the origins that package lab has not.
// Only its own tests use it; they need what lab needs, and the programs that .ci/peers unpacks.
package peers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen; only a failing test waits that long.
const patience = 30 * time.Second

// unpacked is where .ci/peers put the programs, seen from this package's folder, where its tests run.
const unpacked = "../../../bin/peers"

// The servers that Debian does not let stand beside Postfix.
const (
	exim      = unpacked + "/exim4-daemon-light/usr/sbin/exim4"
	opensmtpd = unpacked + "/opensmtpd/usr/sbin/smtpd"
	libexec   = unpacked + "/opensmtpd/usr/libexec" // what OpenSMTPD runs to deliver
)

// Missing says what this machine lacks of servers and clients; "" if nothing.
func Missing() string {
	for _, program := range []string{exim, opensmtpd, haproxy, nginx, "msmtp", "curl", "python3", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("%s is missing (as root on Debian, make deps fetches it)", filepath.Base(program))
		}
	}
	return ""
}

// Origin is a mail server behind the firewall. It takes mail for bob@example.com and böb@example.com.
type Origin interface {
	// Messages waits for n messages more and gives them as they were stored, with LF at the ends of lines.
	Messages(n int) [][]byte
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
