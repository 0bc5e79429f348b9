package explain

import (
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/stream"
)

// Service is what the winner gives the connection to.
type Service struct {
	Name  string `json:"name"`
	Pos   string `json:"pos,omitempty"`
	Class string `json:"class,omitempty"` // the proxy class
	Deny  bool   `json:"deny"`
	Limit int    `json:"max_instances,omitempty"` // sessions at a time; 0 is no limit

	PerClient string `json:"client_limits,omitempty"` // what the client's network may have
}

// Listener is what takes the connection.
type Listener struct {
	Address string `json:"address,omitempty"` // "": nothing does
	Why     string `json:"why,omitempty"`     // nothing does, or it is intercepted
}

// serve says what becomes of a connection that r wins.
func (a *Answer) serve(c *engine.Config, q Question, r *rule.Rule) {
	v := c.Services[r.Service]
	if v == nil { // not if the policy was loaded without errors
		a.Outcome = Denied
		return
	}
	a.Service = &Service{Name: v.Name, Pos: v.Pos.String(), Deny: v.Deny, Limit: v.MaxInstances, PerClient: v.Limits.Of(q.Client.Addr())}
	if v.Deny {
		a.Outcome = Denied
		return
	}
	a.Outcome = Served
	if v.Class != nil {
		a.Service.Class = v.Class.Name()
	}
	a.Target = target(c, q, v, a.Listener.Address != "" && a.Listener.Why == "")
}

// listener finds what takes connections to server. The winner may be a rule that cannot have any.
func listener(c *engine.Config, server netip.AddrPort, winner *rule.Rule) Listener {
	bound, _ := dispatch.Listens(c.Rules.All())
	for _, at := range []netip.AddrPort{server, netip.AddrPortFrom(server.Addr().WithZone(""), server.Port()), everywhere(server)} {
		if slices.Contains(bound, at) {
			return Listener{Address: at.String()}
		}
	}
	if winner != nil && dispatch.Intercepted(winner) != "" && dispatch.Families(winner) != nil {
		at := engine.Interceptor(stream.FamilyOf(server.Addr()), engine.InterceptPort)
		return Listener{Address: at.String(), Why: "intercepted: " + dispatch.Intercepted(winner)}
	}
	if winner == nil {
		return Listener{Why: "no rule has a listener at this address and port"}
	}
	if _, found := dispatch.Listens([]*rule.Rule{winner}); len(found) > 0 {
		var why []string
		for _, f := range found {
			why = append(why, f.Message)
		}
		return Listener{Why: strings.Join(why, "; ")}
	}
	return Listener{Why: winner.Called() + " has none at this address and port"}
}

// everywhere is the listener for all addresses of a host that server would meet.
func everywhere(server netip.AddrPort) netip.AddrPort {
	if server.Addr().Is4() {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), server.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), server.Port())
}
