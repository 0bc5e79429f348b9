package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/zone"
)

var zoneWord = &word.Word{
	Name: "Zone", Aliases: []string{"InetZone", "Inet6Zone"}, Module: "Zorp.Core", Declares: true,
	Doc:     "Gives a name to networks. An address belongs to the zone that owns the longest prefix holding it.",
	Example: `Zone("dmz", addrs=["172.16.40.0/24", "fd00:40::/64"])`,
	Errors: []string{
		"a name or a network that another zone has already",
		"networks that are not in prefix-length notation, and host names",
		"a parent that is not defined before the zone",
	},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how rules and zones refer to it"},
		{Name: "addrs", Type: word.TextList, Default: "()", Doc: "networks or addresses of both families"},
		{Name: "hostnames", Type: word.TextList, Default: "()", Doc: "names whose addresses join the zone",
			NotBuilt: "write the addresses in addrs"},
		{Name: "admin_parent", Type: word.Text, Default: "None", Doc: "the zone above it: rules and limits on that one cover this one too"},
		{Name: "inbound_services", Type: word.TextList, Default: "None", Doc: `Zorp 3's list of services; only ["*"] is accepted, with a warning`},
		{Name: "outbound_services", Type: word.TextList, Default: "None", Doc: `Zorp 3's list of services; only ["*"] is accepted, with a warning`},
		{Name: "addr", Type: word.TextList, Default: "()", Doc: "the old name of addrs; accepted with a warning"},
	},
	Make: makeZone,
}

func makeZone(c *word.Call) starlark.Value {
	z := &zone.Zone{Name: c.Text("name"), Pos: c.Pos}
	if c.Given("addr") != nil {
		c.Warn("addr", "old-name", "addr is the old name of addrs", "write addrs=")
	}
	for _, param := range []string{"addrs", "addr"} {
		z.Prefixes = append(z.Prefixes, prefixes(c, param)...)
	}
	for _, param := range []string{"inbound_services", "outbound_services"} {
		serviceList(c, param)
	}
	if z.Name == "" && c.Given("name") != nil {
		c.Problem("name", "bad-name", "the name is empty", "give the zone a name that rules can use")
	}
	if z.Name == "" {
		c.Draft.Partial = true
		return interp.Poison{}
	}
	above := c.Draft.AddZone(z)
	c.Draft.Later(func() { setParent(c, z, above) })
	return named(c, "zone", z.Name)
}

// setParent gives z its parent, one of the zones above it; so hierarchies are finite.
func setParent(c *word.Call, z *zone.Zone, above int) {
	name := c.Text("admin_parent")
	if name == "" {
		return
	}
	switch i := c.Draft.ZoneIndex(c.At("admin_parent"), "Zone", name); {
	case i < 0:
	case i < above:
		z.Parent = c.Draft.Zones[i]
	default:
		c.Problem("admin_parent", "zone-parent-unknown", fmt.Sprintf("the parent %q is not defined before zone %q", name, z.Name),
			fmt.Sprintf("define zone %q above zone %q", name, z.Name))
	}
}

// prefixes are the networks that a parameter lists.
func prefixes(c *word.Call, param string) []netip.Prefix {
	var list []netip.Prefix
	for i, text := range c.Texts(param) {
		if p, err := zone.ParsePrefix(text); err == nil {
			list = append(list, p)
		} else {
			c.ProblemAt(c.Element(param, i), "bad-network", err.Error(), "")
		}
	}
	return list
}

// serviceList is a list of the services that may enter or leave a zone: Zorp 7 has them no more.
func serviceList(c *word.Call, param string) {
	list := c.Texts(param)
	switch {
	case len(list) == 0:
	case len(list) == 1 && list[0] == "*":
		c.Warn(param, "old-parameter", fmt.Sprintf(`%s=["*"] allows everything and is not needed`, param), "leave it out")
	default:
		c.Problem(param, "not-built", param+" is no longer part of Zorp and not built", "say in rules, with src_zone and dst_zone, which services a zone may use")
	}
}
