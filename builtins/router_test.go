package builtins_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

const writtenRouter = `from Zorp.Smtp import *
Zone("dmz", "172.16.40.0/24")
ResolverPolicy("hosts", HashResolver({"mx": "10.0.0.1"}))
class ByPort(AbstractRouter):
    def __init__(self, ip):
        AbstractRouter.__init__(self, TRUE, Z_PORT_EXACT)
        self.ip = ip
        self.seen = []
    def routeConnection(self, session):
        port = session.client_address.port
        if port == 2:
            session.setServer("10.0.0.1")
        if port == 3:
            self.ip = "10.0.0.1"
        if port == 4:
            for i in range(1000000):
                for j in range(1000000):
                    pass
        if port == 5:
            self.seen.append(session)
        if port == 6:
            session.setServer(SockAddrInet("10.0.0.1", 25))
            fail("not this one")
        if port == 7:
            Service("new", SmtpProxy)
        if port == 8:
            return
        if port == 9:
            return SockAddrInet("10.0.0.1", 25)
        if port == 10:
            return session.setTargetAddressByHostname("mx", 2525)
        if port == 11:
            session.setServer(SockAddrInet("10.0.0.1", 25))
            return session.setTargetAddressByHostname("other", 2525)
        if session.client_zone != None and session.client_zone.name == "dmz":
            session.setTargetAddress((SockAddrInet(self.ip, 25), SockAddrInet("172.16.20.8", 25)))
class Alone(AbstractRouter):
    forge_addr = TRUE
    def routeConnection(self):
        self.session.setServer(SockAddrInet("172.16.20.9", self.session.client_address.port))
def default_instance():
    Service("in", SmtpProxy, router=ByPort("172.16.20.7"), resolver_policy="hosts")
    Service("alone", SmtpProxy, router=Alone())
    Rule(service="in", dst_subnet="172.16.40.1", dst_port=25)
    Rule(service="alone", dst_subnet="172.16.40.1", dst_port=26)
`

func loadWrittenRouter(t *testing.T) *engine.Config {
	t.Helper()
	config, found, err := builtins.Load(options(map[string]string{"p.star": writtenRouter}), "p.star")
	if err != nil || config == nil {
		t.Fatal(err, found.Error())
	}
	return config
}

// routed is what the router of a service decides for a client.
func routed(config *engine.Config, service, client string) (*session.Session, route.Plan) {
	from, v := netip.MustParseAddrPort(client), config.Services[service]
	s := &session.Session{Client: from, ClientZone: config.Zones.Lookup(from.Addr()), Resolve: v.Resolver.Resolve,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return s, v.Router.Route(s)
}

// A router that the policy wrote has the limits of all its functions, and fails closed.
func TestWrittenRouter(t *testing.T) {
	config := loadWrittenRouter(t)
	for port, want := range map[int]string{
		40000: "[172.16.20.7:25 172.16.20.8:25] <nil>", 2: "setServer: got string", 3: "cannot set .ip", 4: "more than", 5: "frozen list",
		6: "no destination: class ByPort: p.star:23:17: fail: not this one", 7: "Service can be called while the policy is loaded", 8: "[] <nil>",
		9: "routeConnection returned address, want nothing", 10: "[10.0.0.1:2525] <nil>", 11: "[] <nil>",
	} {
		s, plan := routed(config, "in", fmt.Sprintf("172.16.40.9:%d", port))
		got := fmt.Sprint(plan.Targets, plan.Failed)
		if !strings.Contains(got, want) || plan.Failed != nil && plan.Targets != nil {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
		if s.Targets != nil || s.Inband || !plan.Local.Forged || int(plan.Local.Addr.Port()) != port {
			t.Errorf("port %d: targets %v, inband %t, local %+v", port, s.Targets, s.Inband, plan.Local)
		}
	}
	if _, plan := routed(config, "in", "192.0.2.1:40000"); plan.Targets != nil || plan.Failed != nil {
		t.Errorf("a client of no zone: %+v", plan)
	}
	if v := config.Services["in"].Router.(route.Deciding); v.Decider() != "ByPort" {
		t.Error(v.Decider())
	}
}

// What the proxy class has chosen is what it was, whatever the router says.
func TestWrittenRouterLeavesTheChoice(t *testing.T) {
	config := loadWrittenRouter(t)
	chosen := []stream.Addr{{AddrPort: netip.MustParseAddrPort("10.0.0.9:25")}}
	s := &session.Session{Client: netip.MustParseAddrPort("172.16.40.9:1"), Targets: chosen, Log: slog.New(slog.DiscardHandler)}
	plan := config.Services["alone"].Router.Route(s)
	if fmt.Sprint(s.Targets, plan.Targets) != "[10.0.0.9:25] [172.16.20.9:1]" {
		t.Error(s.Targets, plan)
	}
}

// Sessions ask the same object at the same time.
func TestWrittenRouterOfManySessions(t *testing.T) {
	config := loadWrittenRouter(t)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 50 {
				port := 100*worker + i + 1
				_, plan := routed(config, "alone", fmt.Sprintf("172.16.40.9:%d", port))
				if got := fmt.Sprint(plan.Targets, plan.Failed); got != fmt.Sprintf("[172.16.20.9:%d] <nil>", port) {
					t.Errorf("port %d: %s", port, got)
				}
			}
		})
	}
	all.Wait()
}
