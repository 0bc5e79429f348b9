package core

import (
	"fmt"
	"math"
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/chain"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
)

const (
	authWay = "leave it out: the proxy passes AUTH to the server"
)

var serviceWord = &word.Word{
	Name: "Service", Module: "Zorp.Core", Declares: true,
	Doc:     "Says what is done with a connection: which proxy class checks it and where it goes. Rules give connections to it.",
	Example: "Service(name=\"mail\", proxy_class=SmtpProxy,\n        " + `router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))`,
	Errors:  []string{"a name that another service has", "a proxy class that cannot be configured", "parameters that are not built"},
	Params: []word.Param{
		{Name: "name", Type: word.Text, Doc: "how rules refer to it"},
		{Name: "proxy_class", Type: word.ProxyClass, Doc: "the class itself, not its name"},
		{Name: "router", Type: routerType, Default: "TransparentRouter()", Doc: "chooses the server"},
		{Name: "chainer", Type: chainerType, Default: "ConnectChainer()", Doc: "connects to it"},
		{Name: "snat_policy", Type: word.Text, Default: "None", Doc: "the NATPolicy that gives connections to servers their source address; it is asked for the client's"},
		{Name: "snat", Type: natType, Default: "None", Doc: "the old form of snat_policy: the NAT itself"},
		{Name: "dnat_policy", Type: word.Text, Default: "None", Doc: "the NATPolicy that says where a connection to the router's target really goes"},
		{Name: "dnat", Type: natType, Default: "None", Doc: "the old form of dnat_policy: the NAT itself"},
		{Name: "authentication_policy", Type: word.Any, Default: "None", NotBuilt: authWay, Doc: "who may use the service"},
		{Name: "authorization_policy", Type: word.Any, Default: "None", NotBuilt: authWay, Doc: "likewise"},
		{Name: "max_instances", Type: word.Integer, Default: "0", Doc: "sessions at a time; 0 is no limit"},
		{Name: "max_sessions", Type: word.Integer, Default: "0", Doc: "sessions per thread; no effect: every session has its own goroutines"},
		{Name: "auth_name", Type: word.Any, Default: "None", NotBuilt: authWay, Doc: "what users are told when asked"},
		{Name: "resolver_policy", Type: word.Text, Default: "None", Doc: "the name of a ResolverPolicy, for hosts that are named in a session; None is DNSResolver()"},
		{Name: "auth", Type: word.Any, Default: "None", NotBuilt: authWay, Doc: "the old form of authentication_policy"},
		{Name: "auth_policy", Type: word.Any, Default: "None", NotBuilt: authWay, Doc: "the old form of authentication_policy"},
		{Name: "keepalive", Type: word.Integer, Default: "Z_KEEPALIVE_NONE", Doc: "on which sides TCP keep-alive is on: Z_KEEPALIVE_CLIENT, _SERVER, _BOTH"},
		{Name: "encryption_policy", Type: word.Text, Default: "None", Doc: "the name of an EncryptionPolicy: TLS of both sides. Without one it is that of the proxy class, if that has one"},
		{Name: "limit_target_zones_to", Type: word.TextList, Default: "None", Doc: "the server must be in one of these zones, or below one"},
		{Name: "detector_config", Type: word.Any, Default: "None", NotBuilt: "leave it out, and write one Rule with dst_port for each protocol", Doc: "services by the kind of traffic"},
		{Name: "detector_default_service_name", Type: word.Any, Default: "None", NotBuilt: "leave it out, and write one Rule with dst_port for each protocol", Doc: "likewise"},
		{Name: "proxy_protocol", Type: word.Integer, Default: "0", Doc: "not Zorp's: 1 or 2 tells the server of the client by a PROXY header of that version, before anything else; " +
			"the server must expect one (Postfix: smtpd_upstream_proxy_protocol=haproxy). Version 2 also tells of TLS that began with the first byte"},
		{Name: "max_sessions_per_client", Type: word.Integer, Default: "0", Doc: "not Zorp's: sessions at a time of one client network; 0 is no limit. " +
			"The client is whom a PROXY header announces; XCLIENT, which comes in the session, changes nothing"},
		{Name: "max_rate", Type: word.Integer, Default: "0", Doc: "not Zorp's: sessions that begin in a minute; 0 is no limit. So many may begin at once, then one more with each share of a minute"},
		{Name: "max_rate_per_client", Type: word.Integer, Default: "0", Doc: "not Zorp's: likewise of one client network"},
		{Name: "client_prefix_ipv4", Type: word.Integer, Default: "32", Doc: "not Zorp's: how many bits of an IPv4 address are its client network"},
		{Name: "client_prefix_ipv6", Type: word.Integer, Default: "64", Doc: "not Zorp's: how many bits of an IPv6 address are its client network; providers give one customer a /64, a /56 or a /48"},
	},
	Make: makeService,
}

func makeService(c *word.Call) starlark.Value {
	s := &service.Service{
		Name: c.Text("name"), Pos: c.Pos,
		MaxInstances:     c.Int("max_instances", 0, math.MaxInt32, 0),
		Limits:           limits(c),
		Announce:         c.Int("proxy_protocol", 0, 2, 0),
		Keepalive:        service.Keepalive(c.Int("keepalive", 0, int(service.KeepaliveBoth), 0)),
		LimitTargetZones: c.Texts("limit_target_zones_to"),
	}
	if c.Int("max_sessions", 0, math.MaxInt32, 0) != 0 {
		c.Draft.Note(c.At("max_sessions"), "no-effect", "Service: max_sessions has no effect: every session has its own goroutines", "leave it out; max_instances limits the sessions")
	}
	s.Router, s.Chainer = routerOf(c), chainerOf(c)
	snat, dnat := translation(c, "snat"), translation(c, "dnat")
	declare(c, s)
	c.Draft.Later(func() {
		s.SNAT, s.DNAT = snat(), dnat()
		s.Resolver = resolverOf(c)
		for i, name := range s.LimitTargetZones {
			c.Draft.Zone(c.Element("limit_target_zones_to", i), "Service", name)
		}
		s.Class = proxyClass(c)
		encrypt(c, s)
		serverless(c, s)
	})
	return named(c, "service", s.Name)
}

func routerOf(c *word.Call) route.Router {
	if r, given := word.Get[route.Router](c, "router"); given {
		return r
	}
	if o, own := c.Given("router").(*interp.Object); own {
		if r := ownRouter(c, o); r != nil {
			return r
		}
	}
	if c.Refused("router") || c.Given("router") != nil {
		return &route.Directed{Forge: route.Forge{Port: route.PortAny}} // to be silent about what the default would do
	}
	return &route.Transparent{Forge: route.Forge{Port: route.PortAny}}
}

func chainerOf(c *word.Call) chain.Chainer {
	if ch, given := word.Get[chain.Chainer](c, "chainer"); given {
		return ch
	}
	return connect(c.Draft, 0)
}

// declare registers s unless its name is taken.
func declare(c *word.Call, s *service.Service) {
	first := c.Draft.Services[s.Name]
	switch {
	case s.Name == "" && c.Given("name") != nil:
		c.Problem("name", "bad-name", "the name is empty", "give the service a name that rules can use")
	case s.Name == "":
		c.Draft.Partial = true
	case first != nil:
		c.Problem("name", "service-name-twice", fmt.Sprintf("service %q is defined already at %s", s.Name, first.Pos), "give one of the two another name")
	default:
		c.Draft.Services[s.Name] = s
	}
}

// encrypt finds the encryption policy that a service names.
func encrypt(c *word.Call, s *service.Service) {
	at := "proxy_class"
	if c.Given("encryption_policy") != nil {
		at = "encryption_policy"
		s.Encryption = c.Draft.Encryption(c.At(at), "Service", c.Text(at))
	}
	if s.Class == nil {
		return
	}
	unsaid(c, s)
	if err := s.CheckEncryption(); err != nil {
		what, way, _ := strings.Cut(err.Error(), ": ")
		c.Problem(at, "wrong-encryption", what, way)
	}
}

// unsaid warns of a class that accepts STARTTLS where nothing says how to answer it.
func unsaid(c *word.Call, s *service.Service) {
	class, ok := s.Class.(interface{ StartTLSAt() source.Pos })
	if !ok || s.Encryption != nil || c.Given("encryption_policy") != nil {
		return
	}
	encrypted, ok := s.Class.(proxy.Encrypted)
	if at := class.StartTLSAt(); at.IsValid() && ok && encrypted.Encryption() == nil {
		c.WarnAt(at, "starttls-without-encryption", fmt.Sprintf("class %s accepts STARTTLS, but service %q has no encryption policy, so it is not offered", s.Class.Name(), s.Name),
			"write encryption_policy=... in the Service, and an EncryptionPolicy")
	}
}

// proxyClass configures the class, once all that its config may name is known.
func proxyClass(c *word.Call) proxy.Class {
	class, ok := c.Given("proxy_class").(*interp.Class)
	if !ok {
		return nil
	}
	return c.Draft.Compile(class, c.At("proxy_class"))
}

// serverless warns of a service whose server nobody names.
func serverless(c *word.Call, s *service.Service) {
	class, known := c.Given("proxy_class").(*interp.Class)
	_, inband := s.Router.(*route.Inband)
	if known && inband && !c.Bad && (class.GoMade() || !c.Draft.Places.Serves) {
		c.Warn("router", "inband-without-server", fmt.Sprintf("service %q can never connect: InbandRouter names no server, and no method of class %s does", s.Name, class.Name()),
			"call self.session.setServer(SockAddrInet(...)) in connectServer of the class, or write DirectedRouter(SockAddrInet(...))")
	}
}
