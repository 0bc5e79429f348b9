package smtp

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/trace"
)

var updateTraces = flag.Bool("update-traces", false, "rewrite what traces show")

// followed plays a dialog, and returns what a trace of it shows.
func followed(t *testing.T, settings *Settings, policy *encryption.Policy, script string, o trace.Options) string {
	t.Helper()
	s := newSession()
	clock := dialog.Start
	s.Trace = &trace.Hub{Now: func() time.Time { return clock }}
	s.Service, s.Started, s.RuleID, s.RulePos = "smtp", clock, 1, source.Pos{File: "mail.star", Line: 8, Col: 5}
	s.ClientLocal = netip.MustParseAddrPort("172.16.40.1:25")
	s.Server = stream.Addr{AddrPort: netip.MustParseAddrPort("172.16.20.254:25")}
	s.Encryption = policy
	tracer, err := s.Trace.Follow(o)
	if err != nil {
		t.Fatal(err)
	}
	defer tracer.Close()
	class, problems := Compile("SmtpProxy", settings)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	m := class.NewWith(s, nil)
	s.Follow()
	if err := dialog.Play(m, script); err != nil {
		t.Error(err)
	}
	m.Close()
	s.Started = time.Now() // the duration is no business of the transcript's
	s.Ended()
	return events(t, tracer)
}

func events(t *testing.T, tracer *trace.Tracer) string {
	t.Helper()
	var b strings.Builder
	for {
		e, ok := tracer.Waiting()
		if !ok {
			return b.String()
		}
		if e.About != nil {
			e.About.Seconds = 0
		}
		b.WriteString(strings.TrimPrefix(e.String(), "06:05:01.000 ") + "\n")
	}
}

// TestTraces plays testdata/traces: each dialog, and what a trace of it shows in the file that follows.
func TestTraces(t *testing.T) {
	files, _ := filepath.Glob("testdata/traces/*.txtar")
	if len(files) == 0 {
		t.Fatal("no traces")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { playTrace(t, file) })
	}
}

func playTrace(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	modes, content := strings.CutSuffix(strings.TrimSpace(string(archive.Comment)), "content")
	settings, policy := encrypted(t, modes)
	got := followed(t, settings, policy, string(archive.Files[0].Data), trace.Options{Content: content})
	if *updateTraces {
		archive.Files = []txtar.File{archive.Files[0], {Name: "trace", Data: []byte(got)}}
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, secret := range []string{"AGFsaWNl", "czNjcmV0", "s3cret", "YWxpY2U", "UGFzc3", "VXNlc"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	if want := string(archive.Files[1].Data); got != want {
		t.Errorf("the trace is\n%s\nnot\n%s", got, want)
	}
}

// TestTraceChangesNothing plays every dialog while somebody looks on.
func TestTraceChangesNothing(t *testing.T) {
	for _, d := range transcripts(t) {
		if d.policy {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			settings, policy := encrypted(t, d.modes)
			followed(t, settings, policy, d.text, trace.Options{Content: true})
		})
	}
}
