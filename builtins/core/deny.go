package core

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"zorpgo/builtins/word"
	"zorpgo/engine/service"
)

// answer is one way to answer a denied packet: Zorp's name, and what nftables calls it.
type answer struct{ name, nft string }

// The answers in the order of Zorp's numbers.
var (
	denyIPv4 = []answer{{"DROP", ""}, {"TCP_RESET", "tcp reset"},
		{"ICMP_NET_UNREACHABLE", "icmp net-unreachable"}, {"ICMP_HOST_UNREACHABLE", "icmp host-unreachable"},
		{"ICMP_PROTO_UNREACHABLE", "icmp prot-unreachable"}, {"ICMP_PORT_UNREACHABLE", "icmp port-unreachable"},
		{"ICMP_NET_PROHIBITED", "icmp net-prohibited"}, {"ICMP_HOST_PROHIBITED", "icmp host-prohibited"},
		{"ICMP_ADMIN_PROHIBITED", "icmp admin-prohibited"}}
	denyIPv6 = []answer{{"DROP", ""}, {"TCP_RESET", "tcp reset"},
		{"ICMP_NO_ROUTE", "icmpv6 no-route"}, {"ICMP_ADMIN_PROHIBITED", "icmpv6 admin-prohibited"},
		{"ICMP_ADDR_UNREACHABLE", "icmpv6 addr-unreachable"}, {"ICMP_PORT_UNREACHABLE", "icmpv6 port-unreachable"}}
)

var denyServiceWord = &word.Word{
	Name: "DenyService", Module: "Zorp.Core", Declares: true,
	Doc: "Refuses the connections that rules give to it. The packet filter answers as the settings say (zorpgo nft, run " +
		"--transparent); at a listener of this host a TCP connection is already established, so it is reset.",
	Example: `DenyService(name="no-mail")`,
	Errors:  []string{"a name that another service has"},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how rules refer to it"},
		{Name: "logging", Type: word.Boolean, Default: "TRUE", Doc: "one log record for each refused connection; FALSE: none"},
		{Name: "ipv4_setting", Type: word.Integer, Default: "DenyIPv4.DROP", Doc: "the answer to IPv4 packets: DenyIPv4.DROP is none, DenyIPv4.TCP_RESET, DenyIPv4.ICMP_PORT_UNREACHABLE and the like"},
		{Name: "ipv6_setting", Type: word.Integer, Default: "DenyIPv6.DROP", Doc: "the same for IPv6"},
	},
	Make: func(c *word.Call) starlark.Value {
		s := &service.Service{
			Name: c.Text("name"), Pos: c.Pos, Deny: true, Quiet: c.Given("logging") != nil && !c.Bool("logging"),
			DenyIPv4: denyIPv4[c.Int("ipv4_setting", 0, len(denyIPv4)-1, 0)].nft,
			DenyIPv6: denyIPv6[c.Int("ipv6_setting", 0, len(denyIPv6)-1, 0)].nft,
		}
		declare(c, s)
		return named(c, "service", s.Name)
	},
}

// denySettings is DenyIPv4 or DenyIPv6: its names are numbered from 0.
func denySettings(class string, answers []answer) starlark.Value {
	members := starlark.StringDict{}
	for n, a := range answers {
		members[a.name] = starlark.MakeInt(n)
	}
	return &starlarkstruct.Module{Name: class, Members: members}
}
