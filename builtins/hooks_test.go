package builtins_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
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

const hooksPolicy = `
from Zorp.Smtp import *

Zone("office", addrs="10.0.0.0/8")
Zone("dmz", addrs="10.1.0.0/16", admin_parent="office")
MatcherPolicy("spam", RegexpMatcher(match_list=["@spam\.example$"]))

class Base(SmtpProxy):
    sender_matcher = "spam"
    limit = 3
    def config(self):
        SmtpProxy.config(self)
        self.relay_domains = ("example.com", ".example.org")
        self.timeout = 5000
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.onNoop)
        self.request["VRFY"] = (SMTP_REQ_REJECT, 550)
        self.request["HELP"] = SMTP_REQ_REJECT
        self.request["RSET"] = (SMTP_REQ_POLICY, self.nonsense)
        self.request["EXPN"] = (SMTP_REQ_POLICY, self.loop)
        self.response["MAIL", 250] = (SMTP_RSP_POLICY, self.onMail)
    def onNoop(self, command, param):
        s = self.session
        proxyLog(self, SMTP_POLICY, 3, "noop %s\n", param)
        self.error_code = "550"
        self.error_info = "%s for %s:%s in %s below %s by %s, session %s/%s, limit %s, count %s" % (
            command, s.client_address.ip_s, s.client_address.port, s.client_zone.name, s.client_zone.admin_parent.getName(),
            s.service.name, s.session_id, s.instance_id, self.limit, getattr(self, "count", 0))
        self.count = getattr(self, "count", 0) + 1
        return SMTP_REQ_REJECT
    def nonsense(self, command, param):
        return None
    def loop(self, command, param):
        n = 0
        for i in range(100000):
            for j in range(100000):
                n += 1
        return SMTP_REQ_ACCEPT
    def onMail(self, command, command_param, response_code, response_param):
        self.response_value = "251"
        self.response_param = command + "/" + command_param + "/" + response_code + "/" + response_param
        return SMTP_RSP_ACCEPT

class Derived(Base):
    limit = 4
    def config(self):
        super(Derived, self).config()
        self.relay_check = FALSE
    def checkRecipient(self, command, param):
        if self.sanitizeAddress(param[3:]) == "boss@example.com":
            self.error_code, self.error_info = "550", "not him"
            return SMTP_REQ_REJECT
        return super().checkRecipient(command, param)

class OwnRelay(SmtpProxy):
    def relayCheck(self, email):
        return email.endswith("@good.example")

class OwnZone(SmtpProxy):
    relay_domains = "example.com"
    def zoneCheck(self, zone):
        return zone != None and zone.name == "dmz"

class PerSession(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        if self.session.client_zone.name == "dmz":
            self.request["NOOP"] = (SMTP_REQ_POLICY, self.onNoop)
        elif self.session.client_zone.name == "office":
            self.tiemout = 5
    def onNoop(self, command, param):
        self.error_code, self.error_info = "550", "no noop for " + self.session.client_zone.name
        return SMTP_REQ_REJECT

class Mutable(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.seen = []
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.onNoop)
    def onNoop(self, command, param):
        self.seen.append(param)
        self.error_info = str(len(self.seen))
        return SMTP_REQ_REJECT

class Closure(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.request["NOOP"] = (SMTP_REQ_POLICY, lambda command, param: self.onNoop(param))
    def onNoop(self, param):
        self.error_info = "closed over " + self.session.client_address.ip_s
        return SMTP_REQ_REJECT

class Init(SmtpProxy):
    def __init__(self, session):
        SmtpProxy.__init__(self, session)
        self.who = session.client_zone.name
    def config(self):
        SmtpProxy.config(self)
        self.request["NOOP"] = (SMTP_REQ_REJECT, "550", "not for " + self.who)

def default_instance():
    for name, class_ in [("base", Base), ("derived", Derived), ("relay", OwnRelay), ("zone", OwnZone), ("plain", SmtpProxy),
                         ("persession", PerSession), ("mutable", Mutable), ("closure", Closure), ("init", Init)]:
        Service(name, class_)
        Rule(service=name, dst_port=25)
`

func load(t testing.TB, text string) *engine.Config {
	t.Helper()
	opts := options(map[string]string{"p.star": text})
	config, found, err := builtins.Load(opts, "p.star")
	if err != nil || len(found) > 0 {
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
func (w *wire) Hangup(proxy.Side)               {}
func (w *wire) Ask(question func())             { question(); w.protocol.Answered(w) }

// say gives the protocol one line of a side and returns what the client then hears.
func (w *wire) say(from proxy.Side, line string) string {
	w.client.Reset()
	w.protocol.Receive(w, from, []byte(line+"\r\n"))
	return strings.TrimSuffix(w.client.String(), "\r\n")
}

// connect opens a session of a service, past EHLO.
func connect(t testing.TB, config *engine.Config, service, client string, log *slog.Logger) *wire {
	t.Helper()
	p, err := config.Services[service].Class.New(newSession(service, client, log, config))
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

func TestHooks(t *testing.T) {
	config := load(t, hooksPolicy)
	const mail, rcpt = "MAIL FROM:<a@b.example>", "RCPT TO:<%s>"
	for _, c := range []struct {
		name, service, client string
		commands              []string // an answer of 250 is given to what reaches the server
		want                  string   // the last reply that the client hears
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
		{"response callback", "base", "10.1.2.3:4000", []string{mail}, "251 MAIL/From:<a@b.example>/250/ok"},
		{"class attribute sender_matcher", "base", "10.1.2.3:4000", []string{"MAIL FROM:<a@spam.example>"}, "550 Sender address refused."},
		{"relay check, native", "base", "10.1.2.3:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "554 Relaying denied."},
		{"relay check passes", "base", "10.1.2.3:4000", []string{mail, "RCPT TO:<bob@example.com>"}, "250 ok"},
		{"overridden check refuses", "derived", "10.1.2.3:4000", []string{mail, "RCPT TO:<boss@example.com>"}, "550 not him"},
		{"overridden check asks its parent", "derived", "10.1.2.3:4000", []string{mail, "RCPT TO:<a%b@example.com>"}, "501 Malformed address"},
		{"relay_check FALSE", "derived", "10.1.2.3:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "250 ok"},
		{"own relayCheck refuses", "relay", "10.1.2.3:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "554 Relaying denied."},
		{"own relayCheck accepts", "relay", "10.1.2.3:4000", []string{mail, "RCPT TO:<eve@good.example>"}, "250 ok"},
		{"own relayCheck spares postmaster", "relay", "10.1.2.3:4000", []string{mail, "RCPT TO:<postmaster>"}, "250 ok"},
		{"own zoneCheck accepts", "zone", "10.1.2.3:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "250 ok"},
		{"own zoneCheck refuses", "zone", "10.2.2.3:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "554 Relaying denied."},
		{"own zoneCheck leaves domains", "zone", "10.2.2.3:4000", []string{mail, "RCPT TO:<eve@example.com>"}, "250 ok"},
		{"a plain SmtpProxy delivers", "plain", "192.0.2.1:4000", []string{mail, "RCPT TO:<eve@elsewhere.example>"}, "250 ok"},
		{"per session", "persession", "10.1.2.3:4000", []string{"NOOP"}, "550 no noop for dmz"},
		{"changeable attributes belong to the session", "mutable", "10.1.2.3:4000", []string{"NOOP", "NOOP"}, "500 2"},
		{"a function that closes over self", "closure", "10.1.2.3:4000", []string{"NOOP"}, "500 closed over 10.1.2.3"},
		{"__init__ sees the session", "init", "10.1.2.3:4000", []string{"NOOP"}, "550 not for dmz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := connect(t, config, c.service, c.client, slog.New(slog.DiscardHandler))
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
	config := load(t, hooksPolicy)
	s := newSession("persession", "10.2.2.3:4000", slog.New(slog.DiscardHandler), config)
	_, err := config.Services["persession"].Class.New(s)
	if err == nil || err.Error() != "p.star:69:17: PerSession has no attribute tiemout" {
		t.Error(err)
	}
}

func TestNativeChecks(t *testing.T) {
	config := load(t, hooksPolicy)
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
	config := load(t, hooksPolicy)
	hook, view := hookOf(t, config, "base", "NOOP", slog.New(slog.NewTextHandler(&out, nil)).With("session", "s1"))
	view.RequestParam = "a\r\nforged=1"
	if _, err := hook.Decide(view); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, `level=INFO msg="noop a\\x0d\\x0aforged=1\\x0a" session=s1 tag=smtp.policy`) {
		t.Error(got)
	}
}

// hookOf is the hook of a command with a View of a session of its own.
func hookOf(t testing.TB, config *engine.Config, service, verb string, log *slog.Logger) (smtp.Hook, *smtp.View) {
	t.Helper()
	settings := settingsOf(t, config, service)
	self := config.Services[service].Class.(interface{ Self() any }).Self()
	return settings.Request[verb].Hook, &smtp.View{Session: newSession(service, "10.1.2.3:4000", log, config), Settings: settings, RequestCmd: verb, Self: self}
}

func TestConcurrentCallbacks(t *testing.T) {
	config := load(t, hooksPolicy)
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			service := []string{"base", "derived"}[i%2]
			hook, view := hookOf(t, config, service, "NOOP", slog.New(slog.DiscardHandler))
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

func BenchmarkCallback(b *testing.B) {
	config := load(b, benchPolicy)
	hook, view := hookOf(b, config, "relay", "RCPT", slog.New(slog.DiscardHandler))
	view.RequestParam = "To:<eve@elsewhere.example>"
	b.ReportAllocs()
	for b.Loop() {
		if a, err := hook.Decide(view); a != smtp.Reject || err != nil {
			b.Fatal(a, err)
		}
	}
}
