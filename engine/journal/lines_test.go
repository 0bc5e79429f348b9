package journal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// both are two logs that should write the same: Text, and the handler of slog that it stands for.
func both() (ours, theirs *written, handlers [2]slog.Handler) {
	ours, theirs = &written{}, &written{}
	o := Options{Verbosity: NewVerbosity(MaxVerbosity, nil)}
	return ours, theirs, [2]slog.Handler{
		Text(NewOutput(ours), o),
		New(slog.NewTextHandler(theirs, &slog.HandlerOptions{Level: everything}), o),
	}
}

// line is what lines writes of r alone; "": it leaves r to slog.
func line(r slog.Record) string {
	var w written
	l := lines{to: NewOutput(&w)}
	l.write(&r)
	return w.String()
}

// FuzzLines: what lines writes, or leaves to slog, is what slog writes.
func FuzzLines(f *testing.F) {
	f.Add("session closed", "session", "svc/i/mail:7", "reason", "no server", int64(25), int64(1234567), int64(1e18), true)
	f.Add("message", "sender", "a=b@\"x\\y\"", "note", "", int64(-1), int64(-5), int64(7e8), false)
	f.Add("é\n", "k k", "\x7f\xff", "", "`", int64(0), int64(0), int64(0), false)
	f.Add("m", "stack", "goroutine 1\n\tmain", "", strings.Repeat("x", MaxValue+1), int64(0), int64(0), int64(-62135596800), true)
	f.Fuzz(func(t *testing.T, message, key, value, key2, value2 string, n, took, at int64, flag bool) {
		if key == slog.SourceKey || key2 == slog.SourceKey || key == tagKey || key2 == tagKey || key == verbosityKey || key2 == verbosityKey {
			return
		}
		when := time.Unix(at%1e11, at&0x3fffffff).In(time.FixedZone("", int(n%50400)/60*60))
		if y := when.Year(); y < 0 || y > 9999 {
			return
		}
		r := slog.NewRecord(when, slog.LevelInfo, message, 0)
		r.AddAttrs(slog.String(key, value), slog.Int64("n", n), slog.Duration("took", time.Duration(took)), slog.Bool("flag", flag), slog.String(key2, value2))
		ours, theirs, handlers := both()
		for _, h := range handlers {
			_ = h.Handle(context.Background(), r)
			h = h.WithAttrs([]slog.Attr{slog.String("session", value2)})
			_ = h.Handle(context.Background(), r)
			h = h.WithAttrs([]slog.Attr{slog.String(key2, value), slog.Any("error", errors.New(value))})
			_ = h.Handle(context.Background(), r)
			_ = h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int64("m", n)}).Handle(context.Background(), r)
		}
		if ours.String() != theirs.String() {
			t.Errorf("is  %q\nnot %q", ours, theirs)
		}
	})
}

// What every session and message has is not left to slog; what only slog knows is.
func TestLinesKnow(t *testing.T) {
	record := func(attrs ...slog.Attr) slog.Record {
		r := slog.NewRecord(time.Unix(1e9, 12e6).UTC(), slog.LevelWarn, "session closed", 0)
		r.AddAttrs(attrs...)
		return r
	}
	got := line(record(slog.String("client", "[2001:db8::1]:25"), slog.Int("rule", 3), slog.Duration("took", time.Second), slog.Bool("b", true), slog.String("reason", "")))
	want := `time=2001-09-09T01:46:40.012Z level=WARN msg="session closed" client=[2001:db8::1]:25 rule=3 took=1s b=true reason=""` + "\n"
	if got != want {
		t.Errorf("is  %q\nnot %q", got, want)
	}
	for _, a := range []slog.Attr{
		slog.Any("client", netip.MustParseAddrPort("192.0.2.1:25")), slog.Any("error", io.EOF), slog.Float64("f", 1), slog.String("s", "é"),
		slog.String("s", "\n"), slog.String("s", strings.Repeat("x", MaxValue+1)), slog.Group("g", "a", 1), slog.String("", "x"), {},
	} {
		if got := line(record(a)); got != "" {
			t.Errorf("%v: %q", a, got)
		}
	}
}

// Records of sessions that end write whole lines, however many there are at a time.
func TestLinesAreWhole(t *testing.T) {
	var w written
	h := Text(NewOutput(&w), Options{Verbosity: NewVerbosity(MaxVerbosity, nil)})
	done := make(chan struct{})
	for range 8 {
		go func() {
			log := slog.New(h).With("session", "svc/i/mail:7")
			for range 200 {
				log.Info("message", "sender", "a@b.example")
				log.Info("message", "sender", "é@b.example") // by slog
			}
			done <- struct{}{}
		}()
	}
	for range 8 {
		<-done
	}
	for l := range strings.Lines(w.String()) {
		if !strings.HasPrefix(l, "time=") || strings.Count(l, "msg=") != 1 || strings.Count(l, "sender=") != 1 || !strings.HasSuffix(l, "verbosity=3\n") {
			t.Fatalf("%q", l)
		}
	}
}

// BenchmarkRecord is the record of a message, and slog's own handler beside it.
func BenchmarkRecord(b *testing.B) {
	o := Options{Verbosity: NewVerbosity(3, Spec{{"*.accounting", 4}}), Recent: &Recent{}, Repeats: &Repeats{}}
	for name, h := range map[string]slog.Handler{"lines": Text(NewOutput(io.Discard), o), "slog": New(slog.NewTextHandler(io.Discard, nil), o)} {
		h = h.WithAttrs([]slog.Attr{slog.String("session", "svc/i/mail:7")})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			c := Class{"smtp.accounting", 4}
			for b.Loop() {
				r := slog.NewRecord(time.Now(), c.Level(), "message", 0)
				tag, verbosity := c.Attrs()
				r.AddAttrs(tag, verbosity, slog.String("sender", "<a@b.example>"), slog.Int("recipients", 1), slog.Int64("size", 4030),
					slog.Int("code", 250), slog.String("note", ""), slog.String("header", ""))
				_ = h.Handle(context.Background(), r)
			}
		})
	}
}
