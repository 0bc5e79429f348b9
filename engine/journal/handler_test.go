package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// written is what a log writes, whoever has it write.
type written struct {
	mu   sync.Mutex
	text []byte
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p...)
	return len(p), nil
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}

func (w *written) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = nil
}

// rig is a log as zorpgo run has it.
type rig struct {
	written
	*slog.Logger
	session   *slog.Logger
	verbosity *Verbosity
	recent    Recent
	repeats   Repeats
}

func newRig(verbose int, spec string, asJSON bool) *rig {
	r := &rig{}
	s, err := ParseSpec(spec)
	if err != nil {
		panic(err)
	}
	r.verbosity = NewVerbosity(verbose, s)
	make := Text
	if asJSON {
		make = JSON
	}
	r.Logger = slog.New(make(NewOutput(&r.written), Options{Verbosity: r.verbosity, Recent: &r.recent, Repeats: &r.repeats}))
	r.session = r.With("session", "svc/i/mail:7")
	return r
}

// refuse writes the record of a refusal.
func (r *rig) refuse(client, verb string) {
	c := Class{"smtp.policy", 2}
	tag, verbosity := c.Attrs()
	r.session.LogAttrs(Refused, c.Level(), "command refused", tag, verbosity, slog.String("verb", verb),
		slog.String("code", "550"), slog.String("reason", "relay"), slog.Any("client", netip.MustParseAddrPort(client)), slog.String("service", "mail"))
}

func TestClassOfTheEnginesOwn(t *testing.T) {
	r := newRig(6, "", false)
	r.Info("listening", "at", "x")
	r.Error("broken", "tag", "core.policy")
	r.Debug("detail")
	for _, want := range []string{"msg=listening at=x tag=core.info verbosity=3", "msg=broken tag=core.policy verbosity=1", "level=DEBUG msg=detail tag=core.debug verbosity=6"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("no %s in\n%s", want, r)
		}
	}
}

// TestEscaped (LOG-01): nothing that comes from outside can begin a line, steer a terminal or turn text around.
func TestEscaped(t *testing.T) {
	evil := "x\nlevel=ERROR msg=forged \x1b[31m\u2028\u202e\u0085\x7f\xff\u200b\U000e0041"
	for _, asJSON := range []bool{false, true} {
		r := newRig(3, "", asJSON)
		r.With("session", "s"+evil).Info("m"+evil, "value", evil, "error", errors.New(evil))
		text := r.String()
		if strings.Count(text, "\n") != 1 {
			t.Errorf("more than a line: %q", text)
		}
		if i := strings.IndexFunc(strings.TrimSuffix(text, "\n"), func(c rune) bool { return c != ' ' && unprintable(c) }); i >= 0 {
			t.Errorf("%q is there as it came", text[i:])
		}
		for _, want := range []string{`x1b[31m`, `u2028`, `u202e`, `u0085`, `x7f`, `xff`, `u200b`, `U000e0041`} {
			if strings.Count(text, want) != 4 {
				t.Errorf("%s is not there four times: %s", want, text)
			}
		}
	}
}

func TestValuesAreCapped(t *testing.T) {
	r := newRig(3, "", false)
	r.Info("m", "value", strings.Repeat("x", 1<<20))
	if len(r.String()) > MaxValue+200 || !strings.Contains(r.String(), "(1048576 bytes)") {
		t.Errorf("%d bytes: %.100s", len(r.String()), r)
	}
}

// refusals is how often one client is refused.
const refusals = 20_000

// TestRepeats (LOG-04): any number of refusals make few lines, and nothing is lost without a count.
func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3, "", false)
		for i := range refusals {
			r.refuse(fmt.Sprintf("192.0.2.%d:%d", i%250, 1000+i%1000), fmt.Sprint("X", i))
		}
		if n := strings.Count(r.String(), "\n"); n != repeatLimit {
			t.Errorf("%d lines", n)
		}
		r.refuse("198.51.100.1:1", "RCPT") // another network
		if n := strings.Count(r.String(), "\n"); n != repeatLimit+1 {
			t.Errorf("%d lines", n)
		}
		r.Reset()
		time.Sleep(repeatWindow + time.Second)
		synctest.Wait()
		if text := r.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, fmt.Sprint("repeated=", refusals-repeatLimit)) ||
			!strings.Contains(text, `msg="command refused"`) {
			t.Errorf("%s", text)
		}
		if r.repeats.Left() != refusals-repeatLimit {
			t.Errorf("%d were left out", r.repeats.Left())
		}
		r.Reset()
		r.refuse("192.0.2.1:1", "RCPT") // a new window
		if strings.Count(r.String(), "\n") != 1 {
			t.Errorf("%s", r)
		}
		r.repeats.Flush()
	})
}

// TestRepeatsAreBounded: neither networks nor messages that are made up make more lines, or more memory.
func TestRepeatsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3, "", false)
		for i := range 20_000 {
			r.refuse(fmt.Sprintf("10.%d.%d.1:25", i>>8, i&255), "RCPT")
		}
		if n := strings.Count(r.String(), "\n"); n > repeatEvents+repeatOthers || len(r.repeats.events) > repeatEvents+1 {
			t.Errorf("%d lines, %d events", n, len(r.repeats.events))
		}
		r.repeats.Flush()
		if !strings.Contains(r.String(), "more events than are told apart") {
			t.Error("what was left out is not told")
		}
	})
}

// TestNeverLeftOut: closing records, accounting, debugging and the engine's own.
func TestNeverLeftOut(t *testing.T) {
	r := newRig(10, "", false)
	log := r.With("session", "svc/i/mail:7")
	for range 50 {
		log.Info("session closed", "tag", "core.summary", "verbosity", 2)
		log.Info("message", "tag", "smtp.accounting", "verbosity", 2)
		log.Debug("request", "tag", "smtp.request", "verbosity", 7)
		log.Info("client logged in", "tag", "smtp.info", "verbosity", 3)
		r.Error("cannot accept connections")
	}
	if n := strings.Count(r.String(), "\n"); n != 250 {
		t.Errorf("%d lines", n)
	}
}

// TestErrorsOfSessionsAreLimited: what a client can cause again and again is counted, however grave it is.
func TestErrorsOfSessionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(3, "", false)
		for i := range 500 {
			r.With("session", fmt.Sprintf("svc/i/mail:%d", i)).Error("policy function failed", "tag", "smtp.policy", "verbosity", 1)
		}
		if n := strings.Count(r.String(), "\n"); n != repeatLimit {
			t.Errorf("%d lines", n)
		}
		r.repeats.Flush()
		if !strings.Contains(r.String(), "repeated=490") {
			t.Errorf("%s", r)
		}
	})
}

func TestRecent(t *testing.T) {
	r := newRig(0, "", false) // refusals are kept although none is written
	for i := range 150 {
		r.refuse("192.0.2.1:25", fmt.Sprint("X", i))
	}
	for i := range 5 {
		r.refuse(fmt.Sprintf("192.0.2.9:%d", 1000+i), "MAIL")
	}
	r.refuse("192.0.2.1:25", "X149")
	r.Info("no refusal", "verb", "NOOP")
	list := r.recent.List()
	if len(list) != maxRecent || len(r.String()) > 0 {
		t.Fatalf("%d refusals, log %s", len(list), r)
	}
	first, second := list[0], list[1]
	if first.Verb != "X149" || first.Count != 2 || first.Last.Before(first.Time) {
		t.Errorf("%+v", first)
	}
	want := Refusal{Time: second.Time, Last: second.Last, Count: 5, Session: "svc/i/mail:7", Service: "mail", Client: "192.0.2.9:1004",
		What: "command refused", Verb: "MAIL", Code: "550", Reason: "relay"}
	if second != want {
		t.Errorf("%+v", second)
	}
	r.refuse("192.0.2.1:1", "\x1b[31m\u202e")
	if got := r.recent.List()[0].Verb; got != `\x1b[31m\u202e` {
		t.Errorf("%q", got)
	}
}

// TestDisabled: what is not wanted costs no allocation.
func TestDisabled(t *testing.T) {
	r := newRig(3, DefaultSpec, false)
	if n := testing.AllocsPerRun(100, func() {
		if r.Enabled(context.Background(), Level(7)) {
			t.Error("enabled")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriteFailures(t *testing.T) {
	out := NewOutput(full{})
	log := slog.New(slog.NewTextHandler(out, nil))
	for range 3 {
		log.Info("lost")
	}
	if out.Failed() != 3 {
		t.Errorf("%d failures", out.Failed())
	}
}
