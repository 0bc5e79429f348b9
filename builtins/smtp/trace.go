package smtp

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
)

const (
	mailnameFile = "/etc/mailname"
	namingTime   = 3 * time.Second // for the host's full name
)

// ownNames finds this host's name, once for all sessions of a policy.
type ownNames struct{ mailname, fqdn func() (string, error) }

func newOwnNames(d *word.Draft) ownNames {
	return ownNames{
		sync.OnceValues(func() (string, error) { return mailname(d) }),
		sync.OnceValues(func() (string, error) { return fqdn(d) }),
	}
}

// prepare reads the file while files can be read: a config() that runs in a session may ask for it.
func (o ownNames) prepare() { _, _ = o.mailname() }

func mailname(d *word.Draft) (string, error) {
	text, err := d.ReadFile(mailnameFile)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("the first line of %s is empty", mailnameFile)
	}
	return line, nil
}

// fqdn is the host's name with its domain, if the resolver knows it.
func fqdn(d *word.Draft) (string, error) {
	host, err := d.Hostname()
	if err != nil || strings.Contains(host, ".") {
		return host, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), namingTime)
	defer cancel()
	addrs, _ := d.Resolve(ctx, host)
	for _, addr := range addrs {
		names, _ := d.LookupAddr(ctx, addr.Unmap().String())
		for _, name := range names {
			if strings.HasPrefix(name, host+".") && name != host+"." {
				return strings.TrimSuffix(name, "."), nil
			}
		}
	}
	return host, nil
}

// setTrace fills in what the Received line needs to know.
func (h *host) setTrace(w *Words) error {
	t := &h.settings.Trace
	t.LookupAddr, t.LookupHost, t.Now = w.draft.LookupAddr, w.draft.Resolve, w.draft.Now
	if !h.settings.AddReceivedHeader {
		h.warnOfTrace(w.draft)
	}
	own, given := h.Values["domain_name"]
	if given && own.Value != starlark.None {
		if t.DomainName == "" {
			return h.Report.ProblemAt(own.Pos, "bad-domain", `self.domain_name: "" is no domain`, "leave it out: the Received line then says unknown")
		}
		return nil
	}
	return h.detect(w.own)
}

// detect finds the name that autodetect_domain_from asks for.
func (h *host) detect(own ownNames) (err error) {
	t, pos := &h.settings.Trace, h.Values["autodetect_domain_from"].Pos
	switch t.AutodetectDomainFrom {
	case "":
		return nil
	case "mailname":
		t.Detected, err = own.mailname()
	case "fqdn":
		t.Detected, err = own.fqdn()
	default:
		return h.Report.ProblemAt(pos, "wrong-type", fmt.Sprintf("self.autodetect_domain_from: got %q, want \"mailname\" or \"fqdn\"", t.AutodetectDomainFrom),
			"write SMTP_GETDOMAIN_MAILNAME or SMTP_GETDOMAIN_FQDN")
	}
	if err != nil {
		return h.Report.ProblemAt(pos, "no-name", fmt.Sprintf("self.autodetect_domain_from: %v", err), `write self.domain_name = "mail.example.com"`)
	}
	return nil
}

// warnOfTrace tells of what is said about a line that is not added.
func (h *host) warnOfTrace(d *word.Draft) {
	if h.Session != nil {
		return
	}
	warn := func(pos source.Pos, what string) {
		d.Find(source.Finding{Pos: pos, Severity: source.Warning, ID: "no-effect",
			Message: what + " has no effect: no Received line is added", Hint: "write self.add_received_header = TRUE"})
	}
	for _, name := range []string{"autodetect_domain_from", "domain_name", "resolve_host"} {
		if r, ok := h.Values[name]; ok && !byName[name].IsDefault(r.Value) {
			warn(r.Pos, "self."+name)
		}
	}
	if name, v, owner := proxyclass.Written(h.Class, []string{"generateReceived"}); v != nil {
		warn(proxyclass.WrittenAt(v, owner), fmt.Sprintf("class %s: %s", owner.Name(), name))
	}
}
