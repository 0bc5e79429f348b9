package stream

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Open begins a connection without waiting for it: the socket is non-blocking and, once it is writable, Opened tells how
// it went. It is Dial for a driver that waits for many sockets at a time; what it cannot do it refuses at once.
// If the wanted source cannot be had the error is a *SourceError.
func Open(to Addr, from Source) (fd int, err error) {
	at, family := socketAddress(to)
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = open(fd, to, from, at); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func open(fd int, to Addr, from Source, at unix.Sockaddr) error {
	if to.Path == "" {
		if err := NoDelay(fd); err != nil {
			return err
		}
		if !from.isZero() {
			from, err := from.fit(FamilyOf(to.Addr()))
			if err != nil {
				return err
			}
			if err := from.bind(fd); err != nil {
				return &SourceError{from, err}
			}
		}
	}
	switch err := unix.Connect(fd, at); err {
	case nil, unix.EINPROGRESS, unix.EINTR:
		return nil
	default:
		return sourceError(to, from, os.NewSyscallError("connect", err))
	}
}

// Opened is how a connection that Open began went; fd is writable.
func Opened(fd int, to Addr, from Source) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if code != 0 {
		return sourceError(to, from, os.NewSyscallError("connect", unix.Errno(code)))
	}
	return nil
}

// NoDelay turns Nagle's algorithm off, as package net does.
func NoDelay(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
}

// LocalAddr is the address of fd's own end; the zero AddrPort if it is none of IP.
func LocalAddr(fd int) netip.AddrPort {
	at, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return AddrPort(at)
}

// AddrPort is an IP socket address as net/netip has it; IPv4 mapped into IPv6 is IPv4.
func AddrPort(at unix.Sockaddr) netip.AddrPort {
	switch a := at.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

func socketAddress(to Addr) (unix.Sockaddr, int) {
	switch {
	case to.Path != "":
		return &unix.SockaddrUnix{Name: to.Path}, unix.AF_UNIX
	case to.Addr().Is4():
		return &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}, unix.AF_INET
	}
	return &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16(), ZoneId: scope(to.Addr().Zone())}, unix.AF_INET6
}
