package builtins_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// hooksPolicy has a class for each way to write and replace hooks.
func hooksPolicy(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/hooks.star")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func load(t testing.TB, text string) *engine.Config {
	t.Helper()
	opts := options(map[string]string{"p.star": text})
	config, found, err := builtins.Load(opts, "p.star")
	if err != nil || found.HasErrors() {
		t.Fatalf("%v\n%v", err, found.Error())
	}
	return config
}

func newSession(service, client string, log *slog.Logger, config *engine.Config) *session.Session {
	at := netip.MustParseAddrPort(client)
	return &session.Session{ID: "svc/p/" + service + ":7", Service: service, Client: at, Log: log, ClientZone: config.Zones.Lookup(at.Addr()),
		ClientLocal: netip.MustParseAddrPort("172.16.40.1:25"), Server: stream.Addr{AddrPort: netip.MustParseAddrPort("172.16.20.254:25")}}
}

// wire is an Exchange that keeps what the protocol sends.
type wire struct {
	client, server bytes.Buffer
	protocol       proxy.Protocol
}

func (w *wire) Send(to proxy.Side, b []byte) {
	if to == proxy.Client {
		w.client.Write(b)
	} else {
		w.server.Write(b)
	}
}
func (w *wire) Pass(to proxy.Side, b []byte)    { w.Send(to, b) }
func (w *wire) Probe(proxy.Side) bool           { return false }
func (w *wire) Await(proxy.Side, time.Duration) {}
func (w *wire) Finish(proxy.Side)               {}
func (w *wire) Hangup(proxy.Side)               {}
func (w *wire) Secure(proxy.Side)               {}
func (w *wire) Reset(proxy.Side)                {}
func (w *wire) Wake(time.Duration)              {}
func (w *wire) Ask(question func())             { question(); w.protocol.Answered(w) }

// say gives the protocol one line of a side and returns what the client then hears.
func (w *wire) say(from proxy.Side, line string) string {
	w.client.Reset()
	w.protocol.Receive(w, from, []byte(line+"\r\n"))
	return strings.TrimSuffix(w.client.String(), "\r\n")
}

// connect opens a session of a service, past EHLO.
func connect(t testing.TB, config *engine.Config, service, client string) *wire {
	t.Helper()
	p, err := config.Services[service].Class.New(newSession(service, client, slog.New(slog.DiscardHandler), config))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{protocol: p}
	p.Open(w, nil)
	w.say(proxy.Server, "220 origin")
	w.say(proxy.Client, "EHLO c.example")
	w.say(proxy.Server, "250 origin")
	return w
}

const (
	toMail = "MAIL FROM:<a@b.example>"
	toEve  = "RCPT TO:<eve@elsewhere.example>"
)

// hookCases are commands of a client; an answer of 250 is given to what reaches the server.
var hookCases = []struct {
	name, service, client string
	commands              []string
	want                  string // the last reply that the client hears
}{
	{"callback sees session and class", "base", "10.1.2.3:4000", []string{"NOOP"},
		"550 NOOP for 10.1.2.3:4000 in dmz below office by base, session svc/p/base:7/7, limit 3, count 0"},
	{"own attributes last a session", "base", "10.1.2.3:4000", []string{"NOOP", "NOOP"},
		"550 NOOP for 10.1.2.3:4000 in dmz below office by base, session svc/p/base:7/7, limit 3, count 1"},
	{"a class attribute is inherited and replaced", "derived", "10.1.2.3:4000", []string{"NOOP"},
		"550 NOOP for 10.1.2.3:4000 in dmz below office by derived, session svc/p/derived:7/7, limit 4, count 0"},
	{"a number as code", "base", "10.1.2.3:4000", []string{"VRFY x"}, "550 Invalid command"},
	{"a bare REJECT", "base", "10.1.2.3:4000", []string{"HELP"}, "500 Invalid command"},
	{"nonsense refuses", "base", "10.1.2.3:4000", []string{"RSET"}, "451"},
	{"no end refuses", "base", "10.1.2.3:4000", []string{"EXPN x"}, "451"},
	{"response callback", "base", "10.1.2.3:4000", []string{toMail}, "251 MAIL/From:<a@b.example>/250/ok"},
	{"class attribute sender_matcher", "base", "10.1.2.3:4000", []string{"MAIL FROM:<a@spam.example>"}, "550 Sender address refused."},
	{"relay check, native", "base", "10.1.2.3:4000", []string{toMail, toEve}, "554 Relaying denied."},
	{"relay check passes", "base", "10.1.2.3:4000", []string{toMail, "RCPT TO:<bob@example.com>"}, "250 ok"},
	{"overridden check refuses", "derived", "10.1.2.3:4000", []string{toMail, "RCPT TO:<boss@example.com>"}, "550 not him"},
	{"overridden check asks its parent", "derived", "10.1.2.3:4000", []string{toMail, "RCPT TO:<a%b@example.com>"}, "501 Malformed address"},
	{"relay_check FALSE", "derived", "10.1.2.3:4000", []string{toMail, toEve}, "250 ok"},
	{"own relayCheck refuses", "relay", "10.1.2.3:4000", []string{toMail, toEve}, "554 Relaying denied."},
	{"own relayCheck accepts", "relay", "10.1.2.3:4000", []string{toMail, "RCPT TO:<eve@good.example>"}, "250 ok"},
	{"own relayCheck spares postmaster", "relay", "10.1.2.3:4000", []string{toMail, "RCPT TO:<postmaster>"}, "250 ok"},
	{"own zoneCheck accepts", "zone", "10.1.2.3:4000", []string{toMail, toEve}, "250 ok"},
	{"own zoneCheck refuses", "zone", "10.2.2.3:4000", []string{toMail, toEve}, "554 Relaying denied."},
	{"own zoneCheck leaves domains", "zone", "10.2.2.3:4000", []string{toMail, "RCPT TO:<eve@example.com>"}, "250 ok"},
	{"a plain SmtpProxy delivers", "plain", "192.0.2.1:4000", []string{toMail, toEve}, "250 ok"},
	{"per session", "persession", "10.1.2.3:4000", []string{"NOOP"}, "550 no noop for dmz"},
	{"changeable attributes belong to the session", "mutable", "10.1.2.3:4000", []string{"NOOP", "NOOP"}, "500 2"},
	{"a function that closes over self", "closure", "10.1.2.3:4000", []string{"NOOP"}, "500 closed over 10.1.2.3"},
	{"__init__ sees the session", "init", "10.1.2.3:4000", []string{"NOOP"}, "550 not for dmz"},
}

func TestHooks(t *testing.T) {
	config := load(t, hooksPolicy(t))
	for _, c := range hookCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := connect(t, config, c.service, c.client)
			got := ""
			for _, command := range c.commands {
				if got = w.say(proxy.Client, command); got == "" {
					got = w.say(proxy.Server, "250 ok")
				}
			}
			if c.want == "451" {
				got = got[:3]
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A config() that fails in a session ends it: here it sets a name that the proxy does not have.
func TestConfigFailsInSession(t *testing.T) {
	config := load(t, hooksPolicy(t))
	s := newSession("persession", "10.2.2.3:4000", slog.New(slog.DiscardHandler), config)
	_, err := config.Services["persession"].Class.New(s)
	if err == nil || err.Error() != "p.star:68:17: PerSession has no attribute xyzzy" {
		t.Error(err)
	}
}

func TestNativeChecks(t *testing.T) {
	config := load(t, hooksPolicy(t))
	settings := settingsOf(t, config, "base")
	if settings.Request["MAIL"].Hook != smtp.CheckSender || settings.Request["RCPT"].Hook != smtp.CheckRecipient {
		t.Errorf("hooks of Base: %v, %v", settings.Request["MAIL"].Hook, settings.Request["RCPT"].Hook)
	}
	if hook := settingsOf(t, config, "derived").Request["RCPT"].Hook; hook == smtp.CheckRecipient {
		t.Error("Derived overrides checkRecipient, which does not count")
	}
	if !settings.Relay.Check || settingsOf(t, config, "derived").Relay.Check || settingsOf(t, config, "plain").Relay.Check {
		t.Error("relay_check is in force where the policy says something about relaying, and only there")
	}
}

func settingsOf(t testing.TB, config *engine.Config, service string) *smtp.Settings {
	t.Helper()
	class, ok := config.Services[service].Class.(interface{ Settings() *smtp.Settings })
	if !ok {
		t.Fatalf("%s is evaluated per session", service)
	}
	return class.Settings()
}

func TestProxyLog(t *testing.T) {
	var out bytes.Buffer
	config := load(t, hooksPolicy(t))
	hook, view := hookOf(t, config, "base", "NOOP")
	view.Session.Log = slog.New(slog.NewTextHandler(&out, nil)).With("session", "s1")
	view.RequestParam = "a\r\nforged=1"
	if _, err := hook.Decide(view); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, `level=INFO msg="noop a\\x0d\\x0aforged=1\\x0a" session=s1 tag=smtp.policy`) {
		t.Error(got)
	}
}

// hookOf is the hook of a command with a View of a session of its own.
func hookOf(t testing.TB, config *engine.Config, service, verb string) (smtp.Hook, *smtp.View) {
	t.Helper()
	settings := settingsOf(t, config, service)
	self := config.Services[service].Class.(interface{ Self() any }).Self()
	return settings.Request[verb].Hook, &smtp.View{Session: newSession(service, "10.1.2.3:4000", slog.New(slog.DiscardHandler), config), Settings: settings, RequestCmd: verb, Self: self}
}

func TestConcurrentCallbacks(t *testing.T) {
	config := load(t, hooksPolicy(t))
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			service := []string{"base", "derived"}[i%2]
			hook, view := hookOf(t, config, service, "NOOP")
			for n := range 100 {
				if a, err := hook.Decide(view); a != smtp.Reject || err != nil {
					t.Errorf("%v, %v", a, err)
				}
				if want := fmt.Sprintf("count %d", n); !strings.HasSuffix(view.ErrorInfo, want) {
					t.Errorf("got %q, want ... %s", view.ErrorInfo, want)
				}
			}
		})
	}
	wait.Wait()
}

const benchPolicy = `
from Zorp.Smtp import *
class Relay(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.request["RCPT"] = (SMTP_REQ_POLICY, self.check)
    def check(self, command, param):
        if param.endswith("@example.com>"):
            return SMTP_REQ_ACCEPT
        self.error_code = "554"
        self.error_info = "Relaying denied."
        return SMTP_REQ_REJECT
def default_instance():
    Service("relay", Relay)
    Rule(service="relay", dst_port=25)
`

// A callback costs a few allocations: its arguments and what Starlark makes of the text that it looks at.
func TestCallbackAllocations(t *testing.T) {
	config := load(t, benchPolicy)
	hook, view := hookOf(t, config, "relay", "RCPT")
	view.RequestParam = "To:<eve@elsewhere.example>"
	if n := testing.AllocsPerRun(100, func() { hook.Decide(view) }); n > 10 {
		t.Errorf("%v allocations, want at most 10", n)
	}
}

func BenchmarkCallback(b *testing.B) {
	config := load(b, benchPolicy)
	hook, view := hookOf(b, config, "relay", "RCPT")
	view.RequestParam = "To:<eve@elsewhere.example>"
	b.ReportAllocs()
	for b.Loop() {
		if a, err := hook.Decide(view); a != smtp.Reject || err != nil {
			b.Fatal(a, err)
		}
	}
}
