// Package explain says which rule of a policy a connection would meet and why, without any connection: the zones of
// both ends, the rules that match and what decides between them, the service, and where it would connect to.
//
// The command explain prints an Answer, as text or as JSON. Rules are judged by their scores and targets are asked of
// the router, the chainer and the NAT policies themselves, so that an Answer is what the engine would do.
package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// Question is a TCP connection to explain.
type Question struct {
	Client netip.AddrPort // port 0: UsualPort
	Server netip.AddrPort // what the client connects to
	Iface  *Interface     // the incoming one; nil: not known, then no condition on it holds
}

// UsualPort is the client's port if none is given.
const UsualPort = 40000

// Outcome is what becomes of a connection.
type Outcome string

// The outcomes.
const (
	Served  Outcome = "service"
	Denied  Outcome = "denied"
	NoMatch Outcome = "no-match"
)

// Answer is all that is said of a Question.
type Answer struct {
	Outcome     Outcome    `json:"outcome"`
	Client      End        `json:"client"`
	Server      End        `json:"server"`
	PortAssumed bool       `json:"client_port_assumed,omitempty"` // the client's port is UsualPort
	Interface   *Interface `json:"interface,omitempty"`
	Assumed     []string   `json:"assumed,omitempty"` // what was not given and may change the outcome
	Rules       int        `json:"rules"`             // how many the policy has

	Listener Listener  `json:"listener"`
	Winner   *Match    `json:"winner,omitempty"`
	Others   []Match   `json:"others,omitempty"` // that match as well, the most specific first
	Misses   []Miss    `json:"misses,omitempty"` // that do not match, the nearest first
	Omitted  int       `json:"misses_omitted,omitempty"`
	Service  *Service  `json:"service,omitempty"`
	Target   *Target   `json:"target,omitempty"`
	Refused  []Finding `json:"run_refuses,omitempty"` // why this policy would not run as it is
}

// Finding is what keeps a policy from running.
type Finding struct {
	Pos     string `json:"pos"`
	ID      string `json:"id"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// End is one end of the connection.
type End struct {
	Address netip.Addr `json:"address"`
	Port    uint16     `json:"port"`
	Zone    string     `json:"zone,omitempty"`    // "": in none
	Parents []string   `json:"parents,omitempty"` // of the zone, the nearest first
}

// Explain answers q from policy c.
func Explain(c *engine.Config, q Question) *Answer {
	given := q.Client.Port() != 0
	if !given {
		q.Client = netip.AddrPortFrom(q.Client.Addr(), UsualPort)
	}
	f := flow(c, q)
	a := &Answer{
		Outcome: NoMatch, Interface: q.Iface, Rules: len(c.Rules.All()),
		Client: end(q.Client, f.SrcZone), Server: end(q.Server, f.DstZone),
	}
	a.PortAssumed, a.Assumed = !given, assumed(c, q, given)
	a.judge(c.Rules.All(), f)
	if a.Winner == nil {
		a.Listener = listener(c, q.Server, nil)
		return a
	}
	a.Listener = listener(c, q.Server, a.Winner.rule)
	if from := a.Winner.rule.ProxiesFrom; len(from) > 0 {
		a.Assumed = append(a.Assumed, "a proxy in "+zonesText(from)+" connects, and names this client in a PROXY header")
	}
	a.serve(c, q, a.Winner.rule)
	return a
}

// Refuse adds the errors among found, for which run refuses the policy.
func (a *Answer) Refuse(found source.Findings) {
	for _, f := range found {
		if f.Severity == source.Error {
			a.Refused = append(a.Refused, Finding{Pos: f.Pos.String(), ID: f.ID, Message: f.Message, Hint: f.Hint})
		}
	}
}

// nearMisses is how many rules that do not match are of interest.
const nearMisses = 10

// Shorten leaves out rules that do not match: all if one does, else those that are far from it.
func (a *Answer) Shorten() {
	keep := 0
	if a.Outcome == NoMatch {
		keep = min(nearMisses, len(a.Misses))
	}
	a.Omitted = len(a.Misses) - keep
	a.Misses = a.Misses[:keep]
}

func flow(c *engine.Config, q Question) *rule.Flow {
	f := &rule.Flow{
		Proto: rule.ProtoTCP,
		Src:   q.Client.Addr(), SrcPort: q.Client.Port(), SrcZone: c.Zones.Lookup(q.Client.Addr()),
		Dst: q.Server.Addr(), DstPort: q.Server.Port(), DstZone: c.Zones.Lookup(q.Server.Addr()),
	}
	if i := q.Iface; i != nil {
		f.Iface, f.Ifgroup, f.IfaceAddrs = i.Name, i.Group, i.Addresses
	}
	return f
}

func zonesText(zones []*zone.Zone) string {
	var names []string
	for _, z := range zones {
		names = append(names, z.Name)
	}
	return "zone " + strings.Join(names, " or ")
}

func end(at netip.AddrPort, z *zone.Zone) End {
	e := End{Address: at.Addr(), Port: at.Port(), Zone: z.String()}
	for above := range z.Ancestors() {
		e.Parents = append(e.Parents, above.Name)
	}
	return e
}

// assumed names what the rules ask for and q does not tell.
func assumed(c *engine.Config, q Question, portGiven bool) (list []string) {
	asks := func(condition func(*rule.Rule) int) bool {
		return slices.ContainsFunc(c.Rules.All(), func(r *rule.Rule) bool { return condition(r) > 0 })
	}
	if !portGiven && asks(func(r *rule.Rule) int { return len(r.SrcPort) }) {
		list = append(list, fmt.Sprintf("rules ask for src_port: the client's port is taken to be %d", UsualPort))
	}
	switch {
	case q.Iface == nil && asks(func(r *rule.Rule) int {
		return len(r.SrcIface) + len(r.SrcIfgroup) + len(r.DstIface) + len(r.DstIfgroup)
	}):
		list = append(list, "rules ask for the incoming interface, which is not given: those conditions do not hold")
	case q.Iface != nil && !q.Iface.Here && asks(func(r *rule.Rule) int { return len(r.SrcIfgroup) + len(r.DstIface) + len(r.DstIfgroup) }):
		list = append(list, "rules ask for the group or the addresses of the incoming interface, which this host does not have: those conditions do not hold")
	}
	if asks(func(r *rule.Rule) int { return len(r.ReqID) }) {
		list = append(list, "rules ask for reqid: the connection is taken to come through no IPsec policy")
	}
	return list
}
