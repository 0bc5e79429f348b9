package nat

import (
	"net/netip"

	"zorpgo/engine/stream"
)

// Outcome is what a NAT can make of addresses of one family, whatever the other side is.
type Outcome struct {
	Networks []netip.Prefix // in which the new addresses lie
	Silent   bool           // it may have nothing to say
}

// foreseeable is a NAT whose answers are known before there is any connection.
type foreseeable interface {
	outcome(f stream.Family, m Mode) Outcome
}

var (
	_ foreseeable = (*Static)(nil)
	_ foreseeable = (*Random)(nil)
	_ foreseeable = (*Hash)(nil)
	_ foreseeable = (*General)(nil)
	_ foreseeable = (*OneToOne)(nil)
	_ foreseeable = (*NAT64)(nil)
	_ foreseeable = (*NAT46)(nil)
	_ foreseeable = ForgeClient{}
)

// Outcome says what p can make of addresses of family f; not known: what p says is decided by the policy in a session.
func (p *Policy) Outcome(f stream.Family, m Mode) (o Outcome, known bool) {
	n, known := p.NAT.(foreseeable)
	if !known {
		return o, false
	}
	return n.outcome(f, m), true
}

// Everything is the network of all addresses of a family.
func Everything(f stream.Family) netip.Prefix {
	if f == stream.IPv6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()) }

func (s *Static) outcome(stream.Family, Mode) Outcome {
	return Outcome{Networks: []netip.Prefix{single(s.To.Addr())}}
}

func (r *Random) outcome(stream.Family, Mode) (o Outcome) {
	for _, to := range r.To {
		o.Networks = append(o.Networks, single(to.Addr()))
	}
	return o
}

func (h *Hash) outcome(f stream.Family, _ Mode) (o Outcome) {
	for from, to := range h.To {
		if stream.FamilyOf(from) == f {
			o.Networks = append(o.Networks, single(to))
		}
	}
	return o.unless(h.Reject, f)
}

func (o Outcome) unless(rejected bool, f stream.Family) Outcome {
	if !rejected {
		o.Networks = append(o.Networks, Everything(f))
	}
	return o
}

func (g *General) outcome(f stream.Family, m Mode) Outcome {
	o := Outcome{Silent: true}
	for _, mapping := range g.Mappings {
		from := mapping.Src
		if m == Destination {
			from = mapping.Dst
		}
		if stream.FamilyOf(from.Addr()) == f && stream.FamilyOf(mapping.To.Addr()) == f {
			o.Networks = append(o.Networks, mapping.To)
		}
	}
	return o
}

func (o *OneToOne) outcome(f stream.Family, _ Mode) (out Outcome) {
	for _, s := range o.Shifts {
		if stream.FamilyOf(s.From.Addr()) == f {
			out.Networks = append(out.Networks, s.To)
		}
	}
	return out.unless(o.Reject, f)
}

func (n *NAT64) outcome(f stream.Family, _ Mode) (o Outcome) {
	return o.unless(f != stream.IPv6, stream.IPv4)
}

func (n *NAT46) outcome(f stream.Family, _ Mode) (o Outcome) {
	if f == stream.IPv4 {
		o.Networks = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom16(n.frame), 8*n.at[0]).Masked()}
	}
	return o
}

func (ForgeClient) outcome(f stream.Family, m Mode) Outcome {
	return Outcome{Silent: m == Destination}.unless(m == Destination, f)
}
