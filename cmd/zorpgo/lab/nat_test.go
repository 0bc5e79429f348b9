package lab

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// natPolicy is a policy whose router names an address that is nowhere; the translations are up to the test.
const natPolicy = `from Zorp.Smtp import *

class Shifted(AbstractNAT):
    def performTranslation(self, session, addrs, nat_type):
        if session.client_zone.name == "dmz":
            return SockAddrInet("172.16.20.254", addrs[1].port)

def default_instance():
    NATPolicy("shift", GeneralNAT([(InetSubnet("0.0.0.0/0"), InetSubnet("192.0.2.0/24"), InetSubnet("172.16.20.0/24"))]))
    NATPolicy("written", Shifted())
    NATPolicy("server6", StaticNAT(SockAddrInet6("fd00:20::254", 25)))
    NATPolicy("own", StaticNAT(SockAddrInet("172.16.20.1", 0)))
    NATPolicy("foreign", StaticNAT(SockAddrInet("10.77.0.1", 0)))
    NATPolicy("client", ForgeClientSourceNAT())
    NATPolicy("client6", NAT46(prefix="fd00:64::"))
    Service("mail", SmtpProxy, router=DirectedRouter(SockAddrInet("192.0.2.254", 25)), dnat_policy=%q, snat_policy=%s)
    Rule(service="mail", dst_port=25, src_zone="dmz", dst_subnet="172.16.40.1")
`

func natFile(lab *Lab, dnat, snat string) string {
	return lab.File("mail.star", fmt.Sprintf(natPolicy, dnat, snat))
}

// TestTranslation has the origin tell which address it sees, on a firewall that may forge.
func TestTranslation(t *testing.T) {
	t.Parallel()
	lab := New(t)
	lab.WayBack()
	witness := lab.Witness()
	for _, c := range []struct{ dnat, snat, seen string }{
		{"shift", `None`, "172.16.20.1"},
		{"shift", `"own"`, "172.16.20.1"},
		{"shift", `"foreign"`, "10.77.0.1"},
		{"shift", `"client"`, "172.16.40.10"},
		{"written", `"foreign"`, "10.77.0.1"},
		{"server6", `"client6"`, "fd00:64::ac10:280a"},
	} {
		zorpgo := lab.Zorpgo("testdata/zones.star", natFile(lab, c.dnat, c.snat))
		client := dial(t, lab.Client, "", "172.16.40.1")
		client.get("220 ")
		client.quit()
		if peer := witness.Peer(); peer.Addr().String() != c.seen {
			t.Errorf("dnat %s, snat %s: the origin saw %s, want %s", c.dnat, c.snat, peer, c.seen)
		}
		zorpgo.Stop()
	}
}

// Without the right to forge, an address of the firewall can be the source, and no other.
func TestTranslationWithoutRight(t *testing.T) {
	t.Parallel()
	lab := New(t)
	witness := lab.Witness()
	rights := []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}
	refused := lab.ZorpgoNot(rights, "testdata/zones.star", natFile(lab, "shift", `"foreign"`))
	if status := refused.Wait(); status != 3 {
		t.Errorf("exit status %d, want 3", status)
	}
	refused.LogHas(`snat_policy="foreign"`)
	allowed := lab.zorpgo("run", []string{"testdata/zones.star", natFile(lab, "shift", `"own"`)})
	allowed.Without = rights
	lab.StartReady(lab.Firewall, allowed)
	client := dial(t, lab.Client, "", "172.16.40.1")
	client.get("220 ")
	if peer := witness.Peer(); peer.Addr().String() != "172.16.20.1" {
		t.Errorf("the origin saw %s", peer)
	}
}

// With several servers, all of them down, a client hears what it hears of one; when one is up again it is found.
func TestAllServersDown(t *testing.T) {
	t.Parallel()
	lab := New(t)
	zorpgo := lab.Zorpgo("testdata/zones.star", lab.File("mail.star", `from Zorp.Smtp import *

def default_instance():
    Service("mail", SmtpProxy, chainer=FailoverChainer(timeout_connect=5000),
            router=DirectedRouter((SockAddrInet("172.16.20.1", 2525), SockAddrInet("172.16.20.254", 25)), forge_addr=FALSE))
    Rule(service="mail", dst_port=25, src_zone="dmz", dst_subnet="172.16.40.1")
`))
	client := dial(t, lab.Client, "", "172.16.40.1")
	client.get("451 Server not available")
	client.quit()
	zorpgo.LogHasTimes(2, "server is down")
	witness := lab.Witness()
	client = dial(t, lab.Client, "", "172.16.40.1")
	client.get("220 ")
	witness.Peer()
	zorpgo.LogHas("server is up again")
}
