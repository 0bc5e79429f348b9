package stream

import (
	"encoding/binary"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Open begins a connection without waiting for it: the socket is non-blocking and, once it is writable, Opened tells how
// it went. It is Dial for a driver that waits for many sockets at a time; what it cannot do it refuses at once.
// If the wanted source cannot be had the error is a *SourceError.
func Open(to Addr, from Source) (fd int, err error) {
	family := unix.AF_UNIX
	if to.Path == "" {
		family = FamilyOf(to.Addr()).domain()
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err = open(fd, to, from); err != nil {
		Close(fd)
		return -1, err
	}
	return fd, nil
}

func open(fd int, to Addr, from Source) (err error) {
	if to.Path != "" {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: to.Path})
	} else {
		if err := prepare(fd, to, from); err != nil {
			return err
		}
		err = connect(fd, to.AddrPort)
	}
	switch err {
	case nil, unix.EINPROGRESS, unix.EINTR:
		return nil
	}
	return sourceError(to, from, os.NewSyscallError("connect", err))
}

// prepare gives fd its options and its source.
func prepare(fd int, to Addr, from Source) error {
	if err := NoDelay(fd); err != nil || from.isZero() {
		return err
	}
	from, err := from.fit(FamilyOf(to.Addr()))
	if err != nil {
		return err
	}
	if err := from.bind(fd); err != nil {
		return &SourceError{from, err}
	}
	return nil
}

// Opened is how a connection that Open began went; fd is writable. It need not be asked where no error was told with
// that (EPOLLERR, EPOLLHUP).
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

// LocalAddr is the address of fd's own end; the zero AddrPort if it is none of IP. (Package unix would ask the kernel
// twice more.)
func LocalAddr(fd int) netip.AddrPort {
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPort(at)
}

// Accept takes a connection off a listening socket, non-blocking, and says who the peer is.
func Accept(listener int) (fd int, peer netip.AddrPort, err error) {
	var at unix.RawSockaddrInet6 // holds one of IPv4, too
	size := uint32(unsafe.Sizeof(at))
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&at)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, peer, errno
	}
	return int(n), rawAddrPort(&at), nil
}

// rawAddrPort is an IP socket address as net/netip has it; IPv4 mapped into IPv6 is IPv4.
func rawAddrPort(at *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, at.Port))
	switch at.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(at))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(at.Addr).Unmap(), port)
	}
	return netip.AddrPort{}
}

// addrPort is an IP socket address as net/netip has it; IPv4 mapped into IPv6 is IPv4.
func addrPort(at syscall.Sockaddr) netip.AddrPort {
	switch a := at.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
