package core

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/stream"
)

const (
	maxPort     = 65535
	resolveTime = 5 * time.Second // for a name in SockAddrInetHostname
)

var portParam = word.Param{Name: "port", Type: word.Integer, Doc: "0 to 65535; in a router 0 is the port that the client used"}

var sockAddrWords = []*word.Word{
	{
		Name: "SockAddrInet", Module: "Zorp.Core", PositionalOnly: true,
		Doc:     "An IPv4 address and a port.",
		Example: `SockAddrInet("172.16.20.254", 25)`,
		Errors:  []string{"a text that is no IPv4 address", "a port beyond 65535"},
		Params: []word.Param{
			{Name: "ip", Type: word.Type{Want: "an IPv4 address as a string", Accepts: isTextOrNumber}, Doc: "the address; a number is read in host order"},
			portParam,
		},
		Make: func(c *word.Call) starlark.Value { return sockAddr(c, 4) },
	},
	{
		Name: "SockAddrInet6", Module: "Zorp.Core", PositionalOnly: true,
		Doc:     "An IPv6 address and a port.",
		Example: `SockAddrInet6("fd00:20::254", 25)`,
		Errors:  []string{"a text that is no IPv6 address", "a port beyond 65535"},
		Params:  []word.Param{{Name: "ip", Type: word.Text, Doc: "the address"}, portParam},
		Make:    func(c *word.Call) starlark.Value { return sockAddr(c, 6) },
	},
	{
		Name: "SockAddrInetHostname", Module: "Zorp.Core", Declares: true, PositionalOnly: true,
		Doc:     "The first IPv4 address of a host, looked up once while the policy is loaded.",
		Example: `SockAddrInetHostname("mail.example.com", 25)`,
		Errors:  []string{"a name that does not resolve within five seconds", "a port beyond 65535"},
		Params:  []word.Param{{Name: "hostname", Type: word.Text, Doc: "the name"}, portParam},
		Make:    sockAddrHostname,
	},
	{
		Name: "SockAddrUnix", Module: "Zorp.Core", PositionalOnly: true,
		Doc:     "A Unix domain socket.",
		Example: `SockAddrUnix("/run/mail.sock")`,
		Errors:  []string{"an empty path"},
		Params:  []word.Param{{Name: "path", Type: word.Text, Doc: "its path"}},
		Make:    sockAddrUnix,
	},
}

func isTextOrNumber(v starlark.Value) bool {
	switch v.(type) {
	case starlark.String, starlark.Int:
		return true
	}
	return false
}

func sockAddr(c *word.Call, version int) starlark.Value {
	port := c.Int("port", 0, maxPort, 0)
	if c.Bad {
		return interp.Poison{}
	}
	a, err := parseIP(c.Given("ip"))
	switch {
	case err != nil:
		c.Problem("ip", "bad-address", fmt.Sprintf("%s is no IPv%d address", c.Given("ip"), version), addressHint(version))
		return interp.Poison{}
	case version == 4 && !a.Is4():
		c.Problem("ip", "bad-address", fmt.Sprintf("%s is an IPv6 address", c.Given("ip")), "write SockAddrInet6")
		return interp.Poison{}
	case version == 6 && !a.Is6():
		c.Problem("ip", "bad-address", fmt.Sprintf("%s is an IPv4 address", c.Given("ip")), "write SockAddrInet")
		return interp.Poison{}
	}
	return word.SockAddr{Addr: stream.Addr{AddrPort: netip.AddrPortFrom(a, uint16(port))}}
}

func addressHint(version int) string {
	if version == 4 {
		return `write four numbers, such as "172.16.20.254"; for a host name SockAddrInetHostname`
	}
	return `write groups of hexadecimal digits, such as "fd00:20::254"`
}

func parseIP(v starlark.Value) (netip.Addr, error) {
	if text, ok := starlark.AsString(v); ok {
		return netip.ParseAddr(text)
	}
	n, ok := word.AsInt(v)
	if !ok || n < 0 || n > math.MaxUint32 {
		return netip.Addr{}, fmt.Errorf("%s is no address", v)
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(n)))), nil
}

func sockAddrHostname(c *word.Call) starlark.Value {
	host, port := c.Text("hostname"), c.Int("port", 0, maxPort, 0)
	if c.Bad {
		return interp.Poison{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), resolveTime)
	defer cancel()
	addrs, err := c.Draft.Resolve(ctx, host)
	for _, a := range addrs {
		if a = a.Unmap(); err == nil && a.Is4() {
			return word.SockAddr{Addr: stream.Addr{AddrPort: netip.AddrPortFrom(a, uint16(port))}}
		}
	}
	if err == nil {
		err = fmt.Errorf("it has no IPv4 address")
	}
	c.Problem("hostname", "unresolved-host", fmt.Sprintf("%q does not resolve: %v", host, err), "write its address with SockAddrInet")
	return interp.Poison{}
}

func sockAddrUnix(c *word.Call) starlark.Value {
	if path := c.Text("path"); path != "" {
		return word.SockAddr{Addr: stream.Addr{Path: path}}
	}
	if !c.Bad {
		c.Problem("path", "bad-address", "the path is empty", "write the path of a socket")
	}
	return interp.Poison{}
}
