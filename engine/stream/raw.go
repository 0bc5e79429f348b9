package stream

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The functions of this file are system calls for non-blocking sockets. They do not tell the Go scheduler: a call that
// cannot block needs no other thread to take over, and having one ready costs more than the call.

// Read reads into b, which is not empty.
func Read(fd int, b []byte) (int, error) {
	n, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0, 0)
	return result(n, err)
}

// Peek reports whether a socket, blocking or not, has bytes to read; it takes none.
func Peek(fd int) bool {
	var b [1]byte
	n, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b)), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
	return err == 0 && n > 0
}

// Write writes b, which is not empty.
func Write(fd int, b []byte) (int, error) {
	n, _, err := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return result(n, err)
}

// WriteMore is Write, but what does not fill a segment waits for more, or for CloseWrite or Close: then it goes together
// with the end.
func WriteMore(fd int, b []byte) (int, error) {
	n, _, err := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_MORE|unix.MSG_NOSIGNAL, 0, 0)
	return result(n, err)
}

// Close closes a socket.
func Close(fd int) { _, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// ResetOnClose has Close send a reset, such that the peer sees that something is missing.
func ResetOnClose(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// CloseWrite sends the end of what is written to a socket.
func CloseWrite(fd int) error {
	_, _, err := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
	_, failed := result(0, err)
	return failed
}

// connect begins a connection to an IP address and port.
func connect(fd int, to netip.AddrPort) error {
	port := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, to.Port()))
	var err unix.Errno
	if to.Addr().Is4() {
		at := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: to.Addr().As4()}
		_, _, err = unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&at)), unsafe.Sizeof(at))
	} else {
		at := unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: to.Addr().As16(), Scope_id: scope(to.Addr().Zone())}
		_, _, err = unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&at)), unsafe.Sizeof(at))
	}
	_, failed := result(0, err)
	return failed
}

// MaxPieces is how many pieces one Writev writes at most.
const MaxPieces = 64

// Writev writes pieces, none of which is empty, or the first MaxPieces of them.
func Writev(fd int, pieces [][]byte) (int, error) {
	var vector [MaxPieces]unix.Iovec
	count := min(len(pieces), MaxPieces)
	for i, p := range pieces[:count] {
		vector[i].Base = &p[0]
		vector[i].SetLen(len(p))
	}
	n, _, err := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vector[0])), uintptr(count))
	return result(n, err)
}

func result(n uintptr, err unix.Errno) (int, error) {
	if err != 0 {
		return -1, err
	}
	return int(n), nil
}
