package route

import (
	"net/netip"

	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// Transparent goes where the client wanted to go (Zorp's TransparentRouter).
type Transparent struct {
	ForcedPort   uint16 // instead of the port that the client connected to; 0 keeps it
	Forge        Forge
	Overrideable bool
}

// Directed goes to given addresses, in their order (Zorp's DirectedRouter).
type Directed struct {
	Dest         []stream.Addr
	Forge        Forge
	Overrideable bool
}

// Inband names no target: the proxy or the policy does, during the session (Zorp's InbandRouter).
type Inband struct{ Forge Forge }

var (
	_ Router = (*Inband)(nil)
	_ Router = (*Transparent)(nil)
	_ Router = (*Directed)(nil)
)

// Route names the address that the client connected to.
func (r *Transparent) Route(s *session.Session) Plan {
	target := s.ClientLocal
	if r.ForcedPort != 0 {
		target = netip.AddrPortFrom(target.Addr(), r.ForcedPort)
	}
	return Plan{
		Targets:      []stream.Addr{{AddrPort: target}},
		Local:        r.Forge.Local(s.Client),
		Overrideable: r.Overrideable,
	}
}

// Route names the router's own addresses.
func (r *Directed) Route(s *session.Session) Plan {
	return Plan{Targets: r.Dest, Local: r.Forge.Local(s.Client), Overrideable: r.Overrideable}
}

// Route leaves the targets open.
func (r *Inband) Route(s *session.Session) Plan {
	return Plan{Local: r.Forge.Local(s.Client), Overrideable: true}
}

// Forging is what the policy said.
func (r *Inband) Forging() Forge { return r.Forge }

// Overrides reports whether the proxy may choose the target: always.
func (r *Inband) Overrides() bool { return true }

// Overrides reports whether the proxy may choose another target.
func (r *Transparent) Overrides() bool { return r.Overrideable }

// Overrides reports whether the proxy may choose another target.
func (r *Directed) Overrides() bool { return r.Overrideable }

// Forging is what the policy said.
func (r *Transparent) Forging() Forge { return r.Forge }

// Forging is what the policy said.
func (r *Directed) Forging() Forge { return r.Forge }

// Destinations are the addresses that are known before any session.
func (r *Directed) Destinations() []stream.Addr { return r.Dest }

// Local is the source that f gives to a connection for client. Without forging an address it is of the client's family.
func (f Forge) Local(client netip.AddrPort) Local {
	port := f.Port.of(client.Port())
	if !f.Addr && port == 0 {
		return Local{}
	}
	l := Local{
		Addr:   netip.AddrPortFrom(unspecified(client.Addr()), port),
		Loose:  f.Port == PortGroup || f.Port == PortRandom,
		Random: f.Port == PortRandom,
	}
	if f.Addr {
		l.Addr, l.Forged = netip.AddrPortFrom(client.Addr(), port), true
	}
	return l
}

// of is the port to ask for on behalf of a client that uses port client; 0 is any.
func (p Port) of(client uint16) uint16 {
	switch p {
	case PortExact, PortGroup, PortRandom:
		return client
	case PortAny:
		return 0
	}
	return uint16(p) // a port number; the zero Port is any
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
