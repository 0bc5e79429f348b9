package rehearse

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// Entrance is one way into the policy: a rule, and a connection that the policy gives to it.
type Entrance struct {
	Rule   *rule.Rule
	Client netip.AddrPort // the client that is played
	At     netip.AddrPort // the address that it connects to, as the policy knows it
	Really netip.AddrPort // the same on loopback

	intercepted bool // no listener is at that address
}

// cast finds a client for r, or sees whether the wanted one gets it.
func cast(c *engine.Config, r *rule.Rule, wanted netip.Addr) (Entrance, error) {
	if v := c.Services[r.Service]; v != nil && opaque(v.Class) {
		return Entrance{}, fmt.Errorf("the rule at %s leads to class %s, which passes on any protocol: a rehearsal speaks SMTP only", r.Pos, v.Class.Name())
	}
	if why := encrypted(c.Services[r.Service]); why != "" {
		return Entrance{}, fmt.Errorf("the rule at %s leads to a service %s: a rehearsal is in clear", r.Pos, why)
	}
	clients := clientsOf(c, r)
	if wanted.IsValid() {
		clients = []netip.Addr{wanted}
	}
	listens, _ := dispatch.Listens([]*rule.Rule{r})
	intercepted := dispatch.Intercepted(r) != ""
	if intercepted {
		listens = serversOf(c, r)
	}
	for _, at := range listens {
		for _, client := range clients {
			flow := flowOf(c, r, client, at)
			if client != at.Addr() && possible(r, client, at.Addr()) && c.Rules.Lookup(&flow) == r {
				return Entrance{Rule: r, Client: netip.AddrPortFrom(client, flow.SrcPort), At: at, intercepted: intercepted}, nil
			}
		}
	}
	if len(r.SrcIface)+len(r.SrcIfgroup) > 0 {
		return Entrance{}, fmt.Errorf("the rule at %s wants another interface than the loopback one, which a rehearsal cannot play", r.Pos)
	}
	if wanted.IsValid() {
		return Entrance{}, fmt.Errorf("the rule at %s does not get connections of %s", r.Pos, wanted)
	}
	return Entrance{}, fmt.Errorf("no client was found whose connections the rule at %s gets", r.Pos)
}

// encrypted says which side of a service cannot be in clear; "" if both can.
func encrypted(v *service.Service) string {
	if v == nil {
		return ""
	}
	p := v.Encrypts()
	must := func(m encryption.Mode) bool { return m == encryption.Implicit || m == encryption.StartTLSRequired }
	switch {
	case p == nil:
	case must(p.Client.Mode):
		return "whose clients must be encrypted"
	case must(p.Server.Mode):
		return "whose server must be encrypted"
	}
	return ""
}

// possible reports whether a connection of client can come to at: through a proxy in front, whatever their families.
func possible(r *rule.Rule, client, at netip.Addr) bool {
	return len(r.ProxiesFrom) > 0 || stream.FamilyOf(client) == stream.FamilyOf(at)
}

// opaque reports whether nobody knows what the servers of a class speak.
func opaque(class proxy.Class) bool {
	o, ok := class.(proxy.Opaque)
	return ok && o.Opaque()
}

// flowOf is a connection of client to at, as loopback shows it.
func flowOf(c *engine.Config, r *rule.Rule, client netip.Addr, at netip.AddrPort) rule.Flow {
	return rule.Flow{
		Iface: "lo",
		Proto: rule.ProtoTCP, SrcPort: portOf(r.SrcPort, clientPort), DstPort: at.Port(),
		Src: client, SrcZone: c.Zones.Lookup(client),
		Dst: at.Addr(), DstZone: c.Zones.Lookup(at.Addr()),
	}
}

// clientPort is the port that a client uses unless its rule wants another.
const clientPort = 40000

func portOf(ranges []rule.PortRange, usual uint16) uint16 {
	for _, p := range ranges {
		if p.Low <= usual && usual <= p.High {
			return usual
		}
	}
	if len(ranges) > 0 {
		return ranges[0].Low
	}
	return usual
}

// anywhere are addresses for an end on which a rule has no condition (RFC 5737, RFC 3849).
var anywhere = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}

// clientsOf are addresses that r may get: of its own source networks first, then of every zone, then of no zone.
func clientsOf(c *engine.Config, r *rule.Rule) []netip.Addr {
	own := addresses(append(prefixesOf(c, r.SrcZone), r.SrcSubnet...))
	if len(r.SrcZone)+len(r.SrcSubnet) > 0 {
		return own
	}
	return append(append(own, anywhere...), addresses(prefixesOf(c, c.Zones.All()))...)
}

// serversOf are addresses that r's intercepted connections may be to.
func serversOf(c *engine.Config, r *rule.Rule) (list []netip.AddrPort) {
	own := addresses(append(prefixesOf(c, r.DstZone), r.DstSubnet...))
	if len(r.DstZone)+len(r.DstSubnet) == 0 {
		own = append(slices.Clone(anywhere), addresses(prefixesOf(c, c.Zones.All()))...)
	}
	for _, a := range own {
		list = append(list, netip.AddrPortFrom(a.Unmap(), portOf(r.DstPort, smtpPort)))
	}
	return list
}

// smtpPort is the one that a server has unless its rule wants another (RFC 5321 §4.5.4.2).
const smtpPort = 25

// prefixesOf are the networks of zones and of the zones below them.
func prefixesOf(c *engine.Config, zones []*zone.Zone) (list []netip.Prefix) {
	for _, below := range c.Zones.All() {
		for _, z := range zones {
			if below.Within(z.Name) {
				list = append(list, below.Prefixes...)
				break
			}
		}
	}
	return list
}

// tries is how many hosts of a network are tried: its first ones may belong to a smaller zone.
const tries = 16

// addresses are the first hosts of networks.
func addresses(networks []netip.Prefix) (list []netip.Addr) {
	for _, n := range networks {
		a := n.Masked().Addr()
		if !n.IsSingleIP() {
			a = a.Next()
		}
		for range tries {
			if !a.IsValid() || !n.Contains(a) {
				break
			}
			list = append(list, a)
			a = a.Next()
		}
	}
	return list
}
