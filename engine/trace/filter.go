package trace

import (
	"fmt"
	"net/netip"
	"strings"
)

// Filter picks sessions; what is left out picks all.
type Filter struct {
	Service string
	Session string // its id
	Client  netip.Prefix
	Server  string // ADDRESS, ADDRESS:PORT or the path of a socket
}

// answer is what a filter says of a session.
type answer int

const (
	no answer = iota
	yes
	later // it depends on the server, which is not known yet
)

func (f *Filter) picks(s *Subject) answer {
	switch {
	case f.Service != "" && f.Service != s.Service,
		f.Session != "" && f.Session != s.ID,
		f.Client.IsValid() && !f.Client.Contains(s.Client.Addr().Unmap().WithZone("")):
		return no
	case f.Server == "":
		return yes
	case s.Server == "":
		return later
	case sameServer(f.Server, s.Server):
		return yes
	}
	return no
}

func sameServer(wanted, server string) bool {
	if wanted == server {
		return true
	}
	at, err := netip.ParseAddrPort(server)
	addr, notAddr := netip.ParseAddr(wanted)
	return err == nil && notAddr == nil && at.Addr().Unmap() == addr.Unmap()
}

// ParseClient reads an address or a prefix.
func ParseClient(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address and no prefix: write 192.0.2.1 or 192.0.2.0/24", text)
	}
	return p.Masked(), nil
}

// CheckServer says what is wrong with the server of a filter.
func CheckServer(text string) error {
	_, noPort := netip.ParseAddrPort(text)
	_, noAddr := netip.ParseAddr(text)
	if noPort != nil && noAddr != nil && !strings.HasPrefix(text, "/") {
		return fmt.Errorf("%q is no server: write ADDRESS, ADDRESS:PORT or the path of a socket", text)
	}
	return nil
}
