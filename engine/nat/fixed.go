package nat

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// Static is always the same address and port (Zorp's StaticNAT).
type Static struct{ To netip.AddrPort }

// Random is one of several addresses, with its port (Zorp's RandomNAT). A cacheable Policy keeps to its choice.
type Random struct {
	To   []netip.AddrPort
	Pick func(n int) int // a number below n; rand.IntN if nil
}

// Hash looks addresses up (Zorp's HashNAT).
type Hash struct {
	To     map[netip.Addr]netip.Addr
	Reject bool // refuse what is not in To; else it stays as it is
}

// ForgeClient shows the server the client's address (Zorp's ForgeClientSourceNAT), as forge_addr does.
// There is nothing that it says about destinations.
type ForgeClient struct{}

var (
	_ NAT = (*Static)(nil)
	_ NAT = (*Random)(nil)
	_ NAT = (*Hash)(nil)
	_ NAT = ForgeClient{}
)

// Translate is To.
func (s *Static) Translate(Pair, Mode) (netip.AddrPort, bool, error) { return unmap(s.To), true, nil }

// Translate chooses.
func (r *Random) Translate(Pair, Mode) (netip.AddrPort, bool, error) {
	pick := r.Pick
	if pick == nil {
		pick = rand.IntN
	}
	return unmap(r.To[pick(len(r.To))]), true, nil
}

// Translate looks one side of p up.
func (h *Hash) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	a := clean(p).side(m)
	if !a.IsValid() {
		return netip.AddrPort{}, false, errMissing
	}
	if to, ok := h.To[a.Addr()]; ok {
		return netip.AddrPortFrom(to, portOf(a, m)), true, nil
	}
	return otherwise(a, h.Reject)
}

// Translate is the client's address, which is the source of any pair, with a port that the kernel chooses.
func (ForgeClient) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	if m == Destination {
		return netip.AddrPort{}, false, nil
	}
	if !p.Src.IsValid() {
		return netip.AddrPort{}, false, errMissing
	}
	return netip.AddrPortFrom(p.Src.Addr().Unmap(), 0), true, nil
}

// portOf is the port beside a translated address: a source lets the kernel choose, a destination keeps its own.
func portOf(a netip.AddrPort, m Mode) uint16 {
	if m == Source {
		return 0
	}
	return a.Port()
}

// otherwise is what becomes of an address that a table does not have.
func otherwise(a netip.AddrPort, reject bool) (netip.AddrPort, bool, error) {
	if reject {
		return netip.AddrPort{}, false, fmt.Errorf("%s has no translation: %w", a.Addr(), ErrRefused)
	}
	return a, true, nil
}
