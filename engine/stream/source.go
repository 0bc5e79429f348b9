package stream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// ForgedMark is the bit of the packet mark that packets of sockets with foreign addresses have (SO_MARK): a packet filter
// can tell both legs of a session by it, whose addresses and ports may be the same.
const ForgedMark = 0x40000000

// Source is the wanted local end of a connection. The zero Source leaves it to the kernel.
type Source struct {
	Addr        netip.AddrPort // an unspecified address or port 0 leaves that part to the kernel
	Transparent bool           // the address is not this host's
	Own         bool           // with Transparent: or it is, and then no right to forge is needed
	Marked      bool           // with Transparent: its packets have ForgedMark
	Loose       bool           // another port of the same group will do if the wanted one is taken
	Random      bool           // with Loose: try random ports of the group first
}

// SourceError says that a connection could not have the wanted source.
type SourceError struct {
	Source Source
	Err    error
}

// Error names the address, and says whether it was to be forged.
func (e *SourceError) Error() string {
	what := e.Source.Addr.Addr().String()
	if e.Source.Addr.Port() != 0 {
		what = e.Source.Addr.String()
	}
	if e.Source.Transparent {
		return fmt.Sprintf("cannot forge address %s: %v", what, e.Err)
	}
	return fmt.Sprintf("cannot use local address %s: %v", what, e.Err)
}

// Unwrap is what the kernel said.
func (e *SourceError) Unwrap() error { return e.Err }

func (s Source) isZero() bool {
	return s.Addr.Port() == 0 && (!s.Addr.IsValid() || s.Addr.Addr().IsUnspecified())
}

// exact reports whether s insists on one port.
func (s Source) exact() bool { return s.Addr.Port() != 0 && !s.Loose }

// fit gives s the family of the target: an unspecified address has none of its own.
func (s Source) fit(f Family) (Source, error) {
	addr := s.Addr.Addr().Unmap()
	if !addr.IsValid() || addr.IsUnspecified() {
		addr = f.unspecified()
	}
	s.Addr = netip.AddrPortFrom(addr, s.Addr.Port())
	if FamilyOf(addr) != f {
		return s, &SourceError{s, fmt.Errorf("it is %s, the server's address is %s", FamilyOf(addr), f)}
	}
	return s, nil
}

// bind gives fd the source s, which has the socket's family.
func (s Source) bind(fd int) error {
	if err := s.prepare(fd); err != nil {
		return err
	}
	if s.Loose && s.Addr.Port() != 0 {
		return s.bindGroup(fd)
	}
	return bind(fd, s.Addr)
}

// prepare sets the options that must be there before bind.
func (s Source) prepare(fd int) error {
	if s.Transparent {
		err := FamilyOf(s.Addr.Addr()).setTransparent(fd)
		if err != nil && (!s.Own || !errors.Is(err, unix.EPERM)) {
			return err
		}
		if s.Marked && err == nil {
			// Older kernels want another right for this: then a packet filter cannot tell.
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, ForgedMark); err != nil && !errors.Is(err, unix.EPERM) {
				return err
			}
		}
	}
	switch {
	case s.Addr.Port() == 0: // one port per destination, not one per connection; SOL_IP for IPv6 as well
		return unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	case !s.Loose: // else the port would be taken for all destinations as long as one connection has it
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	return nil
}

// bindGroup tries the wanted port, or some random ones, and then each port of its group.
func (s Source) bindGroup(fd int) error {
	low, high := portGroup(s.Addr.Port())
	size, first := high-low+1, int(s.Addr.Port())-low
	if s.Random {
		for range max(size/8, 1) {
			first = rand.IntN(size)
			if err := s.bindPort(fd, low+first); !errors.Is(err, unix.EADDRINUSE) {
				return err
			}
		}
	}
	for i := range size {
		if err := s.bindPort(fd, low+(first+i)%size); !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
	return fmt.Errorf("all ports from %d to %d are taken: %w", low, high, unix.EADDRINUSE)
}

func (s Source) bindPort(fd, port int) error {
	return bind(fd, netip.AddrPortFrom(s.Addr.Addr(), uint16(port)))
}

// portGroup is the first and the last port of port's group; those below 1024 are privileged.
func portGroup(port uint16) (low, high int) {
	switch {
	case port < 512:
		return 1, 511
	case port < 1024:
		return 512, 1023
	}
	return 1024, 65535
}

func bind(fd int, at netip.AddrPort) error {
	if at.Addr().Is4() {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16(), ZoneId: scope(at.Addr().Zone())})
}

// scope is the interface number of a link-local address, 0 for none.
func scope(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if link, err := net.InterfaceByName(zone); err == nil {
		return uint32(link.Index)
	}
	return 0
}
