package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// workload is one way to use a proxy.
type workload struct {
	name       string
	what       string
	atATime    int // sessions at the same time
	perSession int // messages of one session
	pipelined  bool
	size       int // of a message, in bytes
	idle       int // sessions that only wait; 0: sessions that send
	security
}

const (
	small = 4 << 10
	large = 10 << 20
)

var workloads = []workload{
	{name: "W1", what: "one 4 KiB message per connection", atATime: 16, perSession: 1, size: small},
	{name: "W1p", what: "the same, pipelined", atATime: 16, perSession: 1, size: small, pipelined: true},
	{name: "W2", what: "100 messages of 4 KiB per connection", atATime: 8, perSession: 100, size: small},
	{name: "W2p", what: "the same, pipelined", atATime: 8, perSession: 100, size: small, pipelined: true},
	{name: "W3", what: "one 10 MiB message per connection", atATime: 2, perSession: 1, size: large},
	{name: "W4", what: "idle sessions with an accepted recipient", atATime: 32, size: small, idle: 1000},
	{name: "W5", what: "latency of a session with one 4 KiB message", atATime: 1, perSession: 1, size: small},
	{name: "W5", what: "latency of a session with one 4 KiB message", atATime: 32, perSession: 1, size: small},

	encrypted("W6", "W1 with STARTTLS, a full handshake each", small, security{client: startTLS}),
	encrypted("W6i", "W1 in TLS, a full handshake each", small, security{client: implicit}),
	encrypted("W6r", "W1 in TLS, sessions resumed", small, security{client: implicit, resumed: true}),
	encrypted("W6o", "W1 in TLS to the origin alone, a full handshake each", small, security{server: implicit}),
	encrypted("W6b", "W1 in TLS on both sides, two full handshakes each", small, security{client: implicit, server: implicit}),
	encrypted("W6br", "W1 in TLS on both sides, sessions resumed", small, security{client: implicit, server: implicit, resumed: true}),
	encrypted("W7", "W3 with STARTTLS", large, security{client: startTLS}),
	encrypted("W7i", "W3 in TLS", large, security{client: implicit}),
	encrypted("W7o", "W3 in TLS to the origin alone", large, security{server: implicit}),
	encrypted("W7b", "W3 in TLS on both sides", large, security{client: implicit, server: implicit}),
}

// encrypted is W1 or W3, by the size of its messages, under TLS.
func encrypted(name, what string, size int, s security) workload {
	atATime := 16
	if size == large {
		atATime = 2
	}
	return workload{name: name, what: what, atATime: atATime, perSession: 1, size: size, security: s}
}

// String is what the table says of w.
func (w *workload) String() string {
	if w.idle > 0 {
		return fmt.Sprintf("%s  %d %s", w.name, w.idle, w.what)
	}
	return fmt.Sprintf("%s  %s, %d at a time", w.name, w.what, w.atATime)
}

func listWorkloads() string {
	var b strings.Builder
	b.WriteString("Workloads:\n")
	for i := range workloads {
		fmt.Fprintf(&b, "  %s\n", &workloads[i])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// chooseWorkloads are those of names, or all that are in clear; W4 has so many idle sessions. Idle sessions come first:
// they are weighed in a process that has done nothing yet.
func chooseWorkloads(names []string, idle int) ([]*workload, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var waiting, sending []*workload
	known := map[string]bool{}
	for _, w := range workloads {
		known[w.name] = true
		switch {
		case len(names) > 0 && !wanted[w.name], len(names) == 0 && !w.inClear():
		case w.idle > 0:
			w.idle = idle
			waiting = append(waiting, &w)
		default:
			sending = append(sending, &w)
		}
	}
	for name := range wanted {
		if !known[name] {
			return nil, fmt.Errorf("--workloads: there is no %s; write some of %s", name, strings.Join(workloadNames(), ", "))
		}
	}
	return append(waiting, sending...), nil
}

// workloadNames are all of them, once each.
func workloadNames() (names []string) {
	for _, w := range workloads {
		names = append(names, w.name)
	}
	return slices.Compact(names)
}

// bySecurity puts together what follows each other and is alike in its security.
func bySecurity(works []*workload) (groups [][]*workload) {
	for _, w := range works {
		if n := len(groups); n > 0 && groups[n-1][0].security == w.security {
			groups[n-1] = append(groups[n-1], w)
			continue
		}
		groups = append(groups, []*workload{w})
	}
	return groups
}

// content is a message of about size bytes as it is sent: with dots doubled where a line begins with one, and the end.
func content(size int) []byte {
	var b bytes.Buffer
	b.WriteString("From: " + sender + "\r\nTo: " + recipient + "\r\nSubject: benchmark\r\n" +
		"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@bench.example>\r\n\r\n")
	line := strings.Repeat("abcdefghij", 7) + "\r\n"
	for n := 1; b.Len()+len(line) <= size; n++ {
		if n%64 == 0 {
			b.WriteString("..")
			b.WriteString(line[2:])
			continue
		}
		b.WriteString(line)
	}
	b.WriteString(end)
	return b.Bytes()
}

const (
	sender    = "<sender@bench.example>"
	recipient = "<recipient@bench.example>"
	end       = ".\r\n"
)
