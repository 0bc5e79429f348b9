package announce

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"strings"

	"github.com/pires/go-proxyproto"
)

// The faults of a header that the library takes.
var (
	errFamily   = errors.New("the PROXY header is not of a TCP connection")
	errClient   = errors.New("the PROXY header names no client that there can be")
	errTrailing = errors.New("the PROXY header is longer than what it says")
	errChecksum = errors.New("the PROXY header does not have the checksum that it says")
)

// parse reads one whole header.
func parse(b []byte) (Header, error) {
	r := bufio.NewReaderSize(bytes.NewReader(b), len(b))
	header, err := proxyproto.Read(r)
	switch {
	case err != nil:
		return Header{}, fmt.Errorf("the PROXY header is malformed: %s", strings.TrimPrefix(err.Error(), "proxyproto: "))
	case r.Buffered() > 0:
		return Header{}, errTrailing
	case header.Command.IsLocal():
		return Header{Own: true}, nil
	}
	client, dest, ok := header.TCPAddrs()
	if !ok {
		return Header{}, errFamily
	}
	if err := checkValues(b, header); err != nil {
		return Header{}, err
	}
	h := Header{Client: addrPort(client), Dest: addrPort(dest)}
	if a := h.Client.Addr(); a.IsUnspecified() || a.IsMulticast() {
		return Header{}, errClient
	}
	return h, nil
}

func addrPort(a *net.TCPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// checkValues checks that the values behind the addresses are whole, and the checksum if there is one. The others mean
// nothing here.
func checkValues(b []byte, header *proxyproto.Header) error {
	if header.Version == 1 {
		return nil
	}
	at := fixed + 12
	if header.TransportProtocol.IsIPv6() {
		at = fixed + 36
	}
	sum := 0
	for at < len(b) {
		if len(b)-at < typeAndLength {
			return errTrailing
		}
		kind, value := proxyproto.PP2Type(b[at]), at+typeAndLength
		if at = value + int(binary.BigEndian.Uint16(b[at+1:])); at > len(b) {
			return errTrailing
		}
		if kind == proxyproto.PP2_TYPE_CRC32C {
			if sum != 0 || at-value != crc32.Size {
				return errChecksum
			}
			sum = value
		}
	}
	if sum != 0 && binary.BigEndian.Uint32(b[sum:]) != checksum(b, sum) {
		return errChecksum
	}
	return nil
}

// typeAndLength stand before each value.
const typeAndLength = 3

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of a header, in which it stands at place at.
func checksum(b []byte, at int) uint32 {
	b = bytes.Clone(b)
	clear(b[at : at+crc32.Size])
	return crc32.Checksum(b, castagnoli)
}
