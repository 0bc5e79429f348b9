package nat

import (
	"fmt"
	"net/netip"
)

// OneToOne shifts networks into others of the same size, whatever the other side is (Zorp's OneToOneNAT, and with
// several shifts OneToOneMultiNAT). The first network that holds the address decides.
type OneToOne struct {
	Shifts []Shift
	Reject bool // refuse what is in none of them; else it stays as it is
}

// Shift is two networks of the same size.
type Shift struct{ From, To netip.Prefix }

var _ NAT = (*OneToOne)(nil)

// NewShift is the shift from the first network to the second.
func NewShift(networks []netip.Prefix) (Shift, error) {
	if len(networks) != 2 {
		return Shift{}, fmt.Errorf("a mapping has two networks, from and to, not %d", len(networks))
	}
	s := Shift{From: networks[0].Masked(), To: networks[1].Masked()}
	switch {
	case s.From.Addr().BitLen() != s.To.Addr().BitLen():
		return Shift{}, fmt.Errorf("%s and %s are of different address families", s.From, s.To)
	case s.From.Bits() != s.To.Bits():
		return Shift{}, fmt.Errorf("%s and %s are of different sizes", s.From, s.To)
	}
	return s, nil
}

// Translate shifts one side of p.
func (o *OneToOne) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	a := clean(p).side(m)
	if !a.IsValid() {
		return netip.AddrPort{}, false, errMissing
	}
	for _, s := range o.Shifts {
		if s.From.Contains(a.Addr()) {
			return netip.AddrPortFrom(shift(a.Addr(), s.From, s.To), portOf(a, m)), true, nil
		}
	}
	return otherwise(a, o.Reject)
}
