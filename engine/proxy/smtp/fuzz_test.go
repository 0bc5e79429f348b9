package smtp

import (
	"bytes"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"zorpgo/engine/proxy"
)

// tape is an Exchange that keeps what it is told.
type tape struct {
	out  [2]bytes.Buffer
	hung [2]bool

	securing bool // TLS is to begin on side; its handshake succeeds, unless something came in clear
	side     proxy.Side
	clear    [2][2]int // of each side that is under TLS: what both sides had been sent before
}

func (x *tape) Send(to proxy.Side, b []byte) {
	if !x.hung[to] {
		x.out[to].Write(b)
	}
}
func (x *tape) Pass(to proxy.Side, b []byte)  { x.Send(to, b) }
func (*tape) Probe(proxy.Side) bool           { return false }
func (*tape) Await(proxy.Side, time.Duration) {}
func (*tape) Ask(func())                      { panic("nothing to ask") }
func (x *tape) Finish(proxy.Side)             {}
func (x *tape) Hangup(side proxy.Side)        { x.hung[side] = true }
func (x *tape) Reset(side proxy.Side)         { x.hung[side] = true }
func (x *tape) Wake(time.Duration)            {}
func (x *tape) Secure(side proxy.Side)        { x.securing, x.side = true, side }

// run feeds both sides in turn, in pieces whose lengths are in cuts, and returns what was not used.
func (x *tape) run(m proxy.Protocol, in [2][]byte, cuts []byte) {
	m.Open(x, nil)
	var have [2][]byte
	for turn := 0; len(in[0])+len(in[1]) > 0; turn++ {
		side := turn % 2
		n := len(in[side])
		if turn < len(cuts) {
			n = min(n, int(cuts[turn]))
		} else if turn > len(cuts)+8 {
			break
		}
		have[side] = append(have[side], in[side][:n]...)
		in[side] = in[side][n:]
		x.feed(m, &have)
	}
	for side := range have {
		if !x.hung[side] {
			m.Ended(x, proxy.Side(side), bytes.ErrTooLarge)
		}
	}
	m.Close()
}

func (x *tape) feed(m proxy.Protocol, have *[2][]byte) {
	for more := true; more; {
		more = false
		for side := range have {
			if !x.securing && len(have[side]) > 0 && !x.hung[side] && m.Ready(proxy.Side(side)) {
				n := m.Receive(x, proxy.Side(side), bytes.Clone(have[side]))
				have[side] = have[side][n:]
				more = more || n > 0
			}
		}
		if x.securing {
			x.secure(m.(*Machine), have)
			more = true
		}
	}
}

func proper(b []byte) bool {
	return bytes.IndexByte(b, 0) < 0 && bytes.Count(b, []byte("\r")) == bytes.Count(b, crlf) && bytes.Count(b, []byte("\n")) == bytes.Count(b, crlf)
}

// FuzzSession: whatever either side sends, however it is cut, both get proper lines only, what the client hears of
// success the server said, and a simple server reads the same commands and messages in what it is sent.
func FuzzSession(f *testing.F) {
	client := "EHLO c\r\nMAIL FROM:<a@x.example> SIZE=10\r\nRCPT TO:<b@y.example>\r\nDATA\r\ntext\r\n..\r\n.\r\nBDAT 3 LAST\r\nabcRSET\r\nQUIT\r\n"
	server := "220 m\r\n250-m\r\n250-PIPELINING\r\n250 SIZE 10\r\n250 a\r\n250 b\r\n354 go\r\n250 taken\r\n250 r\r\n221 bye\r\n"
	f.Add([]byte(client), []byte(server), []byte{0, 7, 8, 60, 38, 7, 24, 7, 6, 8, 200, 11})
	f.Add([]byte("HELO c\r\nMAIL FROM:<>\r\n"), []byte("220\r\n250-a\r\n250 b\r\n550 no\r\n"), []byte{0, 5, 8, 14, 20, 8})
	f.Add([]byte("NOOP\r\n\x00\r\nGET /\r\n"), []byte("220 m\r\n250 ok\r\n250 ok\r\n"), []byte{0, 7, 6, 20})
	f.Add([]byte("EHLO c\r\nX\n"), []byte("421 m\r\n"), []byte{})
	f.Add([]byte("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 3\r\nab\rBDAT 3 LAST\r\n\ncdQUIT\r\n"),
		[]byte("220 m\r\n250-m\r\n250-8BITMIME\r\n250 CHUNKING\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n"), []byte{0, 7, 8, 38, 14, 7, 15, 7, 11, 7, 16, 7})
	f.Add([]byte("EHLO c\r\nAUTH LOGIN\r\nYQ==\r\n*\r\nMAIL FROM:<a@b> AUTH=<>\r\n"),
		[]byte("220 m\r\n250-m\r\n250-AUTH LOGIN PLAIN\r\n250 SIZE 9\r\n334 a\r\n334 b\r\n501 c\r\n"), []byte{0, 7, 8, 46, 12, 7, 6, 7, 3, 7})
	for _, d := range transcripts(f) {
		if client, server, cuts := d.said(); len(client)+len(server) < 8<<10 {
			f.Add(client, server, cuts)
		}
	}
	f.Fuzz(func(t *testing.T, client, server, cuts []byte) {
		x, p := &tape{}, permissive(t)
		x.run(p, [2][]byte{client, server}, cuts)
		toServer, toClient := x.out[proxy.Server].Bytes(), x.out[proxy.Client].Bytes()
		if !proper(toServer) || !proper(toClient) {
			t.Fatalf("to the server %q\nto the client %q", toServer, toClient)
		}
		origin := &originModel{in: toServer, replies: codes(server)}
		origin.read()
		if verb := origin.strange(); verb != "" {
			t.Fatalf("the server takes %q for a command\nserver %q\nclient %q\nto server %q", verb, server, client, toServer)
		}
		if took := p.(*Machine).session.Count.Messages; took > origin.messages {
			t.Fatalf("%d messages are taken for delivered, the server has %d\nserver %q\nclient %q\nto server %q", took, origin.messages, server, client, toServer)
		}
		if said, heard := successes(server), successes(toClient); heard > said {
			t.Fatalf("the server said %d times 2xx, the client heard it %d times\nserver %q\nclient %q\nto server %q\nto client %q", said, heard, server, client, toServer, toClient)
		}
	})
}

// successes counts replies that promise something: 2xx, but for VRFY's 252 and a QUIT without a server.
func successes(replies []byte) (n int) {
	for _, line := range bytes.Split(replies, crlf) {
		if len(line) >= 3 && line[0] == '2' && (len(line) == 3 || line[3] == ' ') &&
			!bytes.HasPrefix(line, []byte("252")) && !bytes.Equal(line, []byte("221 Bye")) {
			n++
		}
	}
	return n
}

// FuzzReply: a reply that is taken is the same however it arrives, has one code, and no control bytes.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{"250 ok\r\n", "250\r\n", "250-a\r\n250 b\r\n", "25\r\n", "999 x\r\n", "250-a\r\n550 b\r\n", "250 a\rb\r\n"} {
		f.Add([]byte(seed), uint16(2))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		s := DefaultSettings()
		var whole, split replyParser
		r, complete, err := whole.next(in, s)
		_, early, _ := split.next(in[:int(cut)%(len(in)+1)], s)
		if !early {
			again, complete2, err2 := split.next(in, s)
			if err == nil && (complete2 != complete || err2 != nil || !bytes.Equal(again.raw, r.raw)) {
				t.Fatalf("%q: %q %v %v, cut %q %v %v", in, r.raw, complete, err, again.raw, complete2, err2)
			}
		}
		if complete && (!proper(r.raw) || r.code < 200 || r.code > 599) {
			t.Fatalf("%q gives %d %q", in, r.code, r.raw)
		}
	})
}

// permissive offers all that can be offered, but for what may hold any byte.
func permissive(t *testing.T) proxy.Protocol {
	s := smtpProxy()
	s.PermitAuthWithoutTLS = true
	for _, keyword := range ExtensionsBuilt() {
		if keyword != "BINARYMIME" {
			s.Extensions[keyword] = Accept
		}
	}
	m := newMachine(t, s)
	m.(*Machine).session.Log = slog.New(slog.DiscardHandler)
	return m
}

// FuzzCommand: a command line that is forwarded is one proper line, and forwarded again it is the same.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{"NOOP x", "mail from:<a@b> size=1 body=8bitmime", "RCPT to: <@a:b@c> NOTIFY=NEVER", "HELO [1.2.3.4]", "ETRN @x",
		"AUTH PLAIN AGEAYg==", "VRFY x", "MAIL FROM:<\"a b\"@c> MT-PRIORITY=3 BY=1;R", "BDAT 3 LAST", "XCLIENT a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		once := forwardedAs(t, line)
		if len(once) == 0 {
			return
		}
		if !proper(once) || bytes.Count(once, crlf) != 1 {
			t.Fatalf("%q is forwarded as %q", line, once)
		}
		if again := forwardedAs(t, bytes.TrimSuffix(once, crlf)); !bytes.Equal(again, once) {
			t.Fatalf("%q is forwarded as %q, and that as %q", line, once, again)
		}
	})
}

// forwardedAs is what the server gets of a command line, sent where its place is.
func forwardedAs(t *testing.T, line []byte) []byte {
	m, x := permissive(t), &tape{}
	m.Open(x, nil)
	say := func(from proxy.Side, text string) { m.Receive(x, from, []byte(text)) }
	say(proxy.Server, "220 m\r\n")
	say(proxy.Client, "EHLO c\r\n")
	say(proxy.Server, "250-m\r\n250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ETRN\r\n250-DELIVERBY\r\n250-MT-PRIORITY\r\n250 AUTH PLAIN\r\n")
	if hasFold(line, "RCPT") {
		say(proxy.Client, "MAIL FROM:<> SMTPUTF8\r\n")
		say(proxy.Server, "250 ok\r\n")
	}
	before := x.out[proxy.Server].Len()
	m.Receive(x, proxy.Client, append(bytes.Clone(line), crlf...))
	return bytes.Clone(x.out[proxy.Server].Bytes()[before:])
}

// FuzzHello: of any EHLO reply the client sees a proper reply, its first line and only keywords that the machine knows.
func FuzzHello(f *testing.F) {
	for _, seed := range []string{"250-m\r\n250-SIZE 10\r\n250 X-FOO\r\n", "250 m\r\n", "250-m\r\n250-AUTH=LOGIN\r\n250-AUTH GSSAPI\r\n250\r\n",
		"250-m\r\n250-LIMITS RCPTMAX=9999 MAILMAX=x\r\n250 STARTTLS\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s := smtpProxy()
		s.Limits.MessageSize, s.PermitAuthWithoutTLS = 5, true
		var p replyParser
		r, complete, err := p.next(in, s)
		if err != nil || !complete {
			return
		}
		r.raw = r.canonical(s.MaxResponseLength)
		set := offered(&r, s.permitted(), s)
		out := filterHello(nil, &r, set, s)
		again, complete, err := new(replyParser).next(out, s)
		if err != nil || !complete || len(again.raw) != len(out) || again.code != r.code {
			t.Fatalf("%q is shown as %q", in, out)
		}
		_, rest := nextLine(out)
		for len(rest) > 0 {
			var line []byte
			line, rest = nextLine(rest)
			keyword, _ := cutKeyword(lineText(line))
			if row := findExtension(keyword); row == nil || set&row.bit == 0 {
				t.Fatalf("%q: the client sees %q", in, line)
			}
		}
	})
}

// FuzzChunks: however a message is cut into chunks and segments, the server gets its octets in chunks that add up, or
// the session is closed before the last.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("a\r\nb\r\n"), []byte{2, 1, 3}, []byte{1, 2, 3})
	f.Add([]byte("a\nb"), []byte{1}, []byte{})
	f.Add([]byte("\r\n\r\n"), []byte{1, 1, 1, 1}, []byte{1})
	f.Fuzz(func(t *testing.T, message, chunks, cuts []byte) {
		m, x := permissive(t), &tape{}
		m.Open(x, nil)
		for _, s := range script("s 220 m", "c EHLO c", "s 250-m\r\n250 CHUNKING", "c MAIL FROM:<>", "s 250 ok", "c RCPT TO:<b@y>", "s 250 ok") {
			m.Receive(x, s.from, s.text)
		}
		x.out[proxy.Server].Reset()
		want := message
		for len(message) > 0 || want != nil && len(chunks) == 0 {
			n, last := len(message), " LAST"
			if len(chunks) > 0 {
				n, last = min(n, int(chunks[0])), ""
				chunks = chunks[1:]
			}
			cuts = sendChunk(m, x, "BDAT "+strconv.Itoa(n)+last+"\r\n", message[:n], cuts)
			message = message[n:]
			if last != "" {
				break
			}
		}
		octets, ended := chunksOf(t, x.out[proxy.Server].Bytes())
		if !proper(octets) && !bytes.HasSuffix(octets, crlf[:1]) || ended && !bytes.Equal(octets, want) {
			t.Fatalf("%q came as %q, ended %v", want, octets, ended)
		}
	})
}

// sendChunk sends a chunk in segments; the server takes every piece.
func sendChunk(m proxy.Protocol, x *tape, command string, octets, cuts []byte) []byte {
	have := append([]byte(command), octets...)
	var unused []byte
	for len(have) > 0 {
		n := len(have)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])+1), cuts[1:]
		}
		unused, have = append(unused, have[:n]...), have[n:]
		for used := 1; used > 0 && len(unused) > 0 && m.Ready(proxy.Client); {
			used = m.Receive(x, proxy.Client, bytes.Clone(unused))
			unused = unused[used:]
			for len(m.(*Machine).queue) > 0 && !x.hung[proxy.Server] {
				m.Receive(x, proxy.Server, []byte("250 ok\r\n"))
			}
		}
	}
	return cuts
}

// chunksOf reads what the server got: the octets of all chunks, and whether the last was among them.
func chunksOf(t *testing.T, b []byte) (octets []byte, ended bool) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, crlf)
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != "BDAT" {
			t.Fatalf("the server got %q", line)
		}
		n, err := strconv.Atoi(string(fields[1]))
		if err != nil || n > len(rest) {
			t.Fatalf("%q announces what does not come: %q", line, rest)
		}
		octets, b, ended = append(octets, rest[:n]...), rest[n:], len(fields) == 3
	}
	return octets, ended
}
