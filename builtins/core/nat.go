package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/nat"
)

var (
	networkType  = word.Type{Want: "a network, such as InetSubnet(...)", Accepts: isNetwork}
	networkLists = func(want string) word.Type { return word.Type{Want: want, Accepts: isNetworkLists} }
	sockAddrType = word.Type{Want: "an address, such as SockAddrInet(...)", Accepts: isSockAddr}
	maskParam    = word.Param{Name: "prefix_mask", Type: word.Integer, Default: "96", Doc: "the length of the prefix: 32, 40, 48, 56, 64 or 96"}
	rejectParam  = word.Param{Name: "default_reject", Type: word.Boolean, Default: "TRUE", Doc: "FALSE: addresses that it has not stay as they are; TRUE: the connection is refused"}
)

// policyExample is an example of a NAT with a name for services.
func policyExample(made string) string { return fmt.Sprintf("NATPolicy(\"translated\", %s)", made) }

var natClassWords = []*word.Word{
	{
		Name: "GeneralNAT", Module: "Zorp.Core",
		Doc: "Shifts networks into others. The first mapping whose networks hold the source and the destination of a connection decides: " +
			"the address becomes that of the third network with the same host part, cut to what fits there; the port stays. Without a mapping the address stays.",
		Example: policyExample(`GeneralNAT([(InetSubnet("10.0.0.0/16"), InetSubnet("0.0.0.0/0"), InetSubnet("203.0.113.5/32"))])`),
		Errors:  []string{"mappings that are not of three networks", "a translated network of a family that neither of the others has"},
		Params: []word.Param{{Name: "mapping", Type: networkLists("a list of triples of networks: (source, destination, translated)"),
			Doc: "triples (source, destination, translated), in the order in which they are looked at; one alone is a list, too"}},
		Make: makeGeneralNAT,
	},
	{
		Name: "StaticNAT", Module: "Zorp.Core",
		Doc:     "Is always the same address and port. As a source its port should be 0: the kernel chooses one for each connection.",
		Example: policyExample(`StaticNAT(SockAddrInet("203.0.113.5", 0))`),
		Errors:  []string{"an address that is none of IP"},
		Params:  []word.Param{{Name: "addr", Type: sockAddrType, Doc: "the address; port 0 of a destination is the port that the client used"}},
		Make: func(c *word.Call) starlark.Value {
			to := sockAddrs(c, "addr")
			if c.Bad {
				return interp.Poison{}
			}
			return word.NewValue[nat.NAT](c, "NAT", &nat.Static{To: to[0]})
		},
	},
	{
		Name: "RandomNAT", Module: "Zorp.Core",
		Doc:     "Is one of several addresses, with its port. A NATPolicy that is cacheable keeps to what was chosen for a pair of addresses.",
		Example: policyExample(`RandomNAT([SockAddrInet("172.16.20.253", 25), SockAddrInet("172.16.20.254", 25)])`),
		Errors:  []string{"an empty list", "an address that is none of IP"},
		Params:  []word.Param{{Name: "addresses", Type: addrsType, Doc: "the addresses to choose from"}},
		Make: func(c *word.Call) starlark.Value {
			to := sockAddrs(c, "addresses")
			if c.Bad {
				return interp.Poison{}
			}
			return word.NewValue[nat.NAT](c, "NAT", &nat.Random{To: to})
		},
	},
	{
		Name: "HashNAT", Module: "Zorp.Core",
		Doc:     "Looks each address up. A translated source has a port that the kernel chooses, a destination keeps its port.",
		Example: policyExample(`HashNAT({"192.0.2.25": "172.16.20.254"})`),
		Errors:  []string{"texts that are no IP addresses"},
		Params: []word.Param{
			{Name: "ip_hash", Type: word.Type{Want: "a dictionary of addresses by address", Accepts: isDict}, Doc: "addresses as strings, and what they become"},
			rejectParam,
		},
		Make: makeHashNAT,
	},
	{
		Name: "NAT64", Module: "Zorp.Core",
		Doc:     "Takes the IPv4 address out of an IPv6 address (RFC 6052). The prefix itself is not compared, the port stays.",
		Example: policyExample(`NAT64()`),
		Errors:  []string{"a prefix_mask that RFC 6052 does not have"},
		Params:  []word.Param{maskParam},
		Make: func(c *word.Call) starlark.Value {
			n, err := nat.NewNAT64(prefixMask(c))
			return natValue(c, "prefix_mask", n, err)
		},
	},
	{
		Name: "NAT46", Module: "Zorp.Core",
		Doc:     "Puts an IPv4 address into an IPv6 address (RFC 6052). The port stays.",
		Example: policyExample(`NAT46(prefix="2001:db8:122:344::")`),
		Errors:  []string{"a prefix_mask that RFC 6052 does not have", "a suffix that reaches into the address"},
		Params: []word.Param{
			{Name: "prefix", Type: word.Text, Default: `"64:ff9b::"`, Doc: "what stands before the IPv4 address"},
			maskParam,
			{Name: "suffix", Type: word.Text, Default: `"::"`, Doc: "what stands behind it; the rest is zero"},
		},
		Make: makeNAT46,
	},
	{
		Name: "ForgeClientSourceNAT", Module: "Zorp.Core",
		Doc:     "As snat_policy: servers see the client's address. It is the old form of forge_addr=TRUE of the router.",
		Example: policyExample(`ForgeClientSourceNAT()`),
		Errors:  []string{"arguments"},
		Make: func(c *word.Call) starlark.Value {
			return natValue(c, "", nat.ForgeClient{}, nil)
		},
	},
	{
		Name: "OneToOneNAT", Module: "Zorp.Core",
		Doc:     "Shifts a network into another one of the same size. A translated source has a port that the kernel chooses, a destination keeps its port.",
		Example: policyExample(`OneToOneNAT(InetSubnet("192.0.2.0/24"), InetSubnet("172.16.20.0/24"))`),
		Errors:  []string{"networks of different sizes or families"},
		Params: []word.Param{
			{Name: "from_domain", Type: networkType, Doc: "the network whose addresses are translated"},
			{Name: "to_domain", Type: networkType, Doc: "what it becomes"},
			rejectParam,
		},
		Make: func(c *word.Call) starlark.Value {
			return oneToOne(c, "to_domain", [][]netip.Prefix{{network(c, "from_domain", c.Given("from_domain")), network(c, "to_domain", c.Given("to_domain"))}})
		},
	},
	{
		Name: "OneToOneMultiNAT", Module: "Zorp.Core",
		Doc:     "Is several OneToOneNAT: the first network that holds the address decides.",
		Example: policyExample(`OneToOneMultiNAT([(InetSubnet("192.0.2.0/24"), InetSubnet("172.16.20.0/24"))])`),
		Errors:  []string{"mappings that are not of two networks of the same size and family"},
		Params: []word.Param{
			{Name: "mapping", Type: networkLists("a list of pairs of networks: (from, to)"), Doc: "pairs (from, to), in the order in which they are looked at"},
			rejectParam,
		},
		Make: func(c *word.Call) starlark.Value { return oneToOne(c, "mapping", mappings(c)) },
	},
}
