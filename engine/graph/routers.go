package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"zorpgo/engine/chain"
	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
)

// mostTargets is how many servers of one router have boxes of their own.
const mostTargets = 8

// way is how the sessions of a service find their server.
type way struct {
	router  string
	lines   []string
	targets []end
}

// end is a server or what stands for it.
type end struct{ name, label, line string }

// addRouters draws the routers of the services that rules lead to, and their servers. Services whose ways look the same
// share one.
func (b *builder) addRouters() {
	routers, targets := map[string]*Node{}, map[string]*Node{}
	for _, name := range slices.Sorted(maps.Keys(b.config.Services)) {
		v, from := b.config.Services[name], b.services[name]
		if v.Deny {
			continue
		}
		w := b.way(v)
		if from.Faint {
			from.Lines = append(from.Lines, w.router)
			continue
		}
		key := fmt.Sprintf("%q", w)
		n := routers[key]
		if n == nil {
			n = b.add(&Node{Kind: Router, Name: w.router, Lines: w.lines, Pos: v.Pos}, name)
			routers[key] = n
			b.addTargets(n, w.targets, targets)
		}
		b.connect(from, n, "")
	}
}

func (b *builder) addTargets(from *Node, ends []end, known map[string]*Node) {
	if len(ends) > mostTargets {
		ends = []end{together(ends)}
	}
	for _, e := range ends {
		n := known[e.name]
		if n == nil {
			n = b.add(&Node{Kind: Target, Name: e.name, Pos: from.Pos}, e.name)
			known[e.name] = n
			if e.line != "" {
				n.Lines = strings.Split(e.line, "\n")
			}
		}
		b.connect(from, n, e.label)
	}
}

// together is many servers as one box.
func together(ends []end) end {
	var names []string
	for _, e := range ends {
		names = append(names, e.name)
	}
	shown := names[:min(mostTargets-1, len(names))]
	return end{name: fmt.Sprintf("%d servers from %s", len(ends), names[0]), label: ends[len(ends)-1].label,
		line: strings.Join(shown, "\n") + fmt.Sprintf("\nand %d more", len(names)-len(shown))}
}

func (b *builder) way(v *service.Service) (w way) {
	w.router, w.targets = b.routing(v)
	switch c := v.Chainer.(type) {
	case *chain.MultiTarget:
		w.lines = append(w.lines, "MultiTargetChainer")
	case *chain.StateBased:
		w.lines = append(w.lines, map[bool]string{true: "FailoverChainer", false: "RoundRobinChainer"}[c.Failover])
	}
	if v.ShowsClient() {
		w.lines = append(w.lines, "shows the client's address")
	}
	w.lines = append(w.lines, translation("SNAT", v.SNAT)...)
	w.lines = append(w.lines, translation("DNAT", v.DNAT)...)
	if v.Announce > 0 {
		w.lines = append(w.lines, fmt.Sprintf("PROXY header, version %d", v.Announce))
	}
	if o, ok := v.Routing().(interface{ Overrides() bool }); ok && o.Overrides() && w.router != "InbandRouter" {
		w.lines = append(w.lines, "the proxy may choose another")
	}
	return w
}

func translation(which string, p *nat.Policy) []string {
	if p == nil {
		return nil
	}
	return []string{which + " " + p.Name}
}

// routing names the router of v in Zorp's words, and where it goes.
func (b *builder) routing(v *service.Service) (string, []end) {
	switch r := v.Routing().(type) {
	case *route.Directed:
		return "DirectedRouter", b.directed(v, r.Dest)
	case *route.Transparent:
		e := end{name: "original destination", line: "where the client wanted to go"}
		if r.ForcedPort != 0 {
			e = end{name: fmt.Sprintf("original destination, port %d", r.ForcedPort), line: "where the client wanted to go"}
		}
		return "TransparentRouter", []end{e}
	case *route.Inband:
		return "InbandRouter", []end{{name: "chosen in the session", line: "by the proxy class"}}
	case route.Deciding:
		return r.Decider(), []end{{name: "chosen by the policy", line: "in each session"}}
	}
	return "router", nil
}

func (b *builder) directed(v *service.Service, dest []stream.Addr) (ends []end) {
	for i, to := range dest {
		e := end{name: to.String()}
		if to.Path == "" {
			if to.Port() == 0 {
				e.name = to.Addr().String() + ", the client's port"
			}
			if z := b.config.Zones.Lookup(to.Addr()); z != nil {
				e.line = "zone " + z.Name
			}
		}
		if len(dest) > 1 {
			e.label = turn(v.Chainer, i)
		}
		ends = append(ends, e)
	}
	return ends
}

// turn says when the i-th of several servers is connected to.
func turn(c chain.Chainer, i int) string {
	if balances, ok := c.(interface{ Balances() bool }); ok && balances.Balances() {
		return "in turn"
	}
	if _, failover := c.(*chain.StateBased); failover || i == 0 {
		return fmt.Sprint(i + 1)
	}
	return "never"
}
