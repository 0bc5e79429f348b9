package explain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"zorpgo/engine"
	"zorpgo/engine/chain"
	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Target is where the service would connect to.
type Target struct {
	Router  string   `json:"router,omitempty"`  // in Zorp's words
	Routed  []string `json:"routed"`            // what it names
	Tried   []Try    `json:"tried,omitempty"`   // what would be connected to: after the first, only if those before fail
	Refused string   `json:"refused,omitempty"` // why a connection would not be made, or not go on to another target
	Random  bool     `json:"random,omitempty"`  // a NAT policy chooses by chance: this is one of its choices
	Decides bool     `json:"decides,omitempty"` // the router is a class of the policy's own: this is what it said now, for this client
	Turns   bool     `json:"turns,omitempty"`   // each session begins with another one of Tried
}

// Try is one connection to a server.
type Try struct {
	To      string   `json:"to"`
	Zone    string   `json:"zone,omitempty"`
	Parents []string `json:"parents,omitempty"`
	From    string   `json:"from,omitempty"` // the address, and the port if it is a certain one; "": this host's own
	Forged  bool     `json:"forged,omitempty"`
	NAT     bool     `json:"translated,omitempty"` // From is what a NAT policy says
	Loose   bool     `json:"loose,omitempty"`      // another port of the same group will do
}

// inband is the router that names no target.
const inband = "InbandRouter"

// errNotNow is the end of each try.
var errNotNow = errors.New("nothing is connected to")

// target asks what decides on the server side of v, up to the point where a socket would be opened. Direct: the client
// connects to a listener's own address.
func target(c *engine.Config, q Question, v *service.Service, direct bool) *Target {
	s := &session.Session{
		Service: v.Name, Client: q.Client, ClientLocal: q.Server, Direct: direct, Zones: c.Zones,
		ClientZone: c.Zones.Lookup(q.Client.Addr()), ServerZone: c.Zones.Lookup(q.Server.Addr()),
		Log: slog.New(slog.DiscardHandler),
	}
	if v.Resolver != nil {
		s.Resolve = v.Resolver.Resolve
	}
	plan := v.Routing().Route(s)
	plan.Zones, plan.SNAT, plan.DNAT = v.LimitTargetZones, v.SNAT, v.DNAT
	t := &Target{Router: router(v.Routing()), Random: random(v.SNAT) || random(v.DNAT)}
	_, t.Decides = v.Routing().(route.Deciding)
	for _, to := range plan.Targets {
		t.Routed = append(t.Routed, to.String())
	}
	chainer, turns := trial(v.Chainer)
	dial := func(_ context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
		if err := fits(to, from); err != nil {
			return nil, err
		}
		t.Tried = append(t.Tried, try(s, to, from))
		return nil, errNotNow
	}
	if t.Router == inband {
		t.Refused = "known in the session only: the proxy class names the server"
		return t
	}
	_, err := chainer.Connect(context.Background(), dial, s, plan)
	t.Refused, t.Turns = refusal(err), turns && len(t.Tried) > 1
	return t
}

// trial is what shows where a chainer would go and leaves it as it is, and whether its sessions take turns.
func trial(c chain.Chainer) (way chain.Chainer, turns bool) {
	if c == nil {
		return &chain.Connect{}, false
	}
	if remembers, ok := c.(interface {
		Trial() chain.Chainer
		Balances() bool
	}); ok {
		return remembers.Trial(), remembers.Balances()
	}
	return c, false
}

// refusal is what err says beside errNotNow.
func refusal(err error) string {
	all := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		all = several.Unwrap()
	}
	var texts []string
	for _, err := range all {
		if err != nil && !errors.Is(err, errNotNow) {
			texts = append(texts, err.Error())
		}
	}
	return strings.Join(texts, "; ")
}

func router(r route.Router) string {
	switch r := r.(type) {
	case *route.Transparent:
		return "TransparentRouter"
	case *route.Directed:
		return "DirectedRouter"
	case *route.Inband:
		return inband
	case route.Deciding:
		return r.Decider()
	}
	return ""
}

func random(p *nat.Policy) bool {
	if p == nil {
		return false
	}
	_, chance := p.NAT.(*nat.Random)
	return chance
}

func try(s *session.Session, to stream.Addr, from route.Local) Try {
	t := Try{To: to.String(), Forged: from.Forged, NAT: from.Translated, Loose: from.Loose && from.Addr.Port() != 0}
	if z := s.ServerZone; z != nil {
		t.Zone = z.Name
		for above := range z.Ancestors() {
			t.Parents = append(t.Parents, above.Name)
		}
	}
	switch at := from.Addr; {
	case !at.IsValid():
	case at.Port() != 0:
		t.From = at.String()
	case !at.Addr().IsUnspecified():
		t.From = at.Addr().String()
	}
	return t
}

// fits is the error that a socket towards to would give for a source of the other family.
func fits(to stream.Addr, from route.Local) error {
	own, server := from.Addr.Addr(), stream.FamilyOf(to.Addr())
	if to.Path != "" || !own.IsValid() || own.IsUnspecified() || stream.FamilyOf(own) == server {
		return nil
	}
	source := chain.Source(from)
	source.Addr = netip.AddrPortFrom(own.Unmap(), from.Addr.Port())
	return &stream.SourceError{Source: source, Err: fmt.Errorf("it is %s, the server's address is %s", stream.FamilyOf(own), server)}
}
