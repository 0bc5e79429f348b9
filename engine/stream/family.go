package stream

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Family is one of the two IP versions.
type Family int

// The families.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// FamilyOf is the family of the sockets that reach a.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// String is "IPv4" or "IPv6".
func (f Family) String() string { return fmt.Sprintf("IPv%d", int(f)) }

// network is what package net calls TCP over f.
func (f Family) network() string { return fmt.Sprintf("tcp%d", int(f)) }

func (f Family) domain() int {
	if f == IPv6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// unspecified is the address that leaves the choice to the kernel.
func (f Family) unspecified() netip.Addr {
	if f == IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// setTransparent allows fd to use addresses that are not this host's.
func (f Family) setTransparent(fd int) error {
	if f == IPv6 {
		return unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1)
	}
	return unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1)
}

// CanForge says why this process may not use foreign source addresses of that family, or nil if it may.
func CanForge(f Family) error {
	fd, err := unix.Socket(f.domain(), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return os.NewSyscallError("setsockopt", f.setTransparent(fd))
}
