package core

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"zorpgo/builtins/word"
	"zorpgo/engine/service"
)

// How a denied connection is answered; only the first two are built.
var (
	denyIPv4 = []string{"DROP", "TCP_RESET", "ICMP_NET_UNREACHABLE", "ICMP_HOST_UNREACHABLE", "ICMP_PROTO_UNREACHABLE",
		"ICMP_PORT_UNREACHABLE", "ICMP_NET_PROHIBITED", "ICMP_HOST_PROHIBITED", "ICMP_ADMIN_PROHIBITED"}
	denyIPv6 = []string{"DROP", "TCP_RESET", "ICMP_NO_ROUTE", "ICMP_ADMIN_PROHIBITED", "ICMP_ADDR_UNREACHABLE", "ICMP_PORT_UNREACHABLE"}
)

const denyBuilt = 1 // the highest setting that is

var denyServiceWord = &word.Word{
	Name: "DenyService", Module: "Zorp.Core",
	Doc: "Refuses the connections that rules give to it. On a listener of its own a TCP connection is already established, " +
		"so it is reset; a silent drop needs the packet filter.",
	Example: `DenyService(name="no-mail")`,
	Errors:  []string{"a name that another service has", "settings that answer with ICMP, which are not built"},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how rules refer to it"},
		{Name: "logging", Type: word.Boolean, Default: "TRUE", Doc: "one log record for each refused connection; FALSE: none"},
		{Name: "ipv4_setting", Type: word.Integer, Default: "DenyIPv4.DROP", Doc: "DenyIPv4.DROP or DenyIPv4.TCP_RESET"},
		{Name: "ipv6_setting", Type: word.Integer, Default: "DenyIPv6.DROP", Doc: "DenyIPv6.DROP or DenyIPv6.TCP_RESET"},
	},
	Make: func(c *word.Call) starlark.Value {
		denySetting(c, "ipv4_setting", "DenyIPv4", denyIPv4)
		denySetting(c, "ipv6_setting", "DenyIPv6", denyIPv6)
		s := &service.Service{Name: c.Text("name"), Pos: c.Pos, Deny: true, Quiet: c.Given("logging") != nil && !c.Bool("logging")}
		declare(c, s)
		return named(c, "service", s.Name)
	},
}

func denySetting(c *word.Call, param, class string, names []string) {
	if n := c.Int(param, 0, len(names)-1, 0); n > denyBuilt {
		c.Problem(param, "not-built", fmt.Sprintf("%s.%s is Zorp's but not built yet", class, names[n]), fmt.Sprintf("write %s.TCP_RESET", class))
	}
}

// denySettings is DenyIPv4 or DenyIPv6: its names are numbered from 0.
func denySettings(class string, names []string) starlark.Value {
	members := starlark.StringDict{}
	for n, name := range names {
		members[name] = starlark.MakeInt(n)
	}
	return &starlarkstruct.Module{Name: class, Members: members}
}
