package peers

import (
	"testing"

	"zorpgo/cmd/zorpgo/lab"
)

// behindBalancer is a policy for clients outside who come through 172.16.40.10. The server is told of them by PROXY, too.
const behindBalancer = `from Zorp.Smtp import *
Zone("balancer", addrs=["172.16.40.10/32", "fd00:40::10/128"])
Zone("outside", addrs=["172.16.50.0/24", "fd00:50::/64"])

class Relays(SmtpProxy):
    relay_zones = ("outside",)

def default_instance():
    Service("smtp", proxy_class=Relays, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)), proxy_protocol=2)
    Rule(service="smtp", dst_port=25, dst_subnet="172.16.40.1", src_zone=("outside", "balancer"), proxy_protocol_from="balancer")
`

// TestBehindBalancers: rules, the relay check, both logs and the server know the client, whom the balancer announces.
func TestBehindBalancers(t *testing.T) {
	const balancer, six = "172.16.40.10", "fd00:40::10"
	for _, b := range []struct {
		name, at, client string
		start            func(*testing.T, *lab.Lab)
	}{
		{"HAProxy version 1", balancer, "172.16.50.10", func(t *testing.T, l *lab.Lab) { StartHAProxy(t, l, "send-proxy check inter 100ms") }},
		{"HAProxy version 2", balancer, "172.16.50.10", func(t *testing.T, l *lab.Lab) { StartHAProxy(t, l, "send-proxy-v2 check inter 100ms") }},
		{"HAProxy version 2 with a checksum", balancer, "172.16.50.10", func(t *testing.T, l *lab.Lab) {
			StartHAProxy(t, l, "send-proxy-v2 proxy-v2-options crc32c,unique-id")
		}},
		{"HAProxy for IPv6", six, "fd00:50::10", func(t *testing.T, l *lab.Lab) { StartHAProxy(t, l, "send-proxy-v2") }},
		{"nginx", balancer, "172.16.50.10", func(t *testing.T, l *lab.Lab) { StartNginx(t, l) }},
	} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			origin := l.Origin("smtpd_upstream_proxy_protocol = haproxy")
			zorpgo := l.Zorpgo(l.File("mail.star", behindBalancer))
			b.start(t, l)
			awaitPort(t, l.Client, address(b.at))
			l.Outside.Swaks(b.at, "--to", "bob@elsewhere.example", "--body", "hello").LogHas("250 2.0.0 Ok: queued as ")
			origin.LogHas(": client=unknown[" + b.client + "]")
			zorpgo.LogHas("client_zone=outside client_local=172.16.40.1:25 proxied_by=172.16.40.10:")
			zorpgo.LogLacks("connection reset")

			// Who is no balancer is not believed, whatever it says.
			got := l.Outside.Start(lab.Command{Args: []string{"swaks", "--server", "172.16.40.1", "--to", "bob@example.com",
				"--proxy-version", "1", "--proxy", "TCP4 172.16.50.10 172.16.40.1 40000 25"}})
			if got.Wait() == 0 {
				t.Error("a stranger is believed")
			}
			zorpgo.LogHas(`reason="it is no proxy of \"balancer\"`)
		})
	}
}

func address(host string) string {
	for _, c := range host {
		if c == ':' {
			return "[" + host + "]:25"
		}
	}
	return host + ":25"
}

// TestProxyHeadersOfSwaks: another program's headers, of both versions and families.
func TestProxyHeadersOfSwaks(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := l.Origin("smtpd_upstream_proxy_protocol = haproxy")
	zorpgo := l.Zorpgo(l.File("mail.star", behindBalancer))
	for _, c := range []struct{ client, args []string }{
		{[]string{"172.16.50.11"}, []string{"--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source", "172.16.50.11", "--proxy-dest", "192.0.2.25"}},
		{[]string{"172.16.50.12"}, []string{"--proxy-version", "2", "--proxy-family", "AF_INET", "--proxy-protocol", "STREAM", "--proxy-source", "172.16.50.12", "--proxy-dest", "192.0.2.25"}},
		{[]string{"fd00:50::13"}, []string{"--proxy-version", "2", "--proxy-family", "AF_INET6", "--proxy-protocol", "STREAM", "--proxy-source", "fd00:50::13", "--proxy-dest", "2001:db8::25"}},
	} {
		args := append([]string{"--to", "bob@elsewhere.example", "--proxy-source-port", "40000", "--proxy-dest-port", "25"}, c.args...)
		l.Client.Swaks("172.16.40.1", args...).LogHas("250 2.0.0 Ok: queued as ")
		origin.LogHas(": client=unknown[" + c.client[0] + "]")
		zorpgo.LogHas(c.client[0])
	}
}

// TestXCLIENT: a real Postfix takes the client that it is told of for its own, and logs it.
func TestXCLIENT(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := l.Origin("smtpd_authorized_xclient_hosts = 172.16.20.1, 172.16.40.0/24, 192.0.2.0/24, [fd00:20::]/64")
	l.Zorpgo("../lab/testdata/zones.star", l.File("mail.star", `from Zorp.Smtp import *

class Told(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.xclient_to_server = TRUE
        self.xclient_from = ("dmz",)

def default_instance():
    Service("smtp", proxy_class=Told, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))
    Rule(service="smtp", dst_port=25, dst_subnet=("172.16.40.1", "fd00:40::1"), src_zone="dmz")
`))
	l.Client.Swaks(firewall, "--to", "bob@example.com").LogHas("250 2.0.0 Ok: queued as ")
	origin.LogHas(": client=unknown[172.16.40.10]")
	l.Client.Swaks("fd00:40::1", "--to", "bob@example.com", "--protocol", "SMTP").LogHas("250 2.0.0 Ok: queued as ")
	origin.LogHas(": client=unknown[fd00:40::10]")
	l.Client.Swaks(firewall, "--to", "bob@example.com", "--xclient", "ADDR=192.0.2.77 NAME=pc.example.com").LogHas("250 2.0.0 Ok: queued as ")
	origin.LogHas(": client=pc.example.com[192.0.2.77]")
}

// TestXFORWARD: it logs the client that it is told of beside its own, for each message.
func TestXFORWARD(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	origin := l.Origin("smtpd_authorized_xforward_hosts = 172.16.20.1")
	l.Zorpgo("../lab/testdata/zones.star", l.File("mail.star", `from Zorp.Smtp import *

class Told(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.xforward_to_server = TRUE

def default_instance():
    Service("smtp", proxy_class=Told, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))
    Rule(service="smtp", dst_port=25, dst_subnet="172.16.40.1", src_zone="dmz")
`))
	l.Client.Source(lab.Load{To: firewall, Messages: 3, Sessions: 1, Size: 100})
	origin.LogHasTimes(3, "client=unknown[172.16.20.1]")
	origin.LogHasTimes(3, "orig_client=unknown[172.16.40.10]")
}

// TestUntrustedByServer: a Postfix that does not offer XCLIENT gets no mail.
func TestUntrustedByServer(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Origin()
	zorpgo := l.Zorpgo("../../../policies/xclient/zones.star", "../../../policies/xclient/mail.star")
	got := l.Client.Start(lab.Command{Args: []string{"swaks", "--server", firewall, "--to", "bob@example.com"}})
	if got.Wait() == 0 {
		t.Error("mail passes")
	}
	got.LogHas("451 Server not available")
	zorpgo.LogHas(`reason="the server offers no way"`)
}
