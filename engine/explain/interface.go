package explain

import (
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Interface is a network interface.
type Interface struct {
	Name      string       `json:"name"`
	Here      bool         `json:"here"`  // this host has it; else only the name is known
	Group     int          `json:"group"` // -1: not known
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// FindInterface is this host's interface called name, or just the name.
func FindInterface(name string) *Interface {
	unknown := &Interface{Name: name, Group: -1}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return unknown
	}
	list, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return unknown
	}
	i := &Interface{Name: name, Here: true, Group: int(link.Attrs().Group)}
	for _, a := range list {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			i.Addresses = append(i.Addresses, ip.Unmap())
		}
	}
	return i
}
