// Package announce reads and writes PROXY headers (the PROXY protocol, versions 1 and 2): what a proxy says of its
// client before that client's first byte.
//
// A dispatcher reads the headers of the proxies in front; a chainer writes those that servers behind expect.
package announce

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// Header is what a PROXY header says.
type Header struct {
	Own    bool           // the connection is the proxy's own, such as a health check: nothing else is said
	Client netip.AddrPort // IPv4 as IPv4, not mapped into IPv6
	Dest   netip.AddrPort // where the client connected to

	TLS *tls.ConnectionState // of the client's connection, told by version 2; nil: it is in clear. It is not read.
}

// Format is the header of that version, 1 or 2.
func (h Header) Format(version int) []byte {
	header := proxyproto.HeaderProxyFromAddrs(byte(version), net.TCPAddrFromAddrPort(h.Client), net.TCPAddrFromAddrPort(h.Dest))
	if h.Own {
		header = &proxyproto.Header{Version: byte(version), Command: proxyproto.LOCAL}
	}
	text, err := []byte(nil), error(nil)
	if version == 2 && h.TLS != nil {
		err = header.SetTLVs(facts(h.TLS))
	}
	if err == nil {
		text, err = header.Format()
	}
	if err != nil {
		panic(fmt.Errorf("no PROXY header for %v: %w", h, err)) // both are addresses
	}
	return text
}
