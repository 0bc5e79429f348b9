package rehearse

import (
	"fmt"
	"io"
	"strings"

	"zorpgo/engine/route"
)

// Describe prints what listens where, and as whom clients and servers are played.
func (r *Rehearsal) Describe(w io.Writer) {
	for _, e := range r.entrances {
		fmt.Fprintf(w, "rule %s, service %s\n", e.Rule.Pos, e.Rule.Service)
		fmt.Fprintf(w, "    client    %s%s\n", e.Client.Addr(), r.zoneOf(e))
		at := "listener"
		if e.intercepted {
			at = "to"
		}
		fmt.Fprintf(w, "    %-8s  %-22s is %s here\n", at, e.At, e.Really)
		for _, target := range r.targets(e) {
			if o := r.known(target.String()); o != nil {
				fmt.Fprintf(w, "    server    %-22s is %s here%s\n", target, o.address(), r.source(e))
			}
		}
		if who := r.decider(e); who != "" {
			fmt.Fprintf(w, "    server    named in the session by class %s%s\n", who, r.source(e))
		}
	}
	for _, why := range r.unplayed {
		fmt.Fprintf(w, "not rehearsed: %v\n", why)
	}
}

func (r *Rehearsal) zoneOf(e Entrance) string {
	if z := r.options.Config.Zones.Lookup(e.Client.Addr()); z != nil {
		return " of zone " + z.Name
	}
	return " of no zone"
}

// source says whom the server would see if it is the client.
func (r *Rehearsal) source(e Entrance) string {
	if s := r.options.Config.Services[e.Rule.Service]; s != nil && s.ShowsClient() {
		return ", would forge " + e.Client.Addr().String()
	}
	return ""
}

// decider is the class of the policy's own that names the server; "" if there is none.
func (r *Rehearsal) decider(e Entrance) string {
	s := r.options.Config.Services[e.Rule.Service]
	if s == nil || s.Deny {
		return ""
	}
	switch router := s.Routing().(type) {
	case *route.Inband:
		return s.Class.Name()
	case route.Deciding:
		return router.Decider()
	}
	return ""
}

func (r *Rehearsal) known(target string) *origin {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.origins[target]
}

// WriteReceived prints a message as an origin stored it.
func WriteReceived(w io.Writer, m Received) {
	fmt.Fprintf(w, "stored by %s: from <%s> to <%s>\n\n", m.Target, visible(m.From), visible(strings.Join(m.To, ">, <")))
	writeMessage(w, m.Content)
}
