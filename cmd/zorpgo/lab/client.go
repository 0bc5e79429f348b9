package lab

import (
	"fmt"
	"net"
	"net/netip"
)

// Swaks sends a mail from this host with swaks, and it must be accepted: to is the server's address, args are what else
// swaks shall do. The process's Journal is the dialog.
func (h *Host) Swaks(to string, args ...string) *Process {
	h.t.Helper()
	family := "-4"
	if netip.MustParseAddr(to).Is6() {
		family = "-6"
	}
	base := []string{"swaks", family, "--server", to, "--port", "25", "--helo", "client.example.net", "--from", "alice@example.net"}
	return h.Run(Command{Args: append(base, args...)})
}

// Load is a number of equal messages for smtp-source to send.
type Load struct {
	To                       string // the server's address
	Messages, Sessions, Size int
}

// Source sends a load from this host with Postfix's smtp-source; every message must be accepted. Their recipient is of
// a domain whose mail the origin throws away.
func (h *Host) Source(load Load) {
	h.t.Helper()
	h.Run(Command{Args: []string{"smtp-source",
		"-m", fmt.Sprint(load.Messages), "-s", fmt.Sprint(load.Sessions), "-l", fmt.Sprint(load.Size),
		"-f", "alice@example.net", "-t", "bulk@elsewhere.example", net.JoinHostPort(load.To, "25")}})
}
