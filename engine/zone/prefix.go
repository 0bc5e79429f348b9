package zone

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// ParsePrefix reads a network in prefix-length notation, or an address, which is the network of that one host.
// Host bits stay as they were written, for those who want to warn of them; a Table does not see them.
func ParsePrefix(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, nil
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, fmt.Errorf("network %q: %s", text, complaint(text))
}

// complaint says what is wrong with text, which is no network, and what to write instead.
func complaint(text string) string {
	addr, length, hasLength := strings.Cut(text, "/")
	a, err := netip.ParseAddr(addr)
	switch {
	case text == "":
		return "it is empty, write a network such as 10.0.0.0/8 or an address such as 10.0.0.1"
	case strings.TrimSpace(text) != text:
		return fmt.Sprintf("remove the white space around %q", strings.TrimSpace(text))
	case err == nil && a.Zone() != "":
		return fmt.Sprintf("leave out %q, a network has no interface", "%"+a.Zone())
	case err == nil && hasLength:
		return lengthComplaint(a, length)
	case strings.ContainsAny(addr, ".:"):
		return badAddress(addr)
	case strings.Trim(addr, "0123456789") == "":
		return "write all four numbers of an IPv4 network, such as 10.0.0.0/8"
	}
	return "it is neither IPv4 nor IPv6, write a network such as 10.0.0.0/8 or fd00::/16"
}

func lengthComplaint(a netip.Addr, length string) string {
	if bits, ok := dottedMask(length); ok && a.Is4() {
		return fmt.Sprintf("dotted masks are not accepted, write %s/%d", a, bits)
	}
	return fmt.Sprintf("%q is no prefix length, write a number from 0 to %d", length, a.BitLen())
}

func dottedMask(text string) (bits int, ok bool) {
	ip := net.ParseIP(text).To4()
	if ip == nil {
		return 0, false
	}
	bits, size := net.IPMask(ip).Size()
	return bits, size == 32
}

func badAddress(addr string) string {
	if strings.Trim(addr, "0123456789.") == "" {
		return fmt.Sprintf("%q is no IPv4 address, write four numbers from 0 to 255 without leading zeros, such as 10.0.0.1", addr)
	}
	if strings.Trim(addr, "0123456789abcdefABCDEF:.") == "" && strings.Contains(addr, ":") {
		return fmt.Sprintf("%q is no IPv6 address, write groups of hexadecimal digits, such as 2001:db8::1", addr)
	}
	return fmt.Sprintf("%q is no address, and host names are not accepted here: write its addresses", addr)
}
