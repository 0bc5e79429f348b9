package chain

import (
	"net"

	"github.com/pires/go-proxyproto"

	"zorpgo/engine/session"
)

// announcement is the PROXY header that tells a server of the client of s, and where it connected to (the PROXY
// protocol, versions 1 and 2); nil for version 0.
func announcement(version int, s *session.Session) []byte {
	if version == 0 {
		return nil
	}
	header := proxyproto.HeaderProxyFromAddrs(byte(version), net.TCPAddrFromAddrPort(s.Client), net.TCPAddrFromAddrPort(s.ClientLocal))
	text, err := header.Format()
	if err != nil {
		panic(err) // both are addresses of one family
	}
	return text
}
