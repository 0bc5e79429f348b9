package faults

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// steps are where a server is asked for an answer.
var steps = []string{"greeting", "EHLO", "MAIL", "RCPT", "DATA", "end of data"}

// misbehaviours are what a server does instead of, or before, its answer.
var misbehaviours = []struct {
	name string
	do   func(v *visit) (answered bool)
}{
	{"hangs", func(v *visit) bool { return v.hang("") }},
	{"closes", func(v *visit) bool { return v.leave() }},
	{"resets", func(v *visit) bool {
		_ = v.conn.SetLinger(0)
		return v.leave()
	}},
	{"trickles", func(v *visit) bool {
		v.out = trickle{v.conn}
		return false
	}},
	{"says half", func(v *visit) bool { return v.hang("2") }},
	{"says rubbish", func(v *visit) bool { return v.hang("nonsense\r\n") }},
	{"says bare LF", func(v *visit) bool { return v.hang("250 ok\n") }},
	{"says NUL", func(v *visit) bool { return v.hang("250 a\x00b\r\n") }},
	{"says 999", func(v *visit) bool { return v.hang("999 ok\r\n") }},
	{"says 150", func(v *visit) bool { return v.hang("150 ok\r\n") }},
	{"says 354", func(v *visit) bool { return v.hang("354 ok\r\n") }},
	{"changes codes", func(v *visit) bool { return v.hang("250-ok\r\n550 ok\r\n") }},
	{"says a long line", func(v *visit) bool { return v.hang("250 " + strings.Repeat("x", 100_000) + "\r\n") }},
	{"says lines without end", func(v *visit) bool {
		for v.bad == nil {
			v.say("250-ok")
		}
		return true
	}},
	{"says 421", func(v *visit) bool { v.say("421 closing"); return v.leave() }},
}

// trickle writes a byte at a time.
type trickle struct{ net.Conn }

func (t trickle) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		_, err = t.Conn.Write(p[n : n+1])
		n++
		time.Sleep(time.Millisecond)
	}
	return n, err
}

// hang says text and no more.
func (v *visit) hang(text string) bool {
	if _, v.bad = io.WriteString(v.out, text); v.bad == nil {
		_, _ = io.Copy(io.Discard, v.conn)
		v.bad = io.EOF
	}
	return true
}

func (v *visit) leave() bool {
	v.conn.Close()
	v.bad = net.ErrClosed
	return true
}

// serversText is a class that does not wait for long, for the services of servers that misbehave.
const serversText = `
class Impatient(Checked):
    def config(self):
        Checked.config(self)
        self.timeout_greeting, self.timeout_reply, self.timeout_data_init, self.timeout_data_end = 2000, 2000, 2000, 2000
`

// bad is a server that misbehaves at a step, and whom its client meets.
type bad struct {
	step, does string
	origin     *origin
	from       net.IP // its client
	heard      string // by the client, up to what ended its session
}

func (b *bad) message() string { return b.step + " " + b.does }

// badServers has the policy send the clients of 127.0.1.0/24 to a server each.
func (s *stage) badServers() (all []*bad) {
	text := serversText
	for _, step := range steps {
		for _, m := range misbehaviours {
			b := &bad{step: step, does: m.name, from: net.IPv4(127, 0, 1, byte(len(all)+1))}
			b.origin = newFaultyOrigin(s.t, func(v *visit, at string) bool { return at == step && m.do(v) })
			text += fmt.Sprintf("Service(name=\"bad%d\", proxy_class=Impatient, router=DirectedRouter(SockAddrInet(\"127.0.0.1\", %s)))\n"+
				"Rule(service=\"bad%[1]d\", dst_port=%[3]s, src_subnet=\"%[4]s\", dst_subnet=\"127.0.0.1\")\n", len(all), port(b.origin), port(s.door), b.from)
			all = append(all, b)
		}
	}
	s.more = text
	s.write("")
	return all
}

// meet is one message from the client's side: what it hears, verbs before replies.
func (b *bad) meet(at string) {
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: b.from}, Timeout: patience}).Dial("tcp4", at)
	if err != nil {
		b.heard = err.Error()
		return
	}
	defer conn.Close()
	c := newClient(conn)
	_ = conn.SetDeadline(time.Now().Add(patience))
	for _, line := range []string{"", "EHLO client.example\r\n", "MAIL FROM:<a@example.net>\r\n", "RCPT TO:<b@example.com>\r\n", "DATA\r\n",
		b.message() + "\r\n\r\nhello\r\n.\r\n", "QUIT\r\n"} {
		_, _ = io.WriteString(conn, line)
		got, err := c.reply()
		if err != nil {
			got = "nothing more"
		}
		b.heard = got
		if !strings.HasPrefix(got, "2") && !strings.HasPrefix(got, "354") || strings.HasPrefix(line, b.message()) {
			return
		}
	}
}

// TestServersThatMisbehave: whatever a server does, its client hears of it, nothing is confirmed that the server did not
// confirm, and a client of a good server does not notice. testdata/servers.txt has what the clients hear.
func TestServersThatMisbehave(t *testing.T) {
	each(t, func(t *testing.T, loops string) {
		s := newStage(t)
		servers := s.badServers()
		p := s.start(nil, loops, "--pprof")
		must(t, s.session().quit())
		before := p.use()
		load := s.traffic("beside", 1)
		var ends sync.WaitGroup
		for _, b := range servers {
			ends.Go(func() { b.meet(s.at) })
		}
		ends.Wait()
		load.unharmed()
		var table strings.Builder
		for i, b := range servers {
			fmt.Fprintf(&table, "%-12s %-23s %s\n", b.step, b.does, b.heard)
			if confirmed := strings.HasPrefix(b.heard, "2"); confirmed != (b.origin.has(b.message()) == 1) {
				t.Errorf("%s: its client heard %q, the server has %d", b.message(), b.heard, b.origin.has(b.message()))
			}
			p.logsLine(fmt.Sprintf("service=bad%d ", i))
		}
		golden(t, filepath.Join("testdata", "servers.txt"), table.String())
		p.settles(before)
	})
}

// golden compares with a file, which -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	wants := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(wants) || line != wants[i] {
			t.Errorf("%s:%d: got %q", file, i+1, line)
		}
	}
}
