package core

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

var (
	routerType = word.Type{Want: "a router, such as DirectedRouter(...), or an object of a class that derives from AbstractRouter", Accepts: isRouter}
	addrsType  = word.Type{Want: "an address, such as SockAddrInet(...), or a list of addresses",
		Accepts: word.ListOf(word.Type{Accepts: isSockAddr}, "").Accepts}
)

func isRouter(v starlark.Value) bool {
	_, made := v.(*word.Value[route.Router])
	o, object := v.(*interp.Object)
	return made || object && o.Class().Is(abstractRouter)
}

func isSockAddr(v starlark.Value) bool {
	_, ok := v.(word.SockAddr)
	return ok
}

var forgeParams = []word.Param{
	{Name: "forge_addr", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: the server sees the client's address, not this host's"},
	{Name: "overrideable", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: the proxy may choose another target"},
	{Name: "forge_port", Type: word.Integer, Default: "Z_PORT_ANY", Doc: "the source port: Z_PORT_ANY, Z_PORT_EXACT (the client's), Z_PORT_GROUP, Z_PORT_RANDOM, or a number"},
}

var routerWords = []*word.Word{
	{
		Name: "DirectedRouter", Module: "Zorp.Core",
		Doc:     "Sends every connection to the given addresses; the first one is tried first.",
		Example: `DirectedRouter(dest_addr=SockAddrInet("172.16.20.254", 25), forge_addr=TRUE)`,
		Errors:  []string{"no address", "forge_port TRUE or 0, which are hardly meant"},
		Params: append([]word.Param{
			{Name: "dest_addr", Type: addrsType, Doc: "one address or a list"},
		}, forgeParams...),
		Make: func(c *word.Call) starlark.Value {
			targets := targets(c)
			forge := forging(c)
			if c.Bad {
				return interp.Poison{}
			}
			return word.NewValue[route.Router](c, "router", &route.Directed{
				Dest: targets, Forge: forge, Overrideable: c.Bool("overrideable")})
		},
	},
	{
		Name: "TransparentRouter", Module: "Zorp.Core",
		Doc:     "Sends every connection to where the client wanted to go.",
		Example: `TransparentRouter(forge_addr=TRUE)`,
		Errors:  []string{"forge_port TRUE or 0, which are hardly meant"},
		Params: append([]word.Param{
			{Name: "forced_port", Type: word.Integer, Default: "0", Doc: "the port to connect to; 0 is the one that the client used"},
		}, forgeParams...),
		Make: func(c *word.Call) starlark.Value {
			port := c.Int("forced_port", 0, maxPort, 0)
			forge := forging(c)
			if c.Bad {
				return interp.Poison{}
			}
			return word.NewValue[route.Router](c, "router", &route.Transparent{
				ForcedPort: uint16(port), Forge: forge, Overrideable: c.Bool("overrideable")})
		},
	},
}

var inbandWord = &word.Word{
	Name: "InbandRouter", Module: "Zorp.Core",
	Doc: "Names no server: a method of the proxy class does, with self.session.setServer(address) or " +
		"self.session.setTargetAddressByHostname(host, port), in config(), startUp or connectServer. Without that there is no server.",
	Example: `InbandRouter(forge_addr=TRUE)`,
	Errors:  []string{"forge_port TRUE or 0, which are hardly meant"},
	Params:  []word.Param{forgeParams[0], forgeParams[2]},
	Make: func(c *word.Call) starlark.Value {
		forge := forging(c)
		if c.Bad {
			return interp.Poison{}
		}
		return word.NewValue[route.Router](c, "router", &route.Inband{Forge: forge})
	},
}

func targets(c *word.Call) []stream.Addr {
	var addrs []stream.Addr
	v := c.Given("dest_addr")
	if v == nil {
		return nil
	}
	for element := range word.Elements(v) {
		addrs = append(addrs, element.(word.SockAddr).Addr)
	}
	if len(addrs) == 0 {
		c.Problem("dest_addr", "no-target", "dest_addr is empty", `write an address, such as SockAddrInet("172.16.20.254", 25)`)
	}
	return addrs
}

func forging(c *word.Call) route.Forge {
	return route.Forge{Addr: c.Bool("forge_addr"), Port: forgePort(c)}
}

// forgePort is the source port that the policy wants.
func forgePort(c *word.Call) route.Port {
	v := c.Given(forgePortName)
	if v == nil {
		return route.PortAny
	}
	port, err := portOf(v)
	var bad *badPort
	if errors.As(err, &bad) {
		c.Problem(forgePortName, "bad-forge-port", bad.message, bad.hint)
	}
	return port
}

// badPort is why a forge_port is refused, and what to write instead.
type badPort struct{ message, hint string }

// Error is the reason.
func (b *badPort) Error() string { return b.message }

// portOf refuses TRUE and 0: what Zorp makes of them, source port 1 and an error per connection, nobody means.
func portOf(v starlark.Value) (route.Port, error) {
	n, isNumber := word.AsInt(v)
	_, boolean := v.(starlark.Bool)
	switch {
	case boolean && n == 1:
		return route.PortAny, &badPort{"forge_port is TRUE, which names no port", "write Z_PORT_EXACT to use the client's own port"}
	case isNumber && n == 0:
		return route.PortAny, &badPort{fmt.Sprintf("forge_port is %s, which names no port", zeroName(boolean)),
			"leave it out to let the kernel choose, or write Z_PORT_EXACT to use the client's own port"}
	case !isNumber || !route.Port(n).Valid():
		return route.PortAny, &badPort{fmt.Sprintf("forge_port is %s", v), "write Z_PORT_ANY, Z_PORT_EXACT, Z_PORT_GROUP, Z_PORT_RANDOM, or a port from 1 to 65535"}
	}
	return route.Port(n), nil
}

func zeroName(boolean bool) string {
	if boolean {
		return "FALSE"
	}
	return "0"
}
