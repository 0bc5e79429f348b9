package smtp

import (
	"bytes"
	"io"
	"log/slog"
	"testing"
	"time"

	"zorpgo/engine/proxy"
)

// sink is an Exchange that throws everything away.
type sink struct{ sent [2]int }

func (s *sink) Send(to proxy.Side, b []byte)  { s.sent[to] += len(b) }
func (s *sink) Pass(to proxy.Side, b []byte)  { s.sent[to] += len(b) }
func (*sink) Probe(proxy.Side) bool           { return false }
func (*sink) Await(proxy.Side, time.Duration) {}
func (*sink) Ask(question func())             { question() }
func (*sink) Finish(proxy.Side)               {}
func (*sink) Hangup(proxy.Side)               {}
func (*sink) Secure(proxy.Side)               {}
func (*sink) Reset(proxy.Side)                {}
func (*sink) Wake(time.Duration)              {}

// quiet is a session whose log is off.
func quiet(b testing.TB) proxy.Protocol {
	s := smtpProxy()
	s.Limits.Transactions = 0 // a benchmark has more of them than a session may
	m := newMachine(b, s)
	m.(*Machine).session.Log = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
	return m
}

type said struct {
	from proxy.Side
	text []byte
}

func script(lines ...string) (out []said) {
	for _, l := range lines {
		from := proxy.Client
		if l[0] == 's' {
			from = proxy.Server
		}
		out = append(out, said{from, []byte(l[2:] + "\r\n")})
	}
	return out
}

var (
	opening = script("s 220 m", "c EHLO c", "s 250-m\r\n250-PIPELINING\r\n250 SIZE 1000")
	message = script("c MAIL FROM:<a@x.example> SIZE=100", "s 250 ok", "c RCPT TO:<b@y.example>", "s 250 ok", "c DATA", "s 354 go",
		"c Subject: x\r\n\r\n.", "s 250 taken")
)

func play(m proxy.Protocol, x proxy.Exchange, lines []said) {
	for _, l := range lines {
		for rest := l.text; len(rest) > 0; {
			rest = rest[m.Receive(x, l.from, rest):]
		}
	}
}

// TestMessageAllocatesNothing: in steady state neither commands nor replies nor mail data cost an allocation.
func TestMessageAllocatesNothing(t *testing.T) {
	m, x := quiet(t), &sink{}
	m.Open(x, nil)
	play(m, x, opening)
	play(m, x, message)
	if n := testing.AllocsPerRun(100, func() { play(m, x, message) }); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
	if m.(*Machine).phase != phaseCommand {
		t.Fatal("the dialog broke off")
	}
}

func BenchmarkMessage(b *testing.B) {
	m, x := quiet(b), &sink{}
	m.Open(x, nil)
	play(m, x, opening)
	b.ReportAllocs()
	for b.Loop() {
		play(m, x, message)
	}
	if m.(*Machine).phase != phaseCommand {
		b.Fatal("the dialog broke off")
	}
}

func BenchmarkSession(b *testing.B) {
	x, class := &sink{}, quiet(b).(*Machine).class
	on := newSession()
	on.Log = slog.New(slog.DiscardHandler)
	b.ReportAllocs()
	for b.Loop() {
		m := class.NewWith(on, nil)
		m.Open(x, nil)
		play(m, x, opening)
		play(m, x, message)
		m.Close()
	}
}

func BenchmarkCompile(b *testing.B) {
	s := smtpProxy()
	for b.Loop() {
		Compile("SmtpProxy", s)
	}
}

func BenchmarkBody(b *testing.B) {
	chunk := bytes.Repeat([]byte("0123456789012345678901234567890123456789012345678901234567890123456789\r\n"), 1800)
	scanner := body{lineStart: true}
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		if _, used, event := scanner.scan(chunk); used != len(chunk) || event != bodyMore {
			b.Fatal(used, event)
		}
	}
}
