package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
)

const (
	routeConnection = "routeConnection"
	forgeAddr       = "forge_addr"
	forgePortName   = "forge_port"
	routerHook      = "write def " + routeConnection + "(self, session):"
)

// routeTime is how long a router of the policy's own may take, with the resolver that it may ask.
const routeTime = 10 * time.Second

// abstractRouter is what routers of a policy derive from.
var abstractRouter = interp.NewClass("AbstractRouter", nil, starlark.StringDict{
	"__init__": interp.NewMethod("__init__", initRouter), forgeAddr: starlark.False, forgePortName: starlark.MakeInt(int(route.PortAny)),
})

func initRouter(_ *starlark.Thread, self *interp.Object, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var addr, port starlark.Value
	if err := starlark.UnpackArgs("AbstractRouter", args, kwargs, forgeAddr+"?", &addr, forgePortName+"?", &port); err != nil {
		return nil, err
	}
	var err error
	if addr != nil {
		err = self.SetField(forgeAddr, addr)
	}
	if port != nil && err == nil {
		err = self.SetField(forgePortName, port)
	}
	return starlark.None, err
}

var abstractRouterPage = word.Page{
	Name: "AbstractRouter", Also: []string{routeConnection}, Kind: word.Object, Module: "Zorp.Core",
	Signature: "class NAME(AbstractRouter):",
	Doc: "Is what routers of the policy's own derive from. Their method routeConnection(self, session), or routeConnection(self) with self.session, " +
		"names the server: session.setServer(address or list of addresses) or session.setTargetAddressByHostname(host, port). " +
		"It is called once in each session, before its server is connected; a call may take a million steps, two seconds of work and ten seconds in all. " +
		"If it fails or names none there is no connection, unless the proxy class named a server. forge_addr and forge_port are as of DirectedRouter: " +
		"given to AbstractRouter.__init__, or as attributes of the class. The object serves all sessions at a time, so that it cannot change itself. " +
		"A class may also derive from DirectedRouter or another router, to call its __init__ with values of its own; so it is with chainers, NATs and matchers.",
	Errors: []string{"a class without routeConnection, or with one that cannot be called so", "an object that is changed in a session", "forge_port TRUE or 0, which are hardly meant"},
	Examples: []word.Example{{Title: "Example", Text: `from Zorp.Smtp import *

Zone("partners", addrs=["203.0.113.0/24"])

class ByZone(AbstractRouter):
    def __init__(self, servers, otherwise):
        AbstractRouter.__init__(self, forge_addr=TRUE)
        self.servers = servers
        self.otherwise = otherwise
    def routeConnection(self, session):
        if session.client_zone == None:
            return
        session.setServer(self.servers.get(session.client_zone.name, self.otherwise))

Service("mail", SmtpProxy, router=ByZone({"partners": SockAddrInet("172.16.20.253", 25)}, SockAddrInet("172.16.20.254", 25)))
`}},
}

// writtenRouter is a router that the policy wrote. Its object is constant, so that all sessions may ask it at a time.
type writtenRouter struct {
	object *interp.Object
	method *interp.Method
	alone  bool // the method takes nothing but self
	forge  route.Forge
}

var _ route.Deciding = (*writtenRouter)(nil)

// ownRouter is the router that o stands for; what is wrong with its class is a finding at the parameter router.
func ownRouter(c *word.Call, o *interp.Object) route.Router {
	class := o.Class()
	v, err := o.Attr(routeConnection)
	method, ok := v.(*interp.Method)
	switch {
	case err != nil || v == nil:
		c.Problem("router", "bad-hook", fmt.Sprintf("class %s has no method %s", class.Name(), routeConnection), routerHook)
		return nil
	case !ok:
		c.Problem("router", "bad-hook", fmt.Sprintf("class %s: %s is %s, want a method", class.Name(), routeConnection, word.TypeName(v)), routerHook)
		return nil
	}
	w := &writtenRouter{object: o, method: method, alone: interp.Miscount(method, 0) == ""}
	if problem := interp.Miscount(method, 1); problem != "" && !w.alone {
		c.ProblemAt(method.Pos(), "bad-hook", fmt.Sprintf("class %s: %s", class.Name(), problem), "write it with the parameters (self, session)")
		return nil
	}
	if w.forge, ok = forgeOf(c, o); !ok {
		return nil
	}
	c.Draft.Constant(o)
	return w
}

// forgeOf reads what AbstractRouter.__init__ or the class said of the source address.
func forgeOf(c *word.Call, o *interp.Object) (f route.Forge, ok bool) {
	addr, err := o.Attr(forgeAddr)
	port, err2 := o.Attr(forgePortName)
	if err != nil || err2 != nil || interp.IsPoison(addr) || interp.IsPoison(port) {
		return f, false
	}
	f.Addr, ok = word.AsBool(addr)
	if !ok {
		c.Problem("router", "wrong-type", fmt.Sprintf("class %s: %s is %s, want TRUE or FALSE", o.Class().Name(), forgeAddr, word.TypeName(addr)), "")
		return f, false
	}
	f.Port, err = portOf(port)
	var bad *badPort
	if errors.As(err, &bad) {
		c.Problem("router", "bad-forge-port", fmt.Sprintf("class %s: %s", o.Class().Name(), bad.message), bad.hint)
	}
	return f, err == nil
}

// Forging is what the policy said.
func (w *writtenRouter) Forging() route.Forge { return w.forge }

// Decider is the class.
func (w *writtenRouter) Decider() string { return w.object.Class().Name() }

// Route calls the policy's method. What the proxy class has chosen stands aside meanwhile: it has the last word.
func (w *writtenRouter) Route(s *session.Session) route.Plan {
	chosen, inband := s.Targets, s.Inband
	s.Targets, s.Inband = nil, true
	err := w.ask(s)
	p := route.Plan{Targets: s.Targets, Local: w.forge.Local(s.Client)}
	s.Targets, s.Inband = chosen, inband
	if err != nil {
		p.Targets, p.Failed = nil, fmt.Errorf("no destination: class %s: %w", w.Decider(), err)
	}
	return p
}

func (w *writtenRouter) ask(s *session.Session) error {
	ctx, cancel := context.WithTimeout(s.Until(), routeTime)
	defer cancel()
	thread := word.SessionThread(w.Decider(), s.Log)
	word.Until(thread, ctx)
	here := word.SessionValue(s)
	own := w.object.Clone(routing{here})
	own.Freeze()
	args := starlark.Tuple{here}
	if w.alone {
		args = nil
	}
	answer, err := interp.CallWithin(thread, routeTime, interp.Rebind(w.method, w.object, own), args...)
	switch answer {
	case starlark.None, starlark.True:
		return nil
	case starlark.False:
		s.Targets = nil
		return nil
	}
	if found := interp.FindingsOf(err); len(found) > 0 && found[0].Pos.IsValid() {
		return fmt.Errorf("%s: %s", found[0].Pos, found[0].Message)
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s returned %s, want nothing: call session.setServer(address)", routeConnection, word.TypeName(answer))
}

// routing is what a router has in a session: self.session.
type routing struct{ session starlark.Value }

// Attr implements interp.Attrs.
func (r routing) Attr(name string) (starlark.Value, error) {
	if name == "session" {
		return r.session, nil
	}
	return nil, nil
}

// SetField implements interp.Attrs.
func (r routing) SetField(string, starlark.Value) (bool, error) { return false, nil }

// AttrNames implements interp.Attrs.
func (r routing) AttrNames() []string { return []string{"session"} }
