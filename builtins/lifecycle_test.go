package builtins_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

const lifecyclePolicy = `
from Zorp.Smtp import *
class Noted(SmtpProxy):
    def note(self, what):
        proxyLog(self, SMTP_POLICY, 3, "%s of %s", (what, self.session.service.name))
    def shutDown(self):
        SmtpProxy.shutDown(self)
        self.note("shutDown")
class Orderly(Noted):
    def __pre_startup__(self): self.note("pre")
    def startUp(self):
        super().startUp()
        self.note("startUp")
    def __post_startup__(self): self.note("post")
    def connectServer(self):
        self.note("connectServer")
        return super().connectServer()
class Session(Orderly):
    def config(self):
        super().config()
        self.seen = [self.session.client_address.ip_s]
    def startup(self): self.note("startup" if self.seen else "")
class Raises(Orderly):
    def startUp(self): fail("not today")
    def __post_shutdown__(self): self.nosuch()
class Alone(Orderly):
    def connectServer(self): pass
class Sets(Noted):
    def startUp(self): self.timeout = 5
def default_instance():
    for class_ in [SmtpProxy, Orderly, Session, Raises, Alone, Sets]:
        Service(class_.__name__, class_, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))
        Rule(service=class_.__name__, dst_port=25)
`

// runs has a service handle one connection whose server is unreachable and whose client says QUIT. It returns what the
// client heard and what was logged.
func runs(t *testing.T, v *service.Service, s *session.Session) (heard string, dialled bool) {
	t.Helper()
	near, far := net.Pipe()
	env := &service.Env{Instance: "p", Serve: proxy.Serve, Dial: func(context.Context, stream.Addr, route.Local) (net.Conn, error) {
		dialled = true
		return nil, errors.New("unreachable")
	}}
	done := make(chan struct{})
	go func() { defer close(done); v.Run(t.Context(), env, s, near) }()
	greeting := make([]byte, 512)
	if n, err := far.Read(greeting); err == nil {
		_, _ = io.WriteString(far, "QUIT\r\n")
		rest, _ := io.ReadAll(far)
		heard = string(greeting[:n]) + string(rest)
	}
	<-done
	return heard, dialled
}

func TestLifecycle(t *testing.T) {
	config := load(t, lifecyclePolicy)
	const noServer = "451 Server not available\r\n221 Bye\r\n"
	for name, c := range map[string]struct {
		heard   string
		dialled bool
		verdict session.Verdict
		notes   string // of the methods that ran
		errors  string // parts of what was logged as error
	}{
		"SmtpProxy": {noServer, true, session.DeniedByConnectionFail, "", ""},
		"Orderly":   {noServer, true, session.DeniedByConnectionFail, "pre startUp post connectServer shutDown", ""},
		"Session":   {noServer, true, session.DeniedByConnectionFail, "pre startup post connectServer shutDown", ""},
		"Raises":    {"", false, session.AbortedByPolicyAction, "pre shutDown", "startUp: p.star:24:28: fail: not today|__post_shutdown__: p.star:25:38"},
		"Alone":     {noServer, false, session.DeniedByPolicy, "pre startUp post shutDown", ""},
		"Sets":      {"", false, session.AbortedByPolicyAction, "shutDown", "self.timeout cannot be set during a session"},
	} {
		var log strings.Builder
		s := newSession(name, "10.1.2.3:4000", slog.New(slog.NewTextHandler(&log, nil)), config)
		heard, dialled := runs(t, config.Services[name], s)
		if heard != c.heard || dialled != c.dialled || s.Verdict != c.verdict {
			t.Errorf("%s: heard %q, dialled %v, %s: %s", name, heard, dialled, s.Verdict, s.Reason)
		}
		if got := notes(log.String(), name); got != c.notes {
			t.Errorf("%s: ran %q, want %q\n%s", name, got, c.notes, log.String())
		}
		for part := range strings.SplitSeq(c.errors, "|") {
			if !strings.Contains(log.String(), part) || c.errors == "" && strings.Contains(log.String(), "ERROR") {
				t.Errorf("%s: %q is not logged, or too much:\n%s", name, part, log.String())
			}
		}
	}
}

// notes are the methods that said they ran, in order.
func notes(log, service string) string {
	var ran []string
	for line := range strings.Lines(log) {
		if _, rest, found := strings.Cut(line, `msg="`); found && strings.Contains(rest, " of "+service+`"`) {
			what, _, _ := strings.Cut(rest, " ")
			ran = append(ran, what)
		}
	}
	return strings.Join(ran, " ")
}

// Without a domain the host's name is completed by the resolver; where nothing helps it stays as it is.
func TestFullHostName(t *testing.T) {
	for host, want := range map[string]string{"mail": "mail.example.com", "fw": "fw", "fw.example.net": "fw.example.net"} {
		opts := options(map[string]string{"p.star": `
from Zorp.Smtp import *
class Traced(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.add_received_header = TRUE
        self.autodetect_domain_from = SMTP_GETDOMAIN_FQDN
Service("traced", Traced)
Rule(service="traced", dst_port=25)
`})
		resolve := opts.Resolve
		opts.Resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return resolve(ctx, name+".example.com")
		}
		opts.Hostname = func() (string, error) { return host, nil }
		config, found, err := builtins.Load(opts, "p.star")
		if err != nil || len(found) > 0 {
			t.Fatal(err, found)
		}
		if got := settingsOf(t, config, "traced").Trace.Detected; got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}

// TestFunctionsHoldNoLoop: a class whose functions do not run as questions of their own session does not run on loops,
// where they would hold up others.
func TestFunctionsHoldNoLoop(t *testing.T) {
	for method, prompt := range map[string]bool{"checkSender(self, c, p): return SMTP_REQ_ACCEPT": true, "generateReceived(self): return 'x'": true,
		"startUp(self): pass": false, "shutDown(self): pass": false, "connectServer(self): return SmtpProxy.connectServer(self)": false,
		"config(self): SmtpProxy.config(self); self.domain_name = str(self.session.client_address)": false} {
		text := "from Zorp.Smtp import *\nclass X(SmtpProxy):\n    def " + method + "\ndef default_instance():\n    Service('a', X)\n    Rule(service='a', dst_port=25, dst_subnet='10.0.0.1')\n"
		config, found, err := builtins.Load(options(map[string]string{"p.star": text}), "p.star")
		if err != nil || found.HasErrors() {
			t.Fatalf("%s: %v\n%s", method, err, found.Error())
		}
		class, can := config.Services["a"].Class.(proxy.Prompt)
		if got := can && class.Prompt(); got != prompt {
			t.Errorf("%s: %t", method, got)
		}
	}
}
