package core

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// A listener with services of its own is declared as rules: one for each service that it gives connections to.

const (
	anyZone    = "*"
	asRuleHint = "write a Rule with dst_port and dst_subnet; the connections of a transparent listener were chosen outside the policy"
)

var bindParam = word.Param{Name: "bindto", Type: bindType, Doc: "where it listens: SockAddrInet(...), DBSockAddr(...), DBIface(...), DBIfaceGroup(...), or a list of these"}

// listenerParams are those that all listeners have. Most are about how Zorp listened.
var listenerParams = []word.Param{
	{Name: "transparent", Type: word.Boolean, Default: "FALSE", Doc: "TRUE is not built: write a Rule"},
	{Name: "rule_port", Type: word.Any, Default: `""`, Doc: "ports for the kernel rules of old; no effect"},
	{Name: "prio", Type: word.Integer, Default: "100", Doc: "which of several listeners at one address is asked first; no effect, an address has one listener"},
	{Name: "threaded", Type: word.Boolean, Default: "FALSE", Doc: "accept in a thread of its own; no effect"},
	{Name: "mark_tproxy", Type: word.Boolean, Default: "FALSE", Doc: "mark accepted sockets; no effect"},
	{Name: "accept_one", Type: word.Boolean, Default: "FALSE", NotBuilt: "leave it out; max_instances=1 of the service allows one session at a time", Doc: "take one connection only"},
	{Name: "backlog", Type: word.Integer, Default: "255", Doc: "connections that wait to be accepted; no effect, the kernel's somaxconn holds"},
	{Name: "rcvbuf", Type: word.Any, Default: "None", NotBuilt: "leave it out: it is for UDP", Doc: "UDP only"},
	{Name: "session_limit", Type: word.Any, Default: "None", NotBuilt: "leave it out: it is for UDP", Doc: "UDP only"},
	{Name: frontParam.Name, Type: frontParam.Type, Default: frontParam.Default, Doc: "not Zorp's: zones of proxies in front, which name each client in a PROXY header, as in a Rule"},
}

var listenerErrors = []string{"a service that is not defined", "transparent=TRUE, which a Rule says", "an address that another listener or a Rule has",
	"the protocol UDP, which is not built"}

var listenerWords = []*word.Word{
	{
		Name: "Dispatcher", Aliases: []string{"Listener"}, Module: "Zorp.Core", Declares: true,
		Doc: "Listens at addresses of this host and gives every connection to one service: the older way to say a Rule with " +
			"dst_subnet and dst_port.",
		Example: `Dispatcher(bindto=DBSockAddr(SockAddrInet("172.16.40.1", 25), ZD_PROTO_TCP), service="mail")`,
		Errors:  listenerErrors,
		Params:  append([]word.Param{bindParam, {Name: "service", Type: word.Text, Doc: "the name of the service; it may be defined later"}}, listenerParams...),
		Make: func(c *word.Call) starlark.Value {
			l := listener(c)
			declareListener(c, l, target{service: c.Text("service"), pos: c.At("service")})
			return named(c, "listener", l.Word)
		},
	},
	{
		Name: "ZoneDispatcher", Aliases: []string{"ZoneListener"}, Module: "Zorp.Core", Declares: true,
		Doc: "Listens at addresses of this host and chooses the service by the client's zone. A client of no zone gets none, " +
			`even if "*" has one. The older way to say Rules with src_zone.`,
		Example: `ZoneDispatcher(bindto=SockAddrInet("172.16.40.1", 25), services={"dmz": "mail", "*": "mail"}, follow_parent=TRUE)`,
		Errors:  append([]string{"a key that is no zone and not \"*\""}, listenerErrors...),
		Params:  zoneListenerParams("the service of each client zone, by its name; \"*\" is any other zone"),
		Make:    func(c *word.Call) starlark.Value { return zoneListener(c, false) },
	},
	{
		Name: "CSZoneDispatcher", Aliases: []string{"CSZoneListener"}, Module: "Zorp.Core", Declares: true,
		Doc: "Listens at addresses of this host and chooses the service by the client's zone and the zone of the address that it " +
			"connects to; the client's zone weighs more. Of neither end an address of no zone will do.",
		Example: `CSZoneDispatcher(bindto=SockAddrInet("172.16.40.1", 25), services={("dmz", "*"): "mail"}, follow_parent=TRUE)`,
		Errors:  append([]string{"a key that is no pair of zones or \"*\""}, listenerErrors...),
		Params:  zoneListenerParams("the service of each pair (client zone, server zone), each of which may be \"*\""),
		Make:    func(c *word.Call) starlark.Value { return zoneListener(c, true) },
	},
}

func zoneListenerParams(services string) []word.Param {
	return append([]word.Param{bindParam,
		{Name: "services", Type: word.Type{Want: "a dictionary of services by zone", Accepts: isDict}, Doc: services},
		{Name: "follow_parent", Type: word.Boolean, Default: "FALSE", Doc: "TRUE: a zone without a service of its own has that of the nearest zone above it"},
	}, listenerParams...)
}

func isDict(v starlark.Value) bool {
	_, ok := v.(*starlark.Dict)
	return ok
}

// listener reads what the listeners have whose services are not those of rules.
func listener(c *word.Call) *rule.Listener {
	l := listening(c)
	if c.Bool("transparent") {
		c.Problem("transparent", "not-built", "transparent=TRUE is Zorp's but not built yet", asRuleHint)
	}
	return l
}

// listening reads what all listeners have.
func listening(c *word.Call) *rule.Listener {
	l := &rule.Listener{Word: c.Name(), Pos: c.Pos, At: addresses(c, "bindto")}
	if c.Given("bindto") != nil && len(l.At) == 0 && !c.Bad {
		c.Problem("bindto", "no-address", "bindto is empty", `write an address of this host, such as SockAddrInet("172.16.40.1", 25)`)
	}
	for i, at := range l.At {
		if slices.Contains(l.At[:i], at) {
			c.Problem("bindto", "listener-collision", fmt.Sprintf("bindto names %s twice", at), "remove one of them")
		}
	}
	c.Int("backlog", 0, math.MaxInt32, 0)
	for _, name := range []string{"rule_port", "prio", "threaded", "mark_tproxy", "backlog"} {
		if v := c.Given(name); v != nil && v.Truth() {
			c.Draft.Note(c.At(name), "no-effect", fmt.Sprintf("%s: %s has no effect", l.Word, name), "leave it out")
		}
	}
	return l
}

// target is a service and the zones whose connections it gets; "" and "*" are any.
type target struct {
	service  string
	pos      source.Pos
	src, dst string
}

// declareListener declares one rule of a listener.
func declareListener(c *word.Call, l *rule.Listener, t target) {
	own := *l
	own.AnySrc, own.AnyDst = t.src != "", t.dst != ""
	r := &rule.Rule{Service: t.service, Pos: c.Pos, Listener: &own}
	for _, at := range l.At {
		r.DstPort = appendNew(r.DstPort, rule.PortRange{Low: at.Port(), High: at.Port()})
		if t.dst == "" {
			r.DstSubnet = appendNew(r.DstSubnet, served(at.Addr()))
		}
	}
	c.Draft.Rules = append(c.Draft.Rules, r)
	c.Draft.Later(func() {
		if t.service != "" {
			c.Draft.HasService(t.pos, l.Word, t.service)
		}
		r.SrcZone, r.DstZone, r.ProxiesFrom = zoneOf(c, t, t.src), zoneOf(c, t, t.dst), zones(c, "proxy_protocol_from")
	})
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// served are the addresses that a listener at a takes connections to.
func served(a netip.Addr) netip.Prefix {
	if a.IsUnspecified() {
		return netip.PrefixFrom(a, 0)
	}
	return netip.PrefixFrom(a, a.BitLen())
}

func zoneOf(c *word.Call, t target, name string) []*zone.Zone {
	if name == "" || name == anyZone {
		return nil
	}
	if z := c.Draft.Zone(t.pos, c.Name(), name); z != nil {
		return []*zone.Zone{z}
	}
	return nil
}

// zoneListener declares a rule for each of its services.
func zoneListener(c *word.Call, pairs bool) starlark.Value {
	l := listener(c)
	l.OwnZone = !c.Bool("follow_parent")
	var targets []target
	if services, ok := c.Given("services").(*starlark.Dict); ok {
		for _, item := range services.Items() {
			if t, ok := zoneTarget(c, item[0], item[1], pairs); ok {
				targets = append(targets, t)
			}
		}
		if len(targets) == 0 && !c.Bad {
			c.Problem("services", "no-service", "services is empty, so every connection would be refused", `write {"zone": "service"}`)
		}
	}
	for _, t := range targets {
		declareListener(c, l, t)
	}
	return named(c, "listener", l.Word)
}

func zoneTarget(c *word.Call, key, value starlark.Value, pairs bool) (t target, ok bool) {
	t.pos = c.At("services")
	names := word.AsTexts(key)
	want, example := 1, `"dmz"`
	if pairs {
		want, example = 2, `("dmz", "*")`
	}
	service, isText := starlark.AsString(value)
	_, tuple := key.(starlark.Tuple)
	switch {
	case len(names) != want || tuple != pairs || slices.Contains(names, ""):
		c.Problem("services", "bad-key", fmt.Sprintf("services: the key %s is not what it should be", key), "write keys such as "+example+`; "*" is any zone`)
		return t, false
	case !isText || strings.TrimSpace(service) == "":
		c.Problem("services", "wrong-type", fmt.Sprintf("services[%s]: got %s, want the name of a service", key, word.TypeName(value)), "")
		return t, false
	}
	t.service, t.src = service, names[0]
	if pairs {
		t.dst = names[1]
	}
	return t, true
}
