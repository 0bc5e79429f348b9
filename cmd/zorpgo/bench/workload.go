package main

import (
	"bytes"
	"fmt"
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

// chooseWorkloads are those of names, or all; W4 has so many idle sessions. Idle sessions come first: they are weighed
// in a process that has done nothing yet.
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
		case len(names) > 0 && !wanted[w.name]:
		case w.idle > 0:
			w.idle = idle
			waiting = append(waiting, &w)
		default:
			sending = append(sending, &w)
		}
	}
	for name := range wanted {
		if !known[name] {
			return nil, fmt.Errorf("--workloads: there is no %s; write some of W1, W1p, W2, W2p, W3, W4, W5", name)
		}
	}
	return append(waiting, sending...), nil
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
