package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Incoming is the number of the interface that conn's first packet came in on. It costs three system calls.
func Incoming(conn net.Conn) (int, error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return 0, fmt.Errorf("no interface: not a TCP connection but %T", conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	index, failed := 0, error(nil)
	err = raw.Control(func(fd uintptr) {
		index, failed = pktinfo6(int(fd))
		if errors.Is(failed, unix.ENOPROTOOPT) || errors.Is(failed, unix.EOPNOTSUPP) {
			index, failed = pktinfo4(int(fd))
		}
	})
	return index, errors.Join(err, failed)
}

// The kernel keeps where a connection came from, and tells it as ancillary data of the packet info options.
func pktinfo4(fd int) (int, error) {
	info, err := ancillary(fd, unix.SOL_IP, unix.IP_PKTINFO, unix.IP_PKTOPTIONS)
	if err != nil || len(info) < unix.SizeofInet4Pktinfo {
		return 0, err
	}
	return int(binary.NativeEndian.Uint32(info)), nil
}

func pktinfo6(fd int) (int, error) {
	info, err := ancillary(fd, unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, unix.IPV6_2292PKTOPTIONS)
	if err != nil || len(info) < unix.SizeofInet6Pktinfo {
		return 0, err
	}
	return int(binary.NativeEndian.Uint32(info[16:])), nil
}

// ancillary is the first message that option tells while enable is on.
func ancillary(fd, level, enable, option int) ([]byte, error) {
	if err := unix.SetsockoptInt(fd, level, enable, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	defer unix.SetsockoptInt(fd, level, enable, 0)
	buf := make([]byte, 256)
	n := uint32(len(buf))
	if _, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)), 0); errno != 0 {
		return nil, os.NewSyscallError("getsockopt", errno)
	}
	messages, err := unix.ParseSocketControlMessage(buf[:n])
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	return messages[0].Data, nil
}
