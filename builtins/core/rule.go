package core

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

var (
	portType   = word.Type{Want: "a port, a PortRange, or a list of these", Accepts: word.ListOf(word.Type{Accepts: isPort}, "").Accepts}
	subnetType = word.Type{Want: "a network such as \"10.0.0.0/8\", or a list of these", Accepts: word.ListOf(word.Type{Accepts: isSubnet}, "").Accepts}
	groupType  = word.Type{Want: "an interface group's number or name, or a list of these", Accepts: word.ListOf(word.Type{Accepts: isTextOrNumber}, "").Accepts}
)

var ruleWord = &word.Word{
	Name: "Rule", Module: "Zorp.Core", Declares: true, KeywordOnly: true,
	Doc: "Gives the connections that meet its conditions to a service. Conditions that are not given hold always; the entries " +
		"of one condition are alternatives. Of all rules that match, the most specific one is taken; their order does not matter.",
	Example: `Rule(service="mail", dst_port=25, src_zone=("dmz",), dst_subnet=("172.16.40.1",))`,
	Errors:  []string{"a service or a zone that is defined nowhere", "a rule_id that another rule has", "ports beyond 65535"},
	Params: []word.Param{
		{Name: "service", Type: word.Text, Doc: "the name of the service; it may be defined later"},
		{Name: "rule_id", Type: word.Integer, Default: "0", Doc: "its number in logs; 0 takes the lowest that is free"},
		{Name: "detect", Type: word.Any, Default: "None", Doc: "services by the kind of traffic", NotBuilt: "leave it out, and write one Rule with dst_port for each protocol"},
		{Name: "reqid", Type: word.NumList, Default: "()", Doc: "the request id of an IPsec policy"},
		{Name: "src_iface", Alias: "iface", Type: word.TextList, Default: "()", Doc: "the incoming interface"},
		{Name: "src_ifgroup", Alias: "ifgroup", Type: groupType, Default: "()", Doc: "the incoming interface's group: a number, or a name from /etc/iproute2/group"},
		{Name: "proto", Type: word.NumList, Default: "()", Doc: "the IP protocol, such as socket.IPPROTO_TCP"},
		{Name: "proto_type", Alias: "icmp_type", Type: word.NumList, Default: "()", Doc: "the ICMP type"},
		{Name: "proto_subtype", Alias: "icmp_code", Type: word.NumList, Default: "()", Doc: "the ICMP code"},
		{Name: "src_port", Type: portType, Default: "()", Doc: "the client's port"},
		{Name: "dst_port", Type: portType, Default: "()", Doc: "the port that the client connects to"},
		{Name: "src_subnet", Type: subnetType, Default: "()", Doc: "networks of the client"},
		{Name: "src_zone", Type: word.TextList, Default: "()", Doc: "the client's zone, or a parent of it"},
		{Name: "dst_subnet", Type: subnetType, Default: "()", Doc: "networks of the address that the client connects to"},
		{Name: "dst_zone", Type: word.TextList, Default: "()", Doc: "the zone of the address that the client connects to, or a parent of it"},
		{Name: "dst_iface", Type: word.TextList, Default: "()", Doc: "the address that the client connects to is one of this interface's"},
		{Name: "dst_ifgroup", Type: groupType, Default: "()", Doc: "likewise, of an interface of this group"},
		frontParam,
	},
	Make: makeRule,
}

var portRangeWord = &word.Word{
	Name: "PortRange", Module: "Zorp.Core",
	Doc:     "The ports from low to high, both included.",
	Example: `PortRange(1024, 65535)`,
	Errors:  []string{"ports beyond 65535", "a high port below the low one"},
	Params: []word.Param{
		{Name: "low", Type: word.Integer, Doc: "the first port"},
		{Name: "high", Type: word.Integer, Doc: "the last port"},
	},
	Make: func(c *word.Call) starlark.Value {
		low, high := c.Int("low", 0, maxPort, 0), c.Int("high", 0, maxPort, maxPort)
		if high < low {
			c.Problem("high", "out-of-range", fmt.Sprintf("high is %d, below low, which is %d", high, low), "write the lower port first")
		}
		if c.Bad {
			return interp.Poison{}
		}
		return word.NewValue(c, "port range", rule.PortRange{Low: uint16(low), High: uint16(high)})
	},
}

func makeRule(c *word.Call) starlark.Value {
	r := &rule.Rule{
		Service: c.Text("service"), Pos: c.Pos,
		ID:           c.Int("rule_id", 0, math.MaxInt32, 0),
		ReqID:        numbers(c, "reqid", math.MaxInt32),
		SrcIface:     c.Texts("src_iface"),
		SrcIfgroup:   groups(c, "src_ifgroup"),
		Proto:        numbers(c, "proto", 255),
		ProtoType:    numbers(c, "proto_type", 255),
		ProtoSubtype: numbers(c, "proto_subtype", 255),
		SrcPort:      ports(c, "src_port"),
		DstPort:      ports(c, "dst_port"),
		SrcSubnet:    subnets(c, "src_subnet"),
		DstSubnet:    subnets(c, "dst_subnet"),
		DstIface:     c.Texts("dst_iface"),
		DstIfgroup:   groups(c, "dst_ifgroup"),
	}
	c.Draft.Rules = append(c.Draft.Rules, r)
	c.Draft.Later(func() {
		if r.Service != "" {
			c.Draft.HasService(c.At("service"), "Rule", r.Service)
		}
		r.SrcZone, r.DstZone, r.ProxiesFrom = zones(c, "src_zone"), zones(c, "dst_zone"), zones(c, "proxy_protocol_from")
	})
	return named(c, "rule", r.Service)
}

// frontParam is a parameter of whatever makes listeners.
var frontParam = word.Param{Name: "proxy_protocol_from", Type: word.TextList, Default: "()", Doc: "not Zorp's: zones of proxies in front, such as load balancers. " +
	"Only they may connect to this listener, and each connection begins, within 5 seconds, with a PROXY header of version 1 or 2; src_zone, src_subnet and src_port, " +
	"and all that comes after the rule, then mean the client that it names, dst_subnet and the others still the listener. A connection of the proxy's own (UNKNOWN, LOCAL) is a " +
	"client like others. All rules that are met at one address and port must name the same zones"}

// zones looks up the zones of a condition; it runs when all zones are known.
func zones(c *word.Call, param string) []*zone.Zone {
	var found []*zone.Zone
	for i, name := range c.Texts(param) {
		if z := c.Draft.Zone(c.Element(param, i), c.Name(), name); z != nil {
			found = append(found, z)
		}
	}
	return found
}

func numbers(c *word.Call, param string, highest int) []int {
	return elements(c, param, func(v starlark.Value) (int, error) { return number(v, highest) })
}

func number(v starlark.Value, highest int) (int, error) {
	n, ok := word.AsInt(v)
	if !ok || n < 0 || n > highest {
		return 0, fmt.Errorf("%s is out of range, write a number from 0 to %d", v, highest)
	}
	return n, nil
}

func ports(c *word.Call, param string) []rule.PortRange {
	return elements(c, param, func(v starlark.Value) (rule.PortRange, error) {
		if r, ok := v.(*word.Value[rule.PortRange]); ok {
			return r.Is, nil
		}
		n, err := number(decimal(v), maxPort)
		if err != nil {
			return rule.PortRange{}, fmt.Errorf("%s is no port, write a number from 0 to 65535 or PortRange(low, high)", v)
		}
		return rule.PortRange{Low: uint16(n), High: uint16(n)}, nil
	})
}

func subnets(c *word.Call, param string) []netip.Prefix {
	return elements(c, param, func(v starlark.Value) (netip.Prefix, error) {
		if p, ok := v.(*word.Value[netip.Prefix]); ok {
			return p.Is, nil
		}
		text, _ := starlark.AsString(v)
		return zone.ParsePrefix(text)
	})
}

func groups(c *word.Call, param string) []int {
	return elements(c, param, func(v starlark.Value) (int, error) {
		if n, err := number(decimal(v), math.MaxInt32); err == nil {
			return n, nil
		}
		name, ok := starlark.AsString(v)
		if n, known := ifgroups(c.Draft)[name]; ok && known {
			return n, nil
		}
		return 0, fmt.Errorf("interface group %s is not in %s", v, ifgroupFile)
	})
}

// elements reads each element of a condition; one that read refuses is a finding.
func elements[T any](c *word.Call, param string, read func(starlark.Value) (T, error)) []T {
	v := c.Given(param)
	if v == nil {
		return nil
	}
	var list []T
	i := 0
	for element := range word.Elements(v) {
		if item, err := read(element); err == nil {
			list = append(list, item)
		} else {
			c.ProblemAt(c.Element(param, i), "bad-"+kindOf(param), param+": "+err.Error(), "")
		}
		i++
	}
	return list
}

// kindOf names what a condition's parameter holds, for the findings' ids.
func kindOf(param string) string {
	switch param {
	case "src_port", "dst_port":
		return "port"
	case "src_subnet", "dst_subnet":
		return "network"
	case "src_ifgroup", "dst_ifgroup":
		return "group"
	}
	return "number"
}

// decimal is the number that a string of digits stands for, or v.
func decimal(v starlark.Value) starlark.Value {
	text, ok := starlark.AsString(v)
	if !ok || text == "" || len(text) > 9 {
		return v
	}
	n := 0
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return v
		}
		n = 10*n + int(digit-'0')
	}
	return starlark.MakeInt(n)
}

func isPort(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Int, starlark.String, *word.Value[rule.PortRange]:
		return true
	}
	return false
}

func isSubnet(v starlark.Value) bool {
	switch v.(type) {
	case starlark.String, *word.Value[netip.Prefix]:
		return true
	}
	return false
}

func ofListener(r *rule.Rule) int {
	if r.Listener != nil {
		return 1
	}
	return 0
}

// NumberRules gives an id to the rules that have none: the lowest that is free, in the order of declaration, to those of
// listeners after all others.
func NumberRules(d *word.Draft) {
	owner := map[int]source.Pos{}
	for _, r := range d.Rules {
		first, taken := owner[r.ID]
		switch {
		case r.ID == 0:
		case taken:
			d.Error(r.Pos, "rule-id-twice", fmt.Sprintf("Rule: rule_id %d is taken by the rule at %s", r.ID, first), "choose another, or leave it out")
		default:
			owner[r.ID] = r.Pos
		}
	}
	next := 1
	unnumbered := slices.DeleteFunc(slices.Clone(d.Rules), func(r *rule.Rule) bool { return r.ID != 0 })
	slices.SortStableFunc(unnumbered, func(a, b *rule.Rule) int { return cmp.Compare(ofListener(a), ofListener(b)) })
	for _, r := range unnumbered {
		for owner[next].IsValid() {
			next++
		}
		r.ID, owner[next] = next, r.Pos
		next++
	}
}
