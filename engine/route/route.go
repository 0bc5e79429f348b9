// Package route decides where the server side of a session goes and from which local address.
//
// A Router runs once per session, before the proxy is made; a chain.Chainer then makes the connection.
package route

import (
	"net/netip"

	"zorpgo/engine/nat"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Router chooses the targets of a session (Zorp's routers).
type Router interface {
	Route(s *session.Session) Plan
	// Forging says what the router does to the source address, for what needs to know before any session.
	Forging() Forge
}

// Deciding is a Router that the policy wrote as a function: it looks at the session, and may take its time.
type Deciding interface {
	Router
	// Decider is what the policy calls it.
	Decider() string
}

// Plan is what a router decided.
type Plan struct {
	Targets      []stream.Addr // in the order of preference; shared, not to be changed; port 0 is the client's port
	Failed       error         // why the router could not name targets: there is no connection then
	Local        Local
	Overrideable bool        // the proxy may replace the targets
	Zones        []string    // a target's zone or one of its parents must be here; empty is no limit
	Announce     int         // the version of the PROXY header that tells the server of the client; 0: none
	SNAT, DNAT   *nat.Policy // translate the client's address into Local, and the targets; nil: no translation
}

// Local is the wanted local address of the server side connection (Zorp's target_local and its flags).
// The zero Local leaves address and port to the kernel.
type Local struct {
	Addr       netip.AddrPort // an unspecified address or port 0 leaves that part to the kernel
	Forged     bool           // Addr is the client's, not this host's
	Translated bool           // Addr is what a NAT policy says: this host's or not
	Loose      bool           // another port of the same group will do if the wanted one is taken
	Random     bool           // choose at random within the group first
}

// Forge says which source a server side connection shows.
type Forge struct {
	Addr bool // the client's address instead of this host's
	Port Port
}

// Port is a forge_port value: one of the constants, or a port number from 1 to 65535.
type Port int

// What a source port may be, with Zorp's numbers.
const (
	PortAny    Port = -1 // the kernel chooses
	PortGroup  Port = -2 // the client's port, or another of its group (1-511, 512-1023, 1024-65535)
	PortExact  Port = -3 // the client's port; connecting fails if it is taken
	PortRandom Port = -4 // a random port of the client port's group
)

// Valid reports whether p is one of the constants or a port number.
func (p Port) Valid() bool { return PortRandom <= p && p <= PortAny || 0 < p && p <= 65535 }
