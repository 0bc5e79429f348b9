package builtins_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// A policy names the server of a session, by address or by name; names are asked of the service's resolver.
func TestPolicyChoosesTheServer(t *testing.T) {
	for _, c := range []struct{ router, resolver, call, want string }{
		{"InbandRouter()", `"hosts"`, `self.session.setTargetAddressByHostname("mx", 2525)`, "[10.0.0.1:2525 10.0.0.2:2525]"},
		{"InbandRouter()", `"hosts"`, `self.session.setTargetAddressByHostname("other", 25)`, "[]"},
		{"InbandRouter()", `"dns"`, `self.session.setTargetAddressByHostname("mail.example.com", 25)`, "[192.0.2.25:25]"},
		{"InbandRouter()", "None", `self.session.setTargetAddressByHostname("mail.example.com", 25)`, "[[fd00::25]:25]"},
		{"TransparentRouter(overrideable=TRUE)", `"hosts"`, `self.session.setTargetAddressByHostname("mx", 25)`, "[10.0.0.1:25 10.0.0.2:25]"},
		{`DirectedRouter(SockAddrInet("10.0.0.9", 25))`, `"hosts"`, `self.session.setTargetAddressByHostname("mx", 25)`, "[]"},
		{`DirectedRouter(SockAddrInet("10.0.0.9", 25))`, "None", `self.session.setServer(SockAddrInet("10.0.0.8", 26))`, "[10.0.0.8:26]"},
		{"InbandRouter()", "None", `self.session.setTargetAddress((SockAddrInet("10.0.0.8", 26), SockAddrInet6("fd00::8", 26)))`, "[10.0.0.8:26 [fd00::8]:26]"},
	} {
		text := `from Zorp.Smtp import *
ResolverPolicy("hosts", HashResolver({"mx": ("10.0.0.1", "10.0.0.2")}))
ResolverPolicy("dns", DNSResolver(multi=TRUE, family=AF_INET))
class X(SmtpProxy):
    def connectServer(self):
        ` + c.call + `
        return SmtpProxy.connectServer(self)
def default_instance():
    Service("a", X, router=` + c.router + `, resolver_policy=` + c.resolver + `)
    Rule(service="a", dst_port=25, dst_subnet="172.16.40.1")
`
		config, found, err := builtins.Load(options(map[string]string{"p.star": text}), "p.star")
		if err != nil || found.HasErrors() {
			t.Fatalf("%v\n%s", err, found.Error())
		}
		v := config.Services["a"]
		s := &session.Session{ID: "svc/i/a:0", Client: netip.MustParseAddrPort("10.0.0.2:1"), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			Inband: v.Router.(interface{ Overrides() bool }).Overrides(), Resolve: v.Resolver.Resolve}
		p, err := v.Class.New(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.(proxy.Starter).Start(); err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(s.Targets); got != c.want {
			t.Errorf("%s, %s: goes to %s, want %s", c.router, c.call, got, c.want)
		}
		p.Close()
		if quick, ok := v.Class.(proxy.Prompt); ok && quick.Prompt() {
			t.Error("a class whose connectServer may wait says that it does not")
		}
	}
}
