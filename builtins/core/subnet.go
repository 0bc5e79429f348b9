package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/zone"
)

var subnetWords = []*word.Word{
	{
		Name: "InetSubnet", Aliases: []string{"InetDomain"}, Module: "Zorp.Core",
		Doc:     "An IPv4 network, for a rule's src_subnet and dst_subnet.",
		Example: `InetSubnet("172.16.40.0/24")`,
		Errors:  []string{"a text that is no IPv4 network"},
		Params:  []word.Param{{Name: "addr", Type: word.Text, Doc: "the network; without a length it is one address"}},
		Make:    func(c *word.Call) starlark.Value { return subnet(c, true) },
	},
	{
		Name: "Inet6Subnet", Aliases: []string{"Inet6Domain"}, Module: "Zorp.Core",
		Doc:     "An IPv6 network, for a rule's src_subnet and dst_subnet.",
		Example: `Inet6Subnet("fd00:40::/64")`,
		Errors:  []string{"a text that is no IPv6 network"},
		Params:  []word.Param{{Name: "addr", Type: word.Text, Doc: "the network; without a length it is one address"}},
		Make:    func(c *word.Call) starlark.Value { return subnet(c, false) },
	},
}

func subnet(c *word.Call, v4 bool) starlark.Value {
	if c.Bad {
		return interp.Poison{}
	}
	p, err := zone.ParsePrefix(c.Text("addr"))
	if err == nil && p.Addr().Is4() != v4 {
		err = fmt.Errorf("%s is of the other address family", p)
	}
	if err != nil {
		c.Problem("addr", "bad-network", err.Error(), "")
		return interp.Poison{}
	}
	return word.NewValue[netip.Prefix](c, "network", p)
}
