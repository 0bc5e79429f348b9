// Package stream is sockets: where they go, how they are opened, and the options that a transparent proxy needs.
//
// Listeners are opened with Listen, server side connections with Dial, which can show a source address that is not
// this host's (IP_TRANSPARENT). Packages session, route and chain speak of targets as Addr.
package stream

import "net/netip"

// Addr is where a server side connection can go: an IP address and port, or the path of a Unix domain socket.
// Port 0 stands for the port that the client used.
type Addr struct {
	netip.AddrPort
	Path string
}

// Network is what net.Dial calls it: "tcp" or "unix".
func (a Addr) Network() string {
	if a.Path != "" {
		return "unix"
	}
	return "tcp"
}

// String is "address:port" or the path; "" for the zero Addr.
func (a Addr) String() string {
	if a.Path != "" {
		return a.Path
	}
	if !a.IsValid() {
		return ""
	}
	return a.AddrPort.String()
}
