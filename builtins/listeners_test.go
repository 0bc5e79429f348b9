package builtins_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"zorpgo/builtins"
	"zorpgo/builtins/word"
	"zorpgo/engine"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/lint"
	"zorpgo/engine/rule"
)

const listenerHead = `from Zorp.Smtp import *
from Zorp.Listener import *
InetZone("internet", ["0.0.0.0/0", "::/0"])
InetZone("lan", "10.0.0.0/8", admin_parent="internet")
InetZone("it", "10.1.0.0/16", admin_parent="lan")
InetZone("dmz", "172.16.40.0/24")
def default_instance():
    Service("a", SmtpProxy, DirectedRouter(SockAddrInet("192.0.2.1", 25), forge_addr=TRUE))
    Service("b", SmtpProxy, DirectedRouter(SockAddrInet("192.0.2.2", 25), forge_addr=TRUE))
    Service("c", SmtpProxy, DirectedRouter(SockAddrInet("192.0.2.3", 25), forge_addr=TRUE))
`

// played are interfaces as tests have them.
func played() []word.Interface {
	addr := netip.MustParseAddr
	return []word.Interface{
		{Name: "lo", Addresses: []netip.Addr{addr("127.0.0.1"), addr("::1")}},
		{Name: "dmz0", Group: 7, Addresses: []netip.Addr{addr("fe80::1"), addr("172.16.40.1"), addr("172.16.40.9"), addr("fd00:40::1")}},
		{Name: "ext0", Group: 7, Addresses: []netip.Addr{addr("192.0.2.1")}},
	}
}

// listening loads a policy with the given listener.
func listening(t *testing.T, text string) *engine.Config {
	t.Helper()
	opts := options(map[string]string{"p.star": listenerHead + "    " + text + "\n",
		"/etc/iproute2/rt_ifgroup": "0x7 inside\n", "/etc/iproute2/group": "8 outside\n"})
	config, found, err := builtins.Load(opts, "p.star")
	if err != nil || found.HasErrors() {
		t.Fatalf("%s: %v\n%s", text, err, found.Error())
	}
	return config
}

func TestWhereListenersListen(t *testing.T) {
	for text, want := range map[string]string{
		`Dispatcher(DBSockAddr(SockAddrInet("172.16.40.1", 25), ZD_PROTO_TCP), "a")`:                                                "[172.16.40.1:25]",
		`Listener(SockAddrInet("172.16.40.1", 25), "a", transparent=FALSE, backlog=255)`:                                            "[172.16.40.1:25]",
		`Dispatcher(service="a", bindto=(SockAddrInet("0.0.0.0", 25), SockAddrInet6("::", 25)))`:                                    "[0.0.0.0:25 [::]:25]",
		`Dispatcher(convertSockAddrToDB([SockAddrInet("10.0.0.1", 25)], ZD_PROTO_TCP), "a")`:                                        "[10.0.0.1:25]",
		`Dispatcher(convertSockAddrToDB(DBIface("dmz0", 25), ZD_PROTO_TCP), "a")`:                                                   "[172.16.40.1:25]",
		`Dispatcher(DBIface("dmz0", 25, ip="172.16.40.9", protocol=ZD_PROTO_TCP), "a")`:                                             "[172.16.40.9:25]",
		`Dispatcher(DBIface("dmz0", 25, AF_INET6, ZD_PROTO_TCP), "a")`:                                                              "[[fd00:40::1]:25]",
		`Dispatcher(DBIfaceGroup(7, 25), "a")`:                                                                                      "[172.16.40.1:25 192.0.2.1:25]",
		`Dispatcher(DBIfaceGroup("inside", 25), "a")`:                                                                               "[172.16.40.1:25 192.0.2.1:25]",
		`NDimensionDispatcher(SockAddrInet("172.16.40.1", 25), ({"src_zone": "lan", "service": "a"}, {"service": "b"}))`:            "[172.16.40.1:25]",
		`NDimensionListener(SockAddrInet("0.0.0.0", 50025), ({"dst_port": "25", "dst_subnet": "10.0.0.1", "service": "a"},), TRUE)`: "[10.0.0.1:25]",
		`ZoneDispatcher(SockAddrInet("172.16.40.1", 25), {"lan": "a", "dmz": "b"})`:                                                 "[172.16.40.1:25]",
		`Listener(SockAddrInet("172.16.40.1", 25), "a"); Rule(service="b", dst_subnet="10.0.0.1", dst_port=26)`:                     "[10.0.0.1:26 172.16.40.1:25]",
	} {
		at, found := dispatch.Listens(listening(t, text).Rules.All())
		if got := fmt.Sprint(at); got != want || len(found) > 0 {
			t.Errorf("%s: listens at %s, want %s\n%s", text, got, want, found.Error())
		}
	}
}

// Which service a client of each zone gets: exactly what Zorp's dispatchers give it.
func TestServicesByZone(t *testing.T) {
	const zones, pairs = `ZoneListener(SockAddrInet("172.16.40.1", 25), `, `CSZoneDispatcher((SockAddrInet("172.16.40.1", 25), SockAddrInet("10.1.0.1", 25)), `
	for _, c := range []struct{ text, clients string }{ // client>server=service
		{`NDimensionDispatcher(SockAddrInet("172.16.40.1", 25), rules=({"src_zone": ("lan",), "service": "a"}, {"src_subnet": "10.1.0.0/16", "src_port": ["1:1023", "4000:50000"], "service": "b"}))`,
			"10.9.9.9=a 10.1.1.1=b 8.8.8.8=- 172.16.40.7=-"},
		{zones + `{"lan": "a"})`, "10.9.9.9=a 10.1.1.1=- 8.8.8.8=- 192.168.1.1=-"},
		{zones + `{"lan": "a"}, TRUE)`, "10.9.9.9=a 10.1.1.1=a 8.8.8.8=- 172.16.40.7=-"},
		{zones + `{"*": "c", "lan": "a"})`, "10.9.9.9=a 10.1.1.1=c 8.8.8.8=c 172.16.40.7=c"},
		{zones + `{"*": "c", "internet": "b", "lan": "a"}, follow_parent=TRUE)`, "10.9.9.9=a 10.1.1.1=a 8.8.8.8=b 172.16.40.7=c"},
		{zones + `{"it": "b", "internet": "a"}, TRUE)`, "10.9.9.9=a 10.1.1.1=b 8.8.8.8=a"},
		{pairs + `{("lan", "dmz"): "a", ("lan", "*"): "b", ("*", "dmz"): "c"})`,
			"10.9.9.9=a 10.9.9.9>10.1.0.1=b 8.8.8.8=c 8.8.8.8>10.1.0.1=- 10.1.1.1=c"},
		{pairs + `{("internet", "*"): "a", ("*", "dmz"): "b", ("*", "*"): "c"}, TRUE)`,
			"10.9.9.9=a 172.16.40.7=b 172.16.40.7>10.1.0.1=c"},
		{`ZoneListener(SockAddrInet("0.0.0.0", 25), {"lan": "a"})`, "10.9.9.9=a 10.9.9.9>192.0.2.7=a 8.8.8.8=-"},
	} {
		config := listening(t, c.text)
		for pair := range strings.FieldsSeq(c.clients) {
			ends, want, _ := strings.Cut(pair, "=")
			client, server, other := strings.Cut(ends, ">")
			if !other {
				server = "172.16.40.1"
			}
			if got := served(config, client, server); got != want {
				t.Errorf("%s: %s gets %s, want %s", c.text, ends, got, want)
			}
		}
	}
}

func served(config *engine.Config, client, server string) string {
	src, dst := netip.MustParseAddr(client), netip.MustParseAddr(server)
	r := config.Rules.Lookup(&rule.Flow{Proto: rule.ProtoTCP, Src: src, SrcPort: 40000, SrcZone: config.Zones.Lookup(src),
		Dst: dst, DstPort: 25, DstZone: config.Zones.Lookup(dst)})
	if r == nil {
		return "-"
	}
	return r.Service
}

// A client of no zone gets nothing of a listener that chooses by zone.
func TestNoZoneNoService(t *testing.T) {
	config := listening(t, `ZoneListener(SockAddrInet6("fd00::1", 25), {"*": "a"}); ZoneListener(SockAddrInet("172.16.40.1", 25), {"*": "a"})`)
	table := config.Zones
	config.Zones = nil
	for _, client := range []string{"10.9.9.9", "172.16.40.7"} {
		if got := served(config, client, "172.16.40.1"); got != "-" {
			t.Errorf("%s of no zone gets %s", client, got)
		}
	}
	if config.Zones = table; served(config, "10.9.9.9", "172.16.40.1") != "a" {
		t.Error("a client of a zone gets nothing")
	}
}

func TestListenerFindings(t *testing.T) {
	for text, want := range map[string]string{
		`Listener(SockAddrInet("172.16.40.1", 25), "a"); Listener(SockAddrInet("172.16.40.1", 25), "b")`:                     "listener-collision unused-service",
		`Listener(SockAddrInet("172.16.40.1", 25), "a"); Rule(service="b", dst_subnet="172.16.40.1", dst_port=25)`:           "listener-collision unreachable-rule unused-service",
		`Listener(SockAddrInet("0.0.0.0", 25), "a"); Rule(service="b", dst_subnet="172.16.40.1", dst_port=25)`:               "listener-collision unused-service",
		`Listener(SockAddrInet("0.0.0.0", 25), "a"); Rule(service="b", dst_subnet="172.16.40.1", dst_port=26)`:               "unused-service",
		`ZoneListener(SockAddrInet("172.16.40.1", 25), {"lan": "a", "*": "b"}); Listener(SockAddrInet("10.0.0.1", 25), "c")`: "",
		`Listener(SockAddrInet("192.0.2.1", 25), "a"); ZoneListener(SockAddrInet("10.0.0.2", 25), {"lan": "b", "it": "c"})`:  "listener-loop",
	} {
		var ids []string
		for _, f := range lint.Check(listening(t, text), nil) {
			ids = append(ids, f.ID)
		}
		slices.Sort(ids)
		if got := strings.Join(slices.Compact(ids), " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
