package core

import (
	"fmt"
	"net/netip"
	"strconv"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// bind is where a listener listens, in a policy's hands (Zorp's DBSockAddr, DBIface and DBIfaceGroup).
type bind struct{ at []netip.AddrPort }

const protoTCP = 1

var bindType = word.Type{Want: "an address, such as SockAddrInet(...), DBSockAddr(...) or DBIface(...), or a list of these",
	Accepts: word.ListOf(word.Type{Accepts: isBind}, "").Accepts}

func isBind(v starlark.Value) bool {
	_, db := v.(*word.Value[bind])
	return db || isSockAddr(v)
}

var (
	protocolParam = word.Param{Name: "protocol", Type: word.Integer, Default: "ZD_PROTO_AUTO", Doc: "ZD_PROTO_TCP, which ZD_PROTO_AUTO means too"}
	listenPort    = word.Param{Name: "port", Type: word.Integer, Doc: "1 to 65535"}
	familyParam   = word.Param{Name: "family", Type: word.Integer, Default: "AF_INET", Doc: "AF_INET or AF_INET6"}
)

var bindWords = []*word.Word{
	{
		Name: "DBSockAddr", Module: "Zorp.Core",
		Doc:     "Where a listener listens: an address of this host, or 0.0.0.0 or :: for all of them.",
		Example: `DBSockAddr(SockAddrInet("172.16.40.1", 25), ZD_PROTO_TCP)`,
		Errors:  []string{"something else than an address", "port 0", "the protocol UDP, which is not built"},
		Params:  []word.Param{{Name: "sa", Type: word.Type{Want: "an address, such as SockAddrInet(...)", Accepts: isSockAddr}, Doc: "the address"}, protocolParam},
		Make: func(c *word.Call) starlark.Value {
			protocol(c)
			if c.Bad {
				return interp.Poison{}
			}
			return bindTo(c, addresses(c, "sa"))
		},
	},
	{
		Name: "DBIface", Module: "Zorp.Core",
		Doc: "Where a listener listens: an address of a network interface, as it is when the policy is loaded. " +
			"A new address is taken at the next reload.",
		Example: `DBIface("lo", 2525)`,
		Errors:  []string{"an interface that this host does not have, or that has no such address", "port 0", "the protocol UDP, which is not built"},
		Params: []word.Param{{Name: "iface", Type: word.Text, Doc: "the interface's name"}, listenPort, familyParam, protocolParam,
			{Name: "ip", Type: word.Text, Default: `"0.0.0.0"`, Doc: "the one of its addresses that is meant; 0.0.0.0 is the first"}},
		Make: dbIface,
	},
	{
		Name: "DBIfaceGroup", Module: "Zorp.Core",
		Doc:     "Where a listener listens: an address of each interface of a group, as they are when the policy is loaded.",
		Example: `DBIfaceGroup(0, 2525)`,
		Errors:  []string{"a group that has no name or no interface", "port 0", "the protocol UDP, which is not built"},
		Params: []word.Param{{Name: "group", Type: groupType, Doc: "its number, or a name from /etc/iproute2/group or rt_ifgroup"},
			listenPort, familyParam, protocolParam},
		Make: dbIfaceGroup,
	},
	{
		Name: "convertSockAddrToDB", Module: "Zorp.Core",
		Doc:     "Addresses as Dispatcher takes them: each SockAddr becomes a DBSockAddr. Dispatcher does so by itself.",
		Example: `convertSockAddrToDB(SockAddrInet("172.16.40.1", 25), ZD_PROTO_TCP)`,
		Errors:  []string{"something else than addresses", "the protocol UDP, which is not built"},
		Params:  []word.Param{{Name: "sa", Type: bindType, Doc: "one address or a list"}, protocolParam},
		Make: func(c *word.Call) starlark.Value {
			protocol(c)
			at := addresses(c, "sa")
			if c.Bad {
				return interp.Poison{}
			}
			return bindTo(c, at)
		},
	},
}

func bindTo(c *word.Call, at []netip.AddrPort) starlark.Value {
	return word.NewValue(c, "listening address", bind{at})
}

// protocol refuses what is not TCP.
func protocol(c *word.Call) {
	if c.Int("protocol", protoAuto, protoUDP, protoTCP) == protoUDP {
		c.Problem("protocol", "not-built", "UDP is Zorp's but not built yet", "write ZD_PROTO_TCP")
	}
}

// addresses are the addresses that a parameter lists.
func addresses(c *word.Call, param string) (list []netip.AddrPort) {
	v := c.Given(param)
	if v == nil {
		return nil
	}
	i := 0
	for element := range word.Elements(v) {
		switch v := element.(type) {
		case *word.Value[bind]:
			list = append(list, v.Is.at...)
		case word.SockAddr:
			if at, ok := listenable(c, c.Element(param, i), v); ok {
				list = append(list, at)
			}
		}
		i++
	}
	return list
}

func listenable(c *word.Call, pos source.Pos, a word.SockAddr) (at netip.AddrPort, ok bool) {
	switch {
	case a.Path != "":
		c.ProblemAt(pos, "bad-address", "a listener on a Unix domain socket is Zorp's but not built yet", `write SockAddrInet("127.0.0.1", 25)`)
	case a.Port() == 0:
		c.ProblemAt(pos, "port-zero", "port 0 cannot be listened on", "name a port from 1 to 65535")
	default:
		return a.AddrPort, true
	}
	return at, false
}

// listenAt is the port and family of a DBIface or DBIfaceGroup.
func listenAt(c *word.Call) (port int, family stream.Family, ok bool) {
	protocol(c)
	family = stream.IPv4
	switch c.Int("family", word.FamilyUnspec, word.FamilyInet6, word.FamilyInet) {
	case word.FamilyInet:
	case word.FamilyInet6:
		family = stream.IPv6
	default:
		c.Problem("family", "out-of-range", "family is neither AF_INET nor AF_INET6", "write AF_INET or leave it out")
	}
	port = c.Int("port", 1, maxPort, 0)
	return port, family, !c.Bad
}

func dbIface(c *word.Call) starlark.Value {
	port, family, ok := listenAt(c)
	name := c.Text("iface")
	if !ok {
		return interp.Poison{}
	}
	for _, i := range c.Draft.Interfaces() {
		if i.Name != name {
			continue
		}
		a, problem := wanted(c, i, family)
		if problem == "" {
			return bindTo(c, []netip.AddrPort{netip.AddrPortFrom(a, uint16(port))})
		}
		c.Problem("iface", "no-address", problem, "give it one, or write DBSockAddr with an address of this host")
		return interp.Poison{}
	}
	c.Problem("iface", "unknown-interface", fmt.Sprintf("this host has no interface %q", name), "write DBSockAddr with an address of this host")
	return interp.Poison{}
}

// wanted is the address of i that c means, or what is wrong.
func wanted(c *word.Call, i word.Interface, family stream.Family) (netip.Addr, string) {
	ip := c.Text("ip")
	if a, err := netip.ParseAddr(ip); ip != "" && (err != nil || !a.IsUnspecified()) {
		for _, own := range i.Addresses {
			if err == nil && own == a {
				return a, ""
			}
		}
		return netip.Addr{}, fmt.Sprintf("interface %q does not have the address %s", i.Name, ip)
	}
	if a, ok := i.First(family); ok {
		return a, ""
	}
	return netip.Addr{}, fmt.Sprintf("interface %q has no %s address", i.Name, family)
}

func dbIfaceGroup(c *word.Call) starlark.Value {
	port, family, ok := listenAt(c)
	group, err := bindGroup(c.Draft, c.Given("group"))
	if ok && err != nil {
		c.Problem("group", "bad-group", err.Error(), "")
	}
	if c.Bad {
		return interp.Poison{}
	}
	var list []netip.AddrPort
	for _, i := range c.Draft.Interfaces() {
		if a, has := i.First(family); has && i.Group == group {
			list = append(list, netip.AddrPortFrom(a, uint16(port)))
		}
	}
	if len(list) == 0 {
		c.Problem("group", "no-address", fmt.Sprintf("no interface of group %d has an %s address", group, family), "ip link set dev NAME group N puts an interface into one")
		return interp.Poison{}
	}
	return bindTo(c, list)
}

const bindGroupFile = "/etc/iproute2/rt_ifgroup"

// bindGroup is the number of a group: the older file, with hexadecimal numbers, comes first.
func bindGroup(d *word.Draft, v starlark.Value) (int, error) {
	if n, err := number(decimal(v), 1<<31-1); err == nil {
		return n, nil
	}
	name, _ := starlark.AsString(v)
	hex := func(text string) (int, error) {
		n, err := strconv.ParseInt(text, 0, 32)
		return int(n), err
	}
	if n, known := groupNames(d, bindGroupFile, hex)[name]; known {
		return n, nil
	}
	if n, known := ifgroups(d)[name]; known {
		return n, nil
	}
	return 0, fmt.Errorf("interface group %s is neither in %s nor in %s", v, bindGroupFile, ifgroupFile)
}
