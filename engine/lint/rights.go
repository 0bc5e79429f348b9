package lint

import (
	"fmt"

	"zorpgo/engine"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// Rights are what whoever would run the policy may do on this host.
type Rights struct {
	LowestPort uint16                    // the first one that may be listened on; 0: all may
	Forge      func(stream.Family) error // why the addresses of clients cannot be used; nil: they can
}

// Check is Check that also notes what these rights do not suffice for.
func (rights Rights) Check(c *engine.Config, sofar source.Findings) source.Findings {
	found := Check(c, sofar)
	p := &policy{Config: c, wrong: broken(c, sofar)}
	for _, r := range good(c, p.wrong) {
		p.lowPorts(r, rights.LowestPort)
		p.forges(r, rights.Forge)
	}
	found = append(found, p.found...)
	found.Sort()
	return found
}

func (p *policy) lowPorts(r *rule.Rule, lowest uint16) {
	listens, _ := dispatch.Listens([]*rule.Rule{r})
	for _, at := range listens {
		if 0 < at.Port() && at.Port() < lowest {
			p.find(r.Pos, source.Note, "low-port", fmt.Sprintf("this user may not listen on %s: ports below %d need the right to", at, lowest),
				"run it as root or with the capability CAP_NET_BIND_SERVICE")
			return
		}
	}
}

func (p *policy) forges(r *rule.Rule, can func(stream.Family) error) {
	s := p.Services[r.Service]
	if can == nil || s == nil || s.Deny || !s.ShowsClient() {
		return
	}
	if err := can(stream.IPv4); err != nil {
		p.find(r.Pos, source.Note, "no-right-to-forge", fmt.Sprintf("this user may not use the addresses of clients, as service %q does: %v", s.Name, err),
			"run it as root or with the capability CAP_NET_ADMIN")
	}
}
