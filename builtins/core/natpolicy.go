package core

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/nat"
)

// natType is a NAT that a word made, or an object of the policy's own class.
var natType = word.Type{Want: "a NAT, such as GeneralNAT(...), or an object of a class that derives from AbstractNAT", Accepts: isNAT}

func isNAT(v starlark.Value) bool {
	switch v := v.(type) {
	case *word.Value[nat.NAT]:
		return true
	case *interp.Object:
		return v.Class().Is(abstractNAT)
	}
	return false
}

var natWords = []*word.Word{{
	Name: "NATPolicy", Module: "Zorp.Core", Declares: true,
	Doc:     "Gives a name to an address translation, for snat_policy and dnat_policy of services.",
	Example: `NATPolicy("servers", GeneralNAT([(InetSubnet("0.0.0.0/0"), InetSubnet("192.0.2.0/24"), InetSubnet("172.16.20.0/24"))]))`,
	Errors:  []string{"a name that another NATPolicy has"},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how services refer to it"},
		{Name: "nat", Type: natType, Doc: "how addresses are translated"},
		{Name: "cacheable", Type: word.Boolean, Default: "TRUE", Doc: "TRUE: RandomNAT keeps to what it chose for a pair of addresses; the others have no need of it"},
	},
	Make: makeNATPolicy,
}}

func makeNATPolicy(c *word.Call) starlark.Value {
	name, n := c.Text("name"), natOf(c, "nat")
	first := slices.IndexFunc(c.Draft.NATPolicies, func(p *nat.Policy) bool { return p.Name == name })
	switch {
	case name == "" && c.Given("name") != nil:
		c.Problem("name", "bad-name", "the name is empty", "give the policy a name that services can use")
		return interp.Poison{}
	case name == "":
		c.Draft.Partial = true
		return interp.Poison{}
	case first >= 0:
		c.Problem("name", "nat-policy-name-twice", fmt.Sprintf("NAT policy %q is defined already at %s", name, c.Draft.NATPolicies[first].Pos), "give one of the two another name")
		return interp.Poison{}
	}
	if n == nil {
		n = &nat.General{} // to know the name; the policy does not run
	}
	c.Draft.NATPolicies = append(c.Draft.NATPolicies,
		&nat.Policy{Name: name, Pos: c.Pos, NAT: n, Cacheable: c.Given("cacheable") == nil || c.Bool("cacheable")})
	return named(c, "NAT policy", name)
}

// natOf is the NAT given for a parameter; nil if there is none, or it is of no use.
func natOf(c *word.Call, param string) nat.NAT {
	switch v := c.Given(param).(type) {
	case *word.Value[nat.NAT]:
		return v.Is
	case *interp.Object:
		return written(c, param, v)
	}
	return nil
}

// translation finds the policy of a service for one side, when all policies are known.
func translation(c *word.Call, old string) func() *nat.Policy {
	param := old + "_policy"
	name, direct := c.Text(param), natOf(c, old)
	switch {
	case c.Given(param) != nil && c.Given(old) != nil:
		c.Problem(old, "wrong-call", fmt.Sprintf("%s and %s are one parameter", old, param), "remove "+old)
	case c.Given(old) != nil:
		c.Warn(old, "old-parameter", fmt.Sprintf("%s is the old form of %s", old, param), fmt.Sprintf("write NATPolicy(name, nat) and %s=name", param))
	}
	return func() *nat.Policy {
		switch {
		case c.Given(param) != nil:
			return c.Draft.NATPolicy(c.At(param), "Service", name)
		case direct != nil:
			return &nat.Policy{Name: fmt.Sprintf("__%s-%s", c.Text("name"), old), Pos: c.At(old), NAT: direct, Cacheable: true}
		}
		return nil
	}
}
