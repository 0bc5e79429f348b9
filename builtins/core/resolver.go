package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

var resolverType = word.TypeOf[route.Resolver]("a resolver, such as DNSResolver()")

var resolverWords = []*word.Word{
	{
		Name: "ResolverPolicy", Module: "Zorp.Core", Declares: true,
		Doc:     "Gives a name to a resolver, for resolver_policy of Service.",
		Example: `ResolverPolicy(name="hosts", resolver=HashResolver({"mail.example.com": "172.16.20.254"}))`,
		Errors:  []string{"a name that another resolver has"},
		Params: []word.Param{
			{Name: "name", Type: word.Text, Doc: "how services refer to it"},
			{Name: "resolver", Type: resolverType, Doc: "the resolver"},
		},
		Make: makeResolverPolicy,
	},
	{
		Name: "DNSResolver", Module: "Zorp.Core",
		Doc:     "Asks the system's resolver for the hosts that are named in a session, for five seconds at most. Services without resolver_policy have DNSResolver().",
		Example: `ResolverPolicy("mx", DNSResolver(multi=TRUE, family=AF_INET))`,
		Errors:  []string{"a family that is none of AF_UNSPEC, AF_INET, AF_INET6"},
		Params: []word.Param{
			{Name: "multi", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: all addresses, of which the chainer tries one after the other; else the first"},
			{Name: "family", Type: word.Integer, Default: "AF_UNSPEC", Doc: "AF_INET or AF_INET6: only addresses of this family"},
		},
		Make: func(c *word.Call) starlark.Value {
			families := map[int]stream.Family{word.FamilyUnspec: 0, word.FamilyInet: stream.IPv4, word.FamilyInet6: stream.IPv6}
			family, known := families[c.Int("family", word.FamilyUnspec, word.FamilyInet6, word.FamilyUnspec)]
			if !known {
				c.Problem("family", "out-of-range", "family is none of AF_UNSPEC, AF_INET and AF_INET6", "leave it out")
			}
			return word.NewValue[route.Resolver](c, "resolver", &route.DNS{Lookup: c.Draft.Resolve, Multi: c.Bool("multi"), Family: family})
		},
	},
	{
		Name: "HashResolver", Module: "Zorp.Core",
		Doc:     "Knows the hosts that it lists, and no other.",
		Example: `ResolverPolicy("hosts", HashResolver({"mail.example.com": ("172.16.20.254", "172.16.20.253")}))`,
		Errors:  []string{"something else than addresses as text"},
		Params: []word.Param{{Name: "mapping", Type: word.Type{Want: "a dictionary of addresses by host name", Accepts: isDict},
			Doc: "for each host an address as text, or a list of these"}},
		Make: makeHashResolver,
	},
}

func makeResolverPolicy(c *word.Call) starlark.Value {
	r, ok := word.Get[route.Resolver](c, "resolver")
	switch name := c.Text("name"); {
	case name == "":
		return interp.Poison{}
	case c.Draft.Resolvers[name] != nil:
		c.Problem("name", "resolver-name-twice", fmt.Sprintf("resolver %q is defined already", name), "give one of the two another name")
	case ok:
		c.Draft.Resolvers[name] = r
	default:
		c.Draft.Partial = true
	}
	return named(c, "resolver", c.Text("name"))
}

func makeHashResolver(c *word.Call) starlark.Value {
	h := route.Hash{}
	d, ok := c.Given("mapping").(*starlark.Dict)
	if !ok {
		return interp.Poison{}
	}
	for _, item := range d.Items() {
		host, isText := starlark.AsString(item[0])
		if !isText {
			c.Problem("mapping", "bad-key", fmt.Sprintf("mapping: the key %s is no host name", item[0]), `write {"mail.example.com": "172.16.20.254"}`)
			continue
		}
		for v := range word.Elements(item[1]) {
			text, _ := starlark.AsString(v)
			a, err := netip.ParseAddr(text)
			if err != nil {
				c.Problem("mapping", "bad-address", fmt.Sprintf("mapping[%q]: %s is no IP address", host, v), `write {"mail.example.com": "172.16.20.254"}`)
				continue
			}
			h[host] = append(h[host], a.Unmap())
		}
	}
	return word.NewValue[route.Resolver](c, "resolver", h)
}

// resolverOf is the resolver that a service names.
func resolverOf(c *word.Call) route.Resolver {
	name := c.Text("resolver_policy")
	switch r := c.Draft.Resolvers[name]; {
	case c.Given("resolver_policy") == nil:
		return &route.DNS{Lookup: c.Draft.Resolve}
	case r != nil || c.Draft.Partial:
		return r
	}
	var names []string
	for known := range c.Draft.Resolvers {
		names = append(names, known)
	}
	c.Problem("resolver_policy", "unknown-resolver", fmt.Sprintf("resolver %q is not defined", name), word.DidYouMean(name, names, "defined resolvers: "))
	return nil
}
