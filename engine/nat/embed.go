package nat

import (
	"errors"
	"fmt"
	"net/netip"
)

// NAT64 takes the IPv4 address out of an IPv6 address (Zorp's NAT64, RFC 6052 §2.2). The prefix is not compared.
type NAT64 struct{ at []int }

// NAT46 puts an IPv4 address between a prefix and a suffix (Zorp's NAT46, RFC 6052 §2.2).
type NAT46 struct {
	at    []int
	frame [16]byte // the prefix, and the suffix behind the address
}

var (
	_ NAT = (*NAT64)(nil)
	_ NAT = (*NAT46)(nil)
)

// places are where an address of each prefix length has the bytes of the IPv4 address: RFC 6052 §2.2 leaves byte 8 out.
var places = map[int][]int{
	32: {4, 5, 6, 7},
	40: {5, 6, 7, 9},
	48: {6, 7, 9, 10},
	56: {7, 9, 10, 11},
	64: {9, 10, 11, 12},
	96: {12, 13, 14, 15},
}

func placesOf(prefixLen int) ([]int, error) {
	if at := places[prefixLen]; at != nil {
		return at, nil
	}
	return nil, fmt.Errorf("the prefix length is %d, write 32, 40, 48, 56, 64 or 96", prefixLen)
}

// NewNAT64 reads addresses with prefixes of prefixLen bits.
func NewNAT64(prefixLen int) (*NAT64, error) {
	at, err := placesOf(prefixLen)
	if err != nil {
		return nil, err
	}
	return &NAT64{at}, nil
}

// NewNAT46 makes addresses of the first prefixLen bits of prefix, the IPv4 address, and what is left of suffix, of which
// the first 128-prefixLen bits must be zero.
func NewNAT46(prefix, suffix netip.Addr, prefixLen int) (*NAT46, error) {
	if !prefix.Is6() || !suffix.Is6() {
		return nil, errors.New("prefix and suffix are IPv6 addresses")
	}
	at, err := placesOf(prefixLen)
	if err != nil {
		return nil, err
	}
	n, tail := &NAT46{at: at, frame: prefix.As16()}, suffix.As16()
	for _, b := range tail[:(128-prefixLen)/8] {
		if b != 0 {
			return nil, fmt.Errorf("the first %d bits of the suffix %s must be zero", 128-prefixLen, suffix)
		}
	}
	last := at[3] + 1
	clear(n.frame[prefixLen/8 : last])
	copy(n.frame[last:], tail[last:])
	return n, nil
}

// Translate makes an IPv6 address of p's one side an IPv4 address, and keeps the port.
func (n *NAT64) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	a := clean(p).side(m)
	if !a.Addr().Is6() {
		return netip.AddrPort{}, false, fmt.Errorf("NAT64 wants an IPv6 address, not %s", a.Addr())
	}
	long, short := a.Addr().As16(), [4]byte{}
	for i, at := range n.at {
		short[i] = long[at]
	}
	return netip.AddrPortFrom(netip.AddrFrom4(short), a.Port()), true, nil
}

// Translate makes an IPv4 address of p's one side an IPv6 address, and keeps the port.
func (n *NAT46) Translate(p Pair, m Mode) (netip.AddrPort, bool, error) {
	a := clean(p).side(m)
	if !a.Addr().Is4() {
		return netip.AddrPort{}, false, fmt.Errorf("NAT46 wants an IPv4 address, not %s", a.Addr())
	}
	long, short := n.frame, a.Addr().As4()
	for i, at := range n.at {
		long[at] = short[i]
	}
	return netip.AddrPortFrom(netip.AddrFrom16(long), a.Port()), true, nil
}
