package smtp

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
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

// secrets are what a client says to log in.
var secrets = regexp.MustCompile(`(?m)^c> AUTH \S+ (\S{5,})|^c< 334 .*\nc> (\S{5,})`)

// TestTraceChangesNothing plays every dialog while somebody looks on, who sees no secret.
func TestTraceChangesNothing(t *testing.T) {
	for _, d := range transcripts(t) {
		if d.policy {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			settings, policy := encrypted(t, d.modes)
			got := followed(t, settings, policy, d.text, trace.Options{Content: true, Bytes: trace.MaxBytes})
			for _, secret := range secrets.FindAllStringSubmatch(d.text, -1) {
				if word := secret[1] + secret[2]; strings.Contains(got, word) {
					t.Errorf("%s is shown", word)
				}
			}
		})
	}
}

// TestTraceJoinsLogin: who begins to look on within a login does not see what it says, nor what is said after it was
// refused.
func TestTraceJoinsLogin(t *testing.T) {
	const secret = "AGFsaWNlAHMzY3JldA=="
	for _, c := range []struct{ name, said, replied, answer string }{
		{"challenged", "AUTH PLAIN\r\n", "334 \r\n", "svc/test/smtp:0 C>S <redacted>\n"},
		{"refused", "AUTH PLAIN\r\n", "504 no\r\n", "svc/test/smtp:0 C>P <a line that is no command>\n"},
	} {
		s := newSession()
		s.Trace = &trace.Hub{Now: func() time.Time { return dialog.Start }}
		settings := smtpProxy()
		settings.PermitAuthWithoutTLS = true
		class, _ := Compile("SmtpProxy", settings)
		d := dialog.Converse(class.NewWith(s, nil), nil)
		d.Say(proxy.Server, []byte("220 m\r\n"))
		d.Say(proxy.Client, []byte("EHLO c\r\n"))
		d.Say(proxy.Server, []byte("250-m\r\n250 AUTH PLAIN\r\n"))
		d.Say(proxy.Client, []byte(c.said))
		d.Say(proxy.Server, []byte(c.replied))
		tracer, err := s.Trace.Follow(trace.Options{Content: true})
		if err != nil {
			t.Fatal(err)
		}
		d.Say(proxy.Client, []byte(secret+"\r\n"))
		got := events(t, tracer)
		if !strings.Contains(got, c.answer) || strings.Contains(got, secret[:8]) {
			t.Errorf("%s: it shows\n%s", c.name, got)
		}
	}
}

func TestShownCommand(t *testing.T) {
	for line, shown := range map[string]string{
		"MAIL FROM:<a@b.example> AUTH=<>":         "MAIL FROM:<a@b.example> AUTH=<>",
		"AUTH":                                    "AUTH",
		"auth login":                              "AUTH login",
		"AUTH\tPLAIN\tc2VjcmV0":                   "AUTH PLAIN <redacted>",
		"AUTH  PLAIN  c2VjcmV0 c2VjcmV0":          "AUTH PLAIN <redacted>",
		"AUTH c2VjcmV0":                           "AUTH <redacted>",
		"XCLIENT ADDR=192.0.2.1 LOGIN=bob NAME=a": "XCLIENT ADDR=192.0.2.1 LOGIN=<redacted> NAME=a",
		"xclient login=bob":                       "xclient login=<redacted>",
		"XFORWARD ADDR=192.0.2.1 SOURCE=REMOTE":   "XFORWARD ADDR=192.0.2.1 SOURCE=REMOTE",
	} {
		if got := shownCommand([]byte(line + "\r\n")); got != shown {
			t.Errorf("%q is shown as %s, not %s", line, got, shown)
		}
	}
	for _, c := range []struct {
		line, shown string
		login       bool
	}{
		{"334 UGFzc3dvcmQ6\r\n", "334 <redacted>", false},
		{"334-UGFzc3dvcmQ6\r\n", "334-<redacted>", true},
		{"334\r\n", "334 <redacted>", true},
		{"UGFzc3dvcmQ6\r\n", "<redacted>", true},
		{"535 5.7.8 no\r\n", "535 5.7.8 no", true},
		{"354 go on\r\n", "354 go on", false},
	} {
		if got := shownReply([]byte(c.line), c.login); got != c.shown {
			t.Errorf("%q is shown as %q, not %q", c.line, got, c.shown)
		}
	}
}
