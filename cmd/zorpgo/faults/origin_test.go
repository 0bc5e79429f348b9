package faults

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// origin is an SMTP server that remembers which messages it has confirmed, by their first line.
type origin struct {
	net.Listener
	fault  func(v *visit, at string) bool // does what goes wrong at a step, and reports whether that was the answer; may be nil
	mu     sync.Mutex
	stored map[string]int
	conns  map[net.Conn]bool
	ends   sync.WaitGroup
}

func newOrigin(t testing.TB) *origin { return newFaultyOrigin(t, nil) }

func newFaultyOrigin(t testing.TB, fault func(v *visit, at string) bool) *origin {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	o := &origin{Listener: l, fault: fault, stored: map[string]int{}, conns: map[net.Conn]bool{}}
	o.ends.Go(o.serve)
	t.Cleanup(o.close)
	return o
}

func (o *origin) serve() {
	for {
		conn, err := o.Accept()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.conns[conn] = true
		o.mu.Unlock()
		o.ends.Go(func() {
			(&visit{o: o, conn: conn.(*net.TCPConn), in: bufio.NewReaderSize(conn, 2048), out: conn}).run()
			conn.Close()
			o.mu.Lock()
			delete(o.conns, conn)
			o.mu.Unlock()
		})
	}
}

func (o *origin) close() {
	o.Close()
	o.mu.Lock()
	for conn := range o.conns {
		conn.Close()
	}
	o.mu.Unlock()
	o.ends.Wait()
}

// has is how often a message was stored.
func (o *origin) has(id string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stored[id]
}

// port is its port, for policies.
func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

// visit is one connection to an origin.
type visit struct {
	o    *origin
	conn *net.TCPConn
	in   *bufio.Reader
	out  io.Writer
	text strings.Builder // of the message so far
	bad  error
}

func (v *visit) say(text string) {
	if v.bad == nil {
		_, v.bad = io.WriteString(v.out, text+"\r\n")
	}
}

// fails reports whether a fault took the place of the answer at a step.
func (v *visit) fails(at string) bool { return v.o.fault != nil && v.o.fault(v, at) }

func (v *visit) run() {
	if !v.fails("greeting") {
		v.say("220 origin.example ESMTP")
	}
	for v.bad == nil {
		line, err := v.in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if v.fails(verb) {
			continue
		}
		switch verb {
		case "EHLO":
			v.say("250-origin.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 SIZE 0")
		case "DATA":
			v.data()
		case "BDAT":
			v.chunk(rest)
		case "RSET":
			v.text.Reset()
			v.say("250 ok")
		case "QUIT":
			v.say("221 bye")
			return
		default:
			v.say("250 ok")
		}
	}
}

func (v *visit) data() {
	for v.say("354 go"); v.bad == nil; {
		line, err := v.in.ReadString('\n')
		if err != nil {
			v.bad = err
			return
		}
		if line == ".\r\n" {
			if !v.fails("end of data") {
				v.store()
			}
			return
		}
		v.text.WriteString(line)
	}
}

func (v *visit) chunk(rest string) {
	size, last, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(size)
	if err != nil {
		v.say("501 size")
		return
	}
	if _, v.bad = io.CopyN(&v.text, v.in, int64(n)); v.bad != nil {
		return
	}
	if last == "" {
		v.say("250 ok")
		return
	}
	v.store()
}

// store keeps the message, then confirms it.
func (v *visit) store() {
	id, _, _ := strings.Cut(v.text.String(), "\r\n")
	v.text.Reset()
	v.o.mu.Lock()
	v.o.stored[id]++
	v.o.mu.Unlock()
	v.say("250 2.0.0 stored")
}
