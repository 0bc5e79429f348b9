package faults

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/admin"
	"zorpgo/engine/encryption/certtest"
)

// certificate is the only one that zorpgo shows.
func (p *process) certificate() admin.Certificate {
	p.t.Helper()
	_, text := p.ask(http.MethodGet, "/status")
	var s admin.Status
	must(p.t, json.Unmarshal([]byte(text), &s))
	if len(s.Certificates) != 1 {
		p.t.Fatalf("certificates: %s", text)
	}
	return s.Certificates[0]
}

// outdated is the metric of its name, by its value alone.
func (p *process) outdated() string {
	_, text := p.ask(http.MethodGet, "/metrics")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "zorpgo_certificate_outdated{") {
			return strings.TrimSpace(line[strings.LastIndexByte(line, ' '):])
		}
	}
	return ""
}

// TestCertificateThatTurnsBad: a file that turns bad is told of and the certificate stays; once it is good again it is shown.
func TestCertificateThatTurnsBad(t *testing.T) {
	s := newStage(t).encrypt()
	p := s.start(nil)
	first := p.certificate()
	if !strings.HasSuffix(first.File, "mail.pem") || first.Subject == "" || time.Until(first.NotAfter) < 24*time.Hour || first.Outdated != "" || p.outdated() != "0" {
		t.Errorf("at first: %+v, metric %q", first, p.outdated())
	}
	replace(t, s.dir, "mail.pem", []byte("rubbish"))
	if !eventually(func() bool { return p.certificate().Outdated != "" }) {
		t.Error("nobody is told that the file is of no use")
	}
	if got := p.certificate(); !strings.Contains(got.Outdated, "mail.pem") || !got.NotAfter.Equal(first.NotAfter) || p.outdated() != "1" {
		t.Errorf("of a bad file: %+v, metric %q", got, p.outdated())
	}
	c := s.session()
	must(t, c.startTLS())
	must(t, c.deliver("under the old one"))
	must(t, c.quit())
	chain, key := certtest.PEMOf(t, certtest.New(t).IssueUntil(t, first.NotAfter.Add(48*time.Hour), "new.example.com"))
	replace(t, s.dir, "mail.key", key)
	replace(t, s.dir, "mail.pem", chain)
	if !eventually(func() bool { return p.certificate().NotAfter.After(first.NotAfter) }) {
		t.Error("the new certificate is not shown")
	}
	if got := p.certificate(); got.Outdated != "" || p.outdated() != "0" {
		t.Errorf("of a good file: %+v, metric %q", got, p.outdated())
	}
}

// replace puts a file in another's place.
func replace(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path+".new", text, 0o600))
	must(t, os.Rename(path+".new", path))
}
