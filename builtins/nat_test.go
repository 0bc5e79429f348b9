package builtins_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/nat"
	"zorpgo/engine/session"
)

// natCase is a case of package nat: a NAT, some calls and what they answer.
type natCase struct {
	ID, Class      string
	Args           map[string]any
	Policy         struct{ Cacheable *bool }
	ConstructError string `json:"construct_error"`
	Calls          []struct {
		Type     string
		Src, Dst *natAddress
		Expect   *struct {
			natAddress
			Error      string
			OneOf      []natAddress `json:"one_of"`
			SameAsCall *int         `json:"same_as_call"`
		}
	}
}

type natAddress struct {
	IP   netip.Addr
	Port uint16
}

func (a *natAddress) addrPort() netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.IP, a.Port)
}

// inPolicy is an argument as a policy writes it.
func inPolicy(name string, v any) string {
	switch v := v.(type) {
	case bool:
		return strings.ToUpper(fmt.Sprint(v))
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, inPolicy(name, e))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case map[string]any:
		if ip, ok := v["ip"].(string); ok {
			word := "SockAddrInet"
			if strings.Contains(ip, ":") {
				word = "SockAddrInet6"
			}
			return fmt.Sprintf("%s(%q, %v)", word, ip, v["port"])
		}
	case string:
		if name != "prefix" && name != "suffix" {
			word := "InetSubnet"
			if strings.Contains(v, ":") {
				word = "Inet6Subnet"
			}
			return fmt.Sprintf("%s(%q)", word, v)
		}
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func (c *natCase) policy() string {
	var args []string
	for name, v := range c.Args {
		args = append(args, name+"="+inPolicy(name, v))
	}
	slices.Sort(args)
	cacheable := ""
	if c.Policy.Cacheable != nil {
		cacheable = ", cacheable=" + inPolicy("", *c.Policy.Cacheable)
	}
	return fmt.Sprintf("NATPolicy(%q, %s(%s)%s)\n", c.ID, c.Class, strings.Join(args, ", "), cacheable)
}

// TestNATCases has policies say what the cases of package nat make by hand, and wants the same answers.
func TestNATCases(t *testing.T) {
	data, err := os.ReadFile("../engine/nat/testdata/nat.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []natCase
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 50 {
		t.Fatal(err, len(cases))
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			config, found, err := builtins.Load(options(map[string]string{"p.star": "from Zorp.NAT import *\n" + c.policy()}), "p.star")
			if err != nil || (config == nil) != (c.ConstructError != "") {
				t.Fatalf("%s%v, findings:\n%v", c.policy(), err, found.Error())
			}
			if config != nil {
				c.run(t, config.NATPolicies[0])
			}
		})
	}
}

func (c *natCase) run(t *testing.T, p *nat.Policy) {
	var before []netip.AddrPort
	for i, call := range c.Calls {
		mode := map[string]nat.Mode{"SNAT": nat.Source, "DNAT": nat.Destination}[call.Type]
		got, ok, err := p.TranslateFor(nil, nat.Pair{Src: call.Src.addrPort(), Dst: call.Dst.addrPort()}, mode)
		before = append(before, got)
		switch e := call.Expect; {
		case e == nil:
			if ok || err != nil {
				t.Errorf("call %d: %s, %v", i, got, err)
			}
		case e.Error != "":
			if err == nil || errors.Is(err, nat.ErrRefused) != (e.Error == "DACException") {
				t.Errorf("call %d: %s, %v, want %s", i, got, err, e.Error)
			}
		case err != nil || !ok:
			t.Errorf("call %d: %t, %v", i, ok, err)
		case e.OneOf != nil:
			if !slices.ContainsFunc(e.OneOf, func(a natAddress) bool { return a.addrPort() == got }) {
				t.Errorf("call %d: %s", i, got)
			}
		case e.SameAsCall != nil && got != before[*e.SameAsCall], e.SameAsCall == nil && got != e.addrPort():
			t.Errorf("call %d: %s, want %+v", i, got, e)
		}
	}
}

const writtenNAT = `from Zorp.Smtp import *
Zone("dmz", "172.16.40.0/24")
class ByZone(AbstractNAT):
    def __init__(self, ip):
        AbstractNAT.__init__(self)
        self.ip = ip
        self.seen = []
    def performTranslation(self, session, addrs, nat_type):
        source, destination = addrs
        if destination.port == 1:
            return "nonsense"
        if destination.port == 2:
            return SockAddrInet("300.1.1.1", 25)
        if destination.port == 3:
            self.ip = "10.0.0.1"
        if destination.port == 4:
            for i in range(1000000):
                for j in range(1000000):
                    pass
        if destination.port == 5:
            self.seen.append(source)
        if destination.port == 6:
            fail("not this one")
        if destination.port == 7:
            Service("new", SmtpProxy)
        if destination.port == 8:
            session.setServer(SockAddrInet("10.0.0.1", 25))
        if destination.port == 9:
            return SockAddrUnix("/run/mail")
        if session.client_zone == None or nat_type == NAT_SNAT and source == None:
            return None
        log(None, CORE_POLICY, 3, "from %s", source)
        return SockAddrInet(self.ip, {NAT_SNAT: 0, NAT_DNAT: destination.port}[nat_type])
def default_instance():
    NATPolicy("n", ByZone("172.16.20.7"))
    Service("in", SmtpProxy, dnat_policy="n", snat_policy="n")
    Rule(service="in", dst_subnet="172.16.40.1", dst_port=25)
`

func loadWrittenNAT(t *testing.T) *engine.Config {
	t.Helper()
	config, found, err := builtins.Load(options(map[string]string{"p.star": writtenNAT}), "p.star")
	if err != nil || config == nil {
		t.Fatal(err, found.Error())
	}
	return config
}

// A translation that the policy wrote has the limits of all its functions, and fails closed.
func TestWrittenNAT(t *testing.T) {
	config := loadWrittenNAT(t)
	v := config.Services["in"]
	if v.SNAT != v.DNAT || v.SNAT.Prompt() {
		t.Fatalf("%+v", v.SNAT)
	}
	for port, want := range map[uint16]string{
		25: "172.16.20.7:25", 1: "returned string, want an IP address or None", 2: `"300.1.1.1" is no IPv4 address`, 3: "cannot set .ip",
		4: "more than", 5: "frozen list", 6: "not this one", 7: "Service can be called while the policy is loaded", 8: "chosen already",
		9: "returned address, want an IP address or None",
	} {
		to, ok, err := translate(config, v.DNAT, "172.16.40.9:40000", port, nat.Destination)
		if got := fmt.Sprint(to, err); !strings.Contains(got, want) || ok != (port == 25) {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
	if to, ok, err := translate(config, v.SNAT, "172.16.40.9:40000", 25, nat.Source); to.String() != "172.16.20.7:0" || !ok || err != nil {
		t.Errorf("source: %s, %v", to, err)
	}
	if _, ok, err := translate(config, v.SNAT, "192.0.2.1:40000", 25, nat.Source); ok || err != nil {
		t.Errorf("a client of no zone is translated: %v", err)
	}
}

func translate(config *engine.Config, p *nat.Policy, client string, port uint16, m nat.Mode) (netip.AddrPort, bool, error) {
	from := netip.MustParseAddrPort(client)
	s := &session.Session{Client: from, ClientZone: config.Zones.Lookup(from.Addr()), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return p.TranslateFor(s, nat.Pair{Src: from, Dst: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port)}, m)
}

// Sessions call the same object at the same time.
func TestWrittenNATOfManySessions(t *testing.T) {
	config := loadWrittenNAT(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for port := range uint16(50) {
				_, ok, _ := translate(config, config.NATPolicies[0], "172.16.40.9:40000", 2+port%2*23, nat.Destination)
				if ok != (port%2 == 1) {
					t.Errorf("port %d: %t", port, ok)
				}
			}
		})
	}
	all.Wait()
}
