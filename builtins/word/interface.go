package word

import (
	"net/netip"

	"github.com/vishvananda/netlink"

	"zorpgo/engine/stream"
)

// Interface is a network interface of this host.
type Interface struct {
	Name      string
	Group     int
	Addresses []netip.Addr // the preferred ones first
}

// First is the first address of a family, of those that other hosts can reach if there is one.
func (i Interface) First(f stream.Family) (first netip.Addr, ok bool) {
	for _, a := range i.Addresses {
		switch {
		case stream.FamilyOf(a) != f:
		case !a.IsLinkLocalUnicast():
			return a, true
		case !ok:
			first, ok = a, true
		}
	}
	return first, ok
}

// HostInterfaces lists the interfaces of this host; what cannot be read is left out.
func HostInterfaces() (list []Interface) {
	links, _ := netlink.LinkList()
	for _, link := range links {
		i := Interface{Name: link.Attrs().Name, Group: int(link.Attrs().Group)}
		addrs, _ := netlink.AddrList(link, netlink.FAMILY_ALL)
		for _, a := range addrs {
			if ip, ok := netip.AddrFromSlice(a.IP); ok {
				i.Addresses = append(i.Addresses, ip.Unmap())
			}
		}
		list = append(list, i)
	}
	return list
}
