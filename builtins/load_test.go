package builtins_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"zorpgo/builtins"
	"zorpgo/engine/chain"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/stream"
)

// The published policy, byte for byte, with its zone in a file before it.
func TestUseCase(t *testing.T) {
	for dir, forge := range map[string]bool{"reverse-proxy": false, "reverse-proxy-forged": true} {
		dir = "../policies/" + dir
		config, found, err := builtins.Load(builtins.Options{}, dir+"/zones.star", dir+"/mail.star")
		if err != nil || len(found) > 0 {
			t.Fatalf("err %v, findings:\n%v", err, found.Error())
		}
		s := config.Services["service_smtp_transparent_directed"]
		if config.Instance != "default_instance" || s == nil || len(config.Services) != 1 || s.Class.Name() != "SmtpProxy" {
			t.Errorf("%s: %+v", dir, config)
		}
		want := &route.Directed{
			Dest:  []stream.Addr{{AddrPort: netip.MustParseAddrPort("172.16.20.254:25")}},
			Forge: route.Forge{Addr: forge, Port: route.PortAny},
		}
		if !reflect.DeepEqual(s.Router, want) || !reflect.DeepEqual(s.Chainer, &chain.Connect{Timeout: 30 * time.Second}) {
			t.Errorf("%s: router %+v, chainer %+v", dir, s.Router, s.Chainer)
		}
		dmz := config.Zones.ByName("dmz")
		for client, match := range map[string]bool{"172.16.40.10": true, "172.16.41.10": false} {
			a := netip.MustParseAddr(client)
			r := config.Rules.Lookup(&rule.Flow{Proto: rule.ProtoTCP, DstPort: 25, Src: a, Dst: netip.MustParseAddr("172.16.40.1"), SrcZone: config.Zones.Lookup(a)})
			if (r != nil) != match || r != nil && (r.ID != 1 || r.SrcZone[0] != dmz || r.Pos.Line != 8) {
				t.Errorf("%s: client %s: rule %+v", dir, client, r)
			}
		}
	}
}

func TestInstance(t *testing.T) {
	const one = "def mail():\n    Service('mail', SmtpProxy)\n"
	const two = one + "def other():\n    Service('other', SmtpProxy)\ndef helper():\n    return 1\n"
	const top = two + "Service('top', SmtpProxy)\nRule(service='top')\n"
	for _, c := range []struct{ name, text, instance, want string }{
		{"the only one", one, "", "mail"},
		{"by name", two, "other", "other"},
		{"default_instance", two + "def default_instance():\n    Service('default', SmtpProxy)\n", "", "default"},
		{"the top level", top, "", "top"},
		{"by name, after the top level", "Service('top', SmtpProxy)\n" + two, "mail", "mail top"},
		{"several", two, "", "p.star:4:5: error: the policy has more than one instance: mail, other [which-instance]\n    choose one with --instance NAME"},
		{"unknown", two, "mial", "p.star: error: there is no instance function \"mial\" without parameters [unknown-instance]\n    did you mean mail?"},
		{"with parameters", "def mail(x):\n    Service('mail', SmtpProxy)\n", "mail", "-: error: there is no instance function \"mail\" without parameters [unknown-instance]\n    write def default_instance(): with the services and rules in it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := options(map[string]string{"p.star": "from Zorp.Smtp import *\n" + c.text})
			opts.Instance = c.instance
			config, found, err := builtins.Load(opts, "p.star")
			if err != nil {
				t.Fatal(err)
			}
			got := found.Error()
			if config != nil {
				var names []string
				for _, name := range []string{"default", "mail", "other", "top"} {
					if config.Services[name] != nil {
						names = append(names, name)
					}
				}
				got += strings.Join(names, " ")
			}
			if strings.ReplaceAll(got, "p.star:5:", "p.star:4:") != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	config, found, err := builtins.Load(options(nil), "nosuch.star")
	if err == nil || !strings.Contains(err.Error(), "nosuch.star") || config != nil || found != nil {
		t.Errorf("%v, %v, %v", config, found, err)
	}
}

func TestFilesAreOneNamespace(t *testing.T) {
	config, found, err := builtins.Load(options(map[string]string{
		"zones.star": `InetZone("lan", "10.0.0.0/8")` + "\nport = PortRange(25, 26)\n",
		"mail.py": `from Zorp.Core import *
from Zorp.Smtp import SmtpProxy, SMTP_REQ_ACCEPT
from zones import port
class Mine(Zorp.Smtp.SmtpProxy):
    def config(self):
        super(Mine, self).config()
        self.request["VRFY"] = (SMTP_REQ_ACCEPT)
import Zorp.Smtp
def zorp_smtp():
    Rule(rule_id=2, service="mail", proto=socket.IPPROTO_TCP, dst_port=port, src_zone=('lan'), iface="eth0", src_iface=("eth1",))
    Rule(service="mail", dst_port=("587", 465), dst_subnet=(InetSubnet("192.0.2.0/24"), "2001:db8::1"))
    Rule(service="no")
    Service("mail", Mine, router=TransparentRouter(forced_port=2525, forge_addr=1, forge_port=Z_PORT_GROUP),
            chainer=ConnectChainer(timeout_connect=5000), keepalive=Z_KEEPALIVE_SERVER, limit_target_zones_to=["lan"])
    DenyService("no", ipv4_setting=DenyIPv4.TCP_RESET)
`,
	}), "zones.star", "mail.py")
	if err != nil || found.HasErrors() {
		t.Fatalf("%v\n%v", err, found.Error())
	}
	rules := config.Rules.All()
	first := rules[1]
	if first.ID != 2 || rules[0].ID != 1 || rules[2].ID != 3 || !reflect.DeepEqual(first.SrcIface, []string{"eth0", "eth1"}) ||
		!reflect.DeepEqual(first.DstPort, []rule.PortRange{{Low: 25, High: 26}}) || !reflect.DeepEqual(first.Proto, []int{6}) {
		t.Errorf("rule %+v", first)
	}
	mail := config.Services["mail"]
	want := &route.Transparent{ForcedPort: 2525, Forge: route.Forge{Addr: true, Port: route.PortGroup}}
	if !reflect.DeepEqual(mail.Router, want) || !reflect.DeepEqual(mail.Chainer, &chain.Connect{Timeout: 5 * time.Second}) || !config.Services["no"].Deny {
		t.Errorf("%+v", mail)
	}
}
