package nat

import (
	"fmt"
	"net/netip"
)

// General shifts networks into others (Zorp's GeneralNAT). The first mapping that holds both addresses decides.
type General struct{ Mappings []Mapping }

// Mapping translates what comes from Src and goes to Dst into To.
type Mapping struct{ Src, Dst, To netip.Prefix }

var _ NAT = (*General)(nil)

// NewMapping is the mapping of three networks: source, destination, and what the side to be translated becomes.
// Host bits count nothing (Zorp keeps those of IPv4, and then nothing matches).
func NewMapping(networks []netip.Prefix) (Mapping, error) {
	if len(networks) != 3 {
		return Mapping{}, fmt.Errorf("a mapping has three networks, source, destination and translated, not %d", len(networks))
	}
	m := Mapping{Src: networks[0].Masked(), Dst: networks[1].Masked(), To: networks[2].Masked()}
	if to := m.To.Addr().BitLen(); to != m.Src.Addr().BitLen() && to != m.Dst.Addr().BitLen() {
		return Mapping{}, fmt.Errorf("%s is of the other address family than both %s and %s", m.To, m.Src, m.Dst)
	}
	return m, nil
}

// Translate shifts one side of p and keeps its port.
func (g *General) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	p = clean(p)
	a := p.side(m)
	if !a.IsValid() {
		return netip.AddrPort{}, false, errMissing
	}
	for _, mapping := range g.Mappings {
		from := mapping.Src
		if m == Destination {
			from = mapping.Dst
		}
		if holds(mapping.Src, p.Src) && holds(mapping.Dst, p.Dst) && mapping.To.Addr().BitLen() == from.Addr().BitLen() {
			return netip.AddrPortFrom(shift(a.Addr(), from, mapping.To), a.Port()), true, nil
		}
	}
	return netip.AddrPort{}, false, nil
}

// holds reports whether a is in network; a missing address is in all.
func holds(network netip.Prefix, a netip.AddrPort) bool {
	return !a.IsValid() || network.Contains(a.Addr())
}

// shift moves a from one network to another of the same family. Of the host bits, those beyond the new network's are
// cut off; if there are too few, the upper ones are zero.
func shift(a netip.Addr, from, to netip.Prefix) netip.Addr {
	host, base := a.AsSlice(), to.Masked().Addr().AsSlice()
	keep := max(from.Bits(), to.Bits())
	for i := range host {
		base[i] |= host[i] & hostMask(keep-8*i)
	}
	shifted, _ := netip.AddrFromSlice(base)
	return shifted
}

// hostMask is the byte mask of the host bits if bits of the byte, or of those before and behind it, are the network's.
func hostMask(bits int) byte { return byte(0xff >> min(max(bits, 0), 8)) }
