package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/nat"
	"zorpgo/engine/zone"
)

func isNetwork(v starlark.Value) bool {
	_, made := v.(*word.Value[netip.Prefix])
	return made || word.Text.Accepts(v)
}

// isNetworkLists accepts a list whose elements are lists of networks; one such list alone is none.
func isNetworkLists(v starlark.Value) bool {
	sequence, ok := v.(starlark.Indexable)
	if _, text := v.(starlark.String); text || !ok {
		return false
	}
	for i := range sequence.Len() {
		inner, ok := sequence.Index(i).(starlark.Indexable)
		if _, text := inner.(starlark.String); text || !ok || !word.ListOf(networkType, "").Accepts(inner.(starlark.Value)) {
			return false
		}
	}
	return true
}

// natValue is n in the policy's hands, or a finding at param.
func natValue(c *word.Call, param string, n nat.NAT, err error) starlark.Value {
	if err != nil && !c.Bad {
		c.Problem(param, "bad-nat", err.Error(), "")
	}
	if c.Bad {
		return interp.Poison{}
	}
	return word.NewValue(c, "NAT", n)
}

// network reads one network. Zorp keeps the host bits of IPv4, and then hardly anything matches.
func network(c *word.Call, param string, v starlark.Value) netip.Prefix {
	if made, ok := v.(*word.Value[netip.Prefix]); ok {
		return masked(c, param, made.Is)
	}
	text, ok := starlark.AsString(v)
	if !ok {
		return netip.Prefix{} // not given: a finding has said so
	}
	p, err := zone.ParsePrefix(text)
	if err != nil {
		c.Problem(param, "bad-network", err.Error(), "")
		return netip.Prefix{}
	}
	return masked(c, param, p)
}

func masked(c *word.Call, param string, p netip.Prefix) netip.Prefix {
	if p != p.Masked() {
		c.Warn(param, "host-bits", fmt.Sprintf("network %s has bits of a host, it is taken as %s", p, p.Masked()), "write "+p.Masked().String())
	}
	return p.Masked()
}

// mappings are the lists of networks given for the parameter mapping.
func mappings(c *word.Call) (lists [][]netip.Prefix) {
	given, ok := c.Given("mapping").(starlark.Indexable)
	if !ok {
		return nil
	}
	for i := range given.Len() {
		var list []netip.Prefix
		for v := range word.Elements(given.Index(i)) {
			list = append(list, network(c, "mapping", v))
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		c.Problem("mapping", "bad-nat", "mapping is empty", "write at least one")
	}
	return lists
}

func makeGeneralNAT(c *word.Call) starlark.Value {
	g := &nat.General{}
	lists := mappings(c)
	for i, list := range lists {
		m, err := nat.NewMapping(list)
		if len(list) != 3 || !c.Bad && err != nil {
			c.ProblemAt(c.Element("mapping", i), "bad-nat", err.Error(), "")
		}
		g.Mappings = append(g.Mappings, m)
	}
	return natValue(c, "mapping", g, nil)
}

func oneToOne(c *word.Call, param string, lists [][]netip.Prefix) starlark.Value {
	o := &nat.OneToOne{Reject: rejects(c)}
	for i, list := range lists {
		s, err := nat.NewShift(list)
		if len(list) != 2 || !c.Bad && err != nil {
			c.ProblemAt(c.Element(param, i), "bad-nat", err.Error(), "")
		}
		o.Shifts = append(o.Shifts, s)
	}
	return natValue(c, param, o, nil)
}

func rejects(c *word.Call) bool { return c.Given("default_reject") == nil || c.Bool("default_reject") }

func prefixMask(c *word.Call) int { return c.Int("prefix_mask", 0, 128, 96) }

// sockAddrs are the IP addresses given for a parameter; if there is none a finding says so.
func sockAddrs(c *word.Call, param string) (list []netip.AddrPort) {
	v := c.Given(param)
	if v == nil {
		return nil
	}
	for element := range word.Elements(v) {
		a := element.(word.SockAddr)
		if a.Path != "" {
			c.Problem(param, "bad-address", fmt.Sprintf("%s is no IP address", a), "write SockAddrInet or SockAddrInet6")
		}
		list = append(list, a.AddrPort)
	}
	if len(list) == 0 {
		c.Problem(param, "bad-nat", param+" is empty", "write at least one address")
	}
	return list
}

func makeHashNAT(c *word.Call) starlark.Value {
	h := &nat.Hash{To: map[netip.Addr]netip.Addr{}, Reject: rejects(c)}
	dict, _ := c.Given("ip_hash").(*starlark.Dict)
	if dict == nil {
		return interp.Poison{}
	}
	for _, item := range dict.Items() {
		var pair [2]netip.Addr
		for i, v := range item {
			text, _ := starlark.AsString(v)
			a, err := netip.ParseAddr(text)
			if err != nil {
				c.Problem("ip_hash", "bad-address", fmt.Sprintf("%s is no IP address", v), `write addresses as strings, such as "172.16.20.254"`)
			}
			pair[i] = a.Unmap()
		}
		h.To[pair[0]] = pair[1]
	}
	return natValue(c, "ip_hash", h, nil)
}

func makeNAT46(c *word.Call) starlark.Value {
	ends := [2]netip.Addr{netip.MustParseAddr("64:ff9b::"), netip.IPv6Unspecified()}
	for i, param := range []string{"prefix", "suffix"} {
		if c.Given(param) == nil {
			continue
		}
		a, err := netip.ParseAddr(c.Text(param))
		if err != nil || !a.Is6() {
			c.Problem(param, "bad-address", fmt.Sprintf("%s is no IPv6 address", c.Given(param)), addressHint(6))
		}
		ends[i] = a
	}
	if c.Bad {
		return interp.Poison{}
	}
	n, err := nat.NewNAT46(ends[0], ends[1], prefixMask(c))
	param := "prefix_mask"
	if c.Given("suffix") != nil {
		param = "suffix"
	}
	return natValue(c, param, n, err)
}
