package smtp

import (
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/session"
)

// smtpProxy is what SmtpProxy's config sets.
func smtpProxy() *Settings {
	s := DefaultSettings()
	s.LoadESMTP()
	s.Request["MAIL"] = Entry{Action: Policy, Hook: CheckSender}
	s.Request["RCPT"] = Entry{Action: Policy, Hook: CheckRecipient}
	return s
}

func newSession() *session.Session {
	return &session.Session{
		ID:     "svc/test/smtp:0",
		Client: netip.MustParseAddrPort("172.16.40.10:40000"),
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func newMachine(t testing.TB, s *Settings) proxy.Protocol {
	t.Helper()
	c, problems := Compile("SmtpProxy", s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c.NewWith(newSession(), nil)
}

// TestDialogs plays testdata/smtp: every file holds dialogs under one policy. Those with a policy of their own are
// played where policies are loaded, in package builtins.
func TestDialogs(t *testing.T) {
	files, _ := filepath.Glob("../../../testdata/smtp/*.txtar")
	if len(files) == 0 {
		t.Fatal("no dialogs")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".star") {
				break
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				if err := dialog.Play(newMachine(t, smtpProxy()), string(f.Data)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
