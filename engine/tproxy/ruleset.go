package tproxy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// What the ruleset and the routing agree on: the bit of the packet mark, and the table of local routes.
const (
	Mark  = 0x80000000
	Table = 100
)

// Zone is the conntrack zone of forged connections that may have the addresses and ports of their clients'.
const Zone = 31343

// Ruleset is the packet filter's part of a policy: which packets come to the proxy, and what happens to the others.
type Ruleset struct {
	Instance string
	Rules    []*rule.Rule
	Zones    *zone.Table
	Services map[string]*service.Service
	Port     uint16                // of the transparent listeners, on 127.0.0.1 and ::1
	Direct   func(*rule.Rule) bool // rules whose listeners are at addresses of this host
	Leave    bool                  // forwarded packets that no rule matches are left to other tables, not dropped
}

// Name is the ruleset's table.
func (s *Ruleset) Name() string { return namePrefix + identifier(s.Instance) }

const namePrefix = "zorpgo_"

// identifier is text with only what nft takes in a name.
func identifier(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, text)
}

// String is the ruleset as nft reads it: one table, which takes the place of the one before it in one step.
func (s *Ruleset) String() string {
	sets := newZoneSets(s.Zones)
	var rules strings.Builder
	for _, a := range s.atoms(sets) {
		fmt.Fprintf(&rules, "\t\t%s\n", strings.Join(append(a.match, "counter", s.verdict(a.rule), "comment "+quote(s.title(a.rule))), " "))
	}
	forward := forwardChain
	if s.Leave {
		forward = ""
	}
	return fmt.Sprintf(table, s.Instance, s.Name(), sets.text.String(), Mark, rules.String(), s.denials(), s.Port, s.legs()+forward)
}

// legs tells both legs of a session apart for the connection tracking, where a policy may make them look the same.
func (s *Ruleset) legs() string {
	for _, r := range s.Rules {
		v := s.Services[r.Service]
		if v == nil || v.Deny || s.Direct(r) {
			continue
		}
		if f := v.Routing().Forging(); f.Addr && (f.Port == route.PortExact || f.Port == route.PortGroup || f.Port == route.PortRandom) {
			return fmt.Sprintf(legChains, uint32(stream.ForgedMark), Zone)
		}
	}
	return ""
}

// atoms are the ways to match the rules, the first match wins.
func (s *Ruleset) atoms(sets *zoneSets) (list []atom) {
	for _, r := range s.Rules {
		list = append(list, sets.atoms(seen(r))...)
	}
	slices.SortStableFunc(list, func(a, b atom) int { return a.compare(&b) })
	return list
}

// seen is r as packets show it: behind proxies in front, what it says of the source is of nobody that they are from.
func seen(r *rule.Rule) *rule.Rule {
	if len(r.ProxiesFrom) == 0 {
		return r
	}
	of := *r
	of.SrcSubnet, of.SrcPort, of.SrcZone = nil, nil, r.ProxiesFrom
	return &of
}

// title is what an administrator knows a rule by.
func (s *Ruleset) title(r *rule.Rule) string {
	return fmt.Sprintf("rule %d (%s) %s", r.ID, r.Pos, r.Service)
}

func (s *Ruleset) verdict(r *rule.Rule) string {
	switch v := s.Services[r.Service]; {
	case v == nil:
		return "drop"
	case v.Deny && len(r.ProxiesFrom) == 0:
		return "goto " + denial(v)
	case s.Direct(r):
		return "goto direct"
	}
	return "goto proxied"
}

// denial is the chain that answers as v says.
func denial(v *service.Service) string {
	return fmt.Sprintf("deny_%s_%s", identifier(cmp.Or(v.DenyIPv4, "drop")), identifier(cmp.Or(v.DenyIPv6, "drop")))
}

// denials are the chains that answer for the services that deny.
func (s *Ruleset) denials() string {
	chains := map[string]string{}
	for _, r := range s.Rules {
		if v := s.Services[r.Service]; v != nil && v.Deny {
			chains[denial(v)] = answers("ipv4", v.DenyIPv4) + answers("ipv6", v.DenyIPv6)
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(chains)) {
		fmt.Fprintf(&b, "\tchain %s {\n%s\t\tdrop\n\t}\n\n", name, chains[name])
	}
	return b.String()
}

// answers: a reset is for TCP only, the rest gets nothing.
func answers(family, answer string) string {
	switch answer {
	case "":
		return ""
	case "tcp reset":
		return fmt.Sprintf("\t\tmeta nfproto %s meta l4proto tcp reject with tcp reset\n", family)
	}
	return fmt.Sprintf("\t\tmeta nfproto %s reject with %s\n", family, answer)
}

const table = `# What the packet filter does for instance %[1]q of a zorpgo policy.
# Load it with: nft -f FILE. It takes the place of the same table from before in one step; no other table is touched.

table inet %[2]s
delete table inet %[2]s

table inet %[2]s {
%[3]s
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;

		# What comes from this host itself is not intercepted, so the proxy never meets its own connections.
		iifname "lo" accept

		# Connections that the proxy has, also those it made from a client's address, and ICMP errors about them.
		meta l4proto { tcp, icmp, ipv6-icmp } socket transparent 1 meta mark set meta mark | 0x%[4]x accept

		# Answers to connections of this host.
		meta l4proto tcp tcp flags & (syn | ack) != syn socket transparent 0 accept

		meta l4proto { tcp, udp } goto rules
	}

	# The policy's rules, the most specific first: the first that matches decides.
	chain rules {
%[5]s		counter comment "no rule matches"
	}

%[6]s	# To the proxy, which sees the addresses as they are. Without a listener nothing goes past it.
	chain proxied {
		meta l4proto != tcp drop
		meta nfproto ipv4 meta l4proto tcp tproxy ip to 127.0.0.1:%[7]d meta mark set meta mark | 0x%[4]x accept
		meta nfproto ipv6 meta l4proto tcp tproxy ip6 to [::1]:%[7]d meta mark set meta mark | 0x%[4]x accept
		drop
	}

	# To a listener at an address of this host.
	chain direct {
		meta l4proto != tcp drop
		accept
	}
%[8]s}
`

const forwardChain = `
	# What no rule gives to the proxy does not go round it.
	chain forward {
		type filter hook forward priority filter; policy accept;
		drop
	}
`

const legChains = `
	# Connections from a client's address and port look to the connection tracking as the client's own do: a zone of
	# their own keeps them apart.
	chain forged_in {
		type filter hook prerouting priority raw; policy accept;
		meta l4proto { tcp, icmp, ipv6-icmp } socket transparent 1 socket mark & 0x%[1]x == 0x%[1]x ct zone set %[2]d
	}

	chain forged_out {
		type filter hook output priority raw; policy accept;
		meta mark & 0x%[1]x == 0x%[1]x ct zone set %[2]d
	}
`

// Routing is the commands that deliver marked packets to the proxy, for both families.
func Routing() (list []string) {
	for _, ip := range []string{"ip", "ip -6"} {
		list = append(list,
			fmt.Sprintf("%s rule add fwmark 0x%x/0x%x lookup %d", ip, uint32(Mark), uint32(Mark), Table),
			fmt.Sprintf("%s route add local default dev lo table %d", ip, Table))
	}
	return list
}
