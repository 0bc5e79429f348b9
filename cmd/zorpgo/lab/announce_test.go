package lab

import (
	"strings"
	"testing"
)

// TestAnnounced: a Postfix that takes the PROXY protocol logs the client although the firewall connects.
func TestAnnounced(t *testing.T) {
	for version, firewall := range map[string]string{"1": "172.16.40.1", "2": "fd00:40::1"} {
		t.Run("version "+version, func(t *testing.T) {
			t.Parallel()
			lab := New(t)
			origin := lab.Origin("smtpd_upstream_proxy_protocol = haproxy")
			server, client := "SockAddrInet('172.16.20.254', 25)", "172.16.40.10"
			if strings.Contains(firewall, ":") {
				server, client = "SockAddrInet6('fd00:20::254', 25)", "fd00:40::10"
			}
			lab.Zorpgo("testdata/zones.star", lab.File("mail.star", `from Zorp.Smtp import *
def default_instance():
    Service("smtp", proxy_class=SmtpProxy, router=DirectedRouter(`+server+`), proxy_protocol=`+version+`)
    Rule(service="smtp", dst_port=25, src_zone="dmz", dst_subnet="`+firewall+`")
`))
			swaks := lab.Client.Swaks(firewall, "--to", "bob@example.com", "--body", "hello")
			swaks.LogHas("250 2.0.0 Ok: queued as ")
			origin.LogHas(": client=unknown[" + client + "]")
		})
	}
}
