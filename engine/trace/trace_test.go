package trace

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2024, 2, 9, 6, 5, 1, 0, time.UTC)

func newHub() *Hub { return &Hub{Now: func() time.Time { return start }} }

func begin(t *testing.T, h *Hub, o Options) *Tracer {
	t.Helper()
	tracer, err := h.Follow(o)
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// one is a session of service mail.
func one(n int) func() Subject {
	return func() Subject {
		return Subject{ID: fmt.Sprint("svc/i/mail:", n), Service: "mail", Started: start, Server: "192.0.2.25:25",
			Client: netip.MustParseAddrPort("172.16.40.10:40000"), Local: netip.MustParseAddrPort("172.16.40.1:25")}
	}
}

func read(t *Tracer) (lines []string) {
	for e, ok := t.Waiting(); ok; e, ok = t.Waiting() {
		lines = append(lines, strings.TrimPrefix(e.String(), "06:05:01.000 "))
	}
	return lines
}

func TestFilter(t *testing.T) {
	prefix := func(text string) netip.Prefix {
		p, err := ParseClient(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	s := one(3)()
	unconnected, socket := s, s
	unconnected.Server, socket.Server = "", "/run/lmtp"
	six := s
	six.Client, six.Server = netip.MustParseAddrPort("[2001:db8::1]:4000"), "[2001:db8::25]:25"
	for _, c := range []struct {
		name string
		f    Filter
		s    Subject
		want answer
	}{
		{"nothing asked", Filter{}, s, yes},
		{"the service", Filter{Service: "mail"}, s, yes},
		{"another service", Filter{Service: "mai"}, s, no},
		{"the session", Filter{Session: "svc/i/mail:3"}, s, yes},
		{"another session", Filter{Session: "svc/i/mail:33"}, s, no},
		{"the client", Filter{Client: prefix("172.16.40.10")}, s, yes},
		{"the client's network", Filter{Client: prefix("172.16.40.77/24")}, s, yes},
		{"another client", Filter{Client: prefix("172.16.40.11")}, s, no},
		{"all of the other family", Filter{Client: prefix("::/0")}, s, no},
		{"IPv6", Filter{Client: prefix("2001:db8::/32"), Server: "2001:db8::25"}, six, yes},
		{"the server", Filter{Server: "192.0.2.25"}, s, yes},
		{"the server and its port", Filter{Server: "192.0.2.25:25"}, s, yes},
		{"another port", Filter{Server: "192.0.2.25:26"}, s, no},
		{"a server that is not known yet", Filter{Server: "192.0.2.25"}, unconnected, later},
		{"another client, whatever the server", Filter{Service: "x", Server: "192.0.2.25"}, unconnected, no},
		{"a socket", Filter{Server: "/run/lmtp"}, socket, yes},
		{"another socket", Filter{Server: "/run/lmt"}, socket, no},
	} {
		if got := c.f.picks(&c.s); got != c.want {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
	}
	for _, text := range []string{"mars", "172.16.40.0/33", "172.16.40.10:25", ""} {
		if _, err := ParseClient(text); err == nil {
			t.Errorf("client %q is taken", text)
		}
	}
	for text, good := range map[string]bool{"192.0.2.1": true, "192.0.2.1:25": true, "::1": true, "/run/x": true, "mail.example": false} {
		if (CheckServer(text) == nil) != good {
			t.Errorf("server %q", text)
		}
	}
}

func TestNobody(t *testing.T) {
	h := newHub()
	tap := NewTap(h)
	if tap.Tune(one(0)) {
		t.Error("somebody follows")
	}
	tracer := begin(t, h, Options{})
	tracer.Close()
	tracer.Close()
	if h.Watched() || h.Tracers() != 0 || tap.Tune(one(0)) {
		t.Error("who has left follows")
	}
}

func TestHowMany(t *testing.T) {
	h := newHub()
	var all []*Tracer
	for range MaxTracers {
		all = append(all, begin(t, h, Options{}))
	}
	if _, err := h.Follow(Options{}); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	all[1].Close()
	begin(t, h, Options{})
	if h.Tracers() != MaxTracers {
		t.Errorf("%d tracers", h.Tracers())
	}
}

// TestJoin: a session hears of who comes and goes, and who comes late is told so.
func TestJoin(t *testing.T) {
	h := newHub()
	tap := NewTap(h)
	old := func() Subject {
		s := one(0)()
		s.Started = start.Add(-time.Hour)
		return s
	}
	first := begin(t, h, Options{Filter: Filter{Service: "mail"}})
	other := begin(t, h, Options{Filter: Filter{Service: "other"}})
	tap.Tune(old)
	tap.Said("svc/i/mail:0", Client, Server, "NOOP")
	second := begin(t, h, Options{})
	first.Close()
	tap.Tune(old)
	tap.Note("svc/i/mail:0", "a\nb\u202e")
	s := old()
	s.Verdict = "ACCEPTED"
	tap.End(s)
	if tap.Tune(old) {
		t.Error("a session that is over is followed")
	}
	const joined = "svc/i/mail:0 --- is followed from here, began at 05:05:01: client 172.16.40.10:40000 to 172.16.40.1:25, rule 0 (), service mail, server 192.0.2.25:25"
	want(t, read(first), joined, "svc/i/mail:0 C>S NOOP")
	want(t, read(other))
	want(t, read(second), joined, `svc/i/mail:0 --- a\nb\u202e`,
		"svc/i/mail:0 --- ends: ACCEPTED; 0 messages, 0 bytes from and 0 to the client, 0 from and 0 to the server, 0s")
}

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("it was told\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// TestSlow: who does not read loses lines, in their place, and the session does not notice.
func TestSlow(t *testing.T) {
	h := newHub()
	tracer, tap := begin(t, h, Options{Bytes: MaxBytes}), NewTap(h)
	tap.Tune(one(0))
	for range MaxQueued + 10 {
		tap.Said("s", Client, Server, "early")
	}
	for range 2 {
		tracer.Waiting()
	}
	tap.Said("s", Client, Server, "late")
	lines := read(tracer)
	if n := len(lines); n != MaxQueued || lines[n-3] != "s C>S early" || lines[n-1] != "s C>S late" ||
		lines[n-2] != "--- 11 lines are lost here: they came faster than they were read" {
		t.Errorf("%d lines, at last %q", n, lines[n-3:])
	}
	for range MaxQueued + 1 {
		tap.Said("s", Client, Server, "again")
	}
	if lines = read(tracer); lines[len(lines)-1] != "--- 1 lines are lost here: they came faster than they were read" {
		t.Errorf("at last %q", lines[len(lines)-1])
	}
}

func TestSessionsAtATime(t *testing.T) {
	h := newHub()
	tracer := begin(t, h, Options{Sessions: 1})
	a, b, c := NewTap(h), NewTap(h), NewTap(h)
	if !a.Tune(one(0)) || b.Tune(one(1)) {
		t.Error("not the first alone is followed")
	}
	a.End(one(0)())
	if b.Tune(one(1)) || !c.Tune(one(2)) {
		t.Error("not the next one is followed")
	}
	lines := strings.Join(read(tracer), "\n")
	if !strings.Contains(lines, "sessions that are not followed, there are enough at a time (--max-sessions): 1") {
		t.Errorf("it is not told:\n%s", lines)
	}
}

func TestBytesOfASession(t *testing.T) {
	h := newHub()
	tracer, tap := begin(t, h, Options{Bytes: 10, Content: true}), NewTap(h)
	plain := begin(t, h, Options{})
	tap.Tune(one(0))
	tap.Content("s", Client, Proxy, "12345678")
	tap.Said("s", Client, Server, "NOOP")
	tap.Said("s", Client, Server, "QUIT")
	if tap.WantsContent() {
		t.Error("content is wanted by who has enough")
	}
	want(t, read(tracer)[1:], "s C>P 12345678", "s --- more than is to be shown of one session (--max-bytes): only its end will be")
	want(t, read(plain)[1:], "s C>S NOOP", "s C>S QUIT")
}

func TestNext(t *testing.T) {
	h := newHub()
	tracer, tap := begin(t, h, Options{}), NewTap(h)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tracer.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("nothing to tell: %v", err)
	}
	go tap.Tune(one(0))
	if e, err := tracer.Next(context.Background()); err != nil || e.Kind != Begin {
		t.Errorf("%v, %v", e, err)
	}
}

func TestLine(t *testing.T) {
	for raw, shown := range map[string]string{
		"EHLO c\r\n":           "EHLO c",
		"\r\n":                 "",
		"EHLO c":               `"EHLO c"`,
		"EHLO c\n":             `"EHLO c\n"`,
		" EHLO c \r\n":         `" EHLO c \r\n"`,
		"\x1b[31mred\r\n":      `"\x1b[31mred\r\n"`,
		"a\u202eb\r\n":         `"a\u202eb\r\n"`,
		"\xff\r\n":             `"\xff\r\n"`,
		"grüße\r\n":            "grüße",
		"<redacted>\r\n":       `"<redacted>\r\n"`,
		"\"x\"\r\n":            `"\"x\"\r\n"`,
		"a\rb --- ends: x\r\n": `"a\rb --- ends: x\r\n"`,
	} {
		if got := Line([]byte(raw)); got != shown {
			t.Errorf("%q is shown as %s, not %s", raw, got, shown)
		}
	}
	if got := Line([]byte(strings.Repeat("x", 5000) + "\r\n")); len(got) > MaxLine+20 || !strings.HasSuffix(got, `" ... 5002 bytes`) {
		t.Errorf("a long line is shown as %s", got)
	}
}

// FuzzLine: whatever is said makes one printable line, and none that zorpgo says itself.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{"EHLO c\r\n", "\x1b]0;x\x07", "a\u202e\r\n", "\xff\xfe", "<1 bytes of content>\r\n", `"\x00"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		line := Line(raw)
		if strings.HasPrefix(line, "<") || line != "" && !isPlain("x"+line+"x") || len(line) > 4*MaxLine+40 {
			t.Errorf("%q is shown as %q", raw, line)
		}
		if clean := Clean(string(raw)); !isPlain("x" + clean + "x") {
			t.Errorf("%q is told as %q", raw, clean)
		}
	})
}
