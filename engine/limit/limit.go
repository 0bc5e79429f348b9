// Package limit counts the sessions of a service, and those of each client network, so that neither a crowd nor one
// busy network takes everything.
//
// A service has Limits, which its policy says, and a Table, which outlives reloads: it is asked before a session begins.
package limit

import (
	"fmt"
	"net/netip"
	"strings"
)

// Limits are what a policy allows; a zero field is no limit, and the usual prefix.
type Limits struct {
	Sessions          int // at a time
	SessionsPerClient int // at a time, of one client network
	Rate              int // that begin in a minute
	RatePerClient     int // that begin in a minute, of one client network
	IPv4, IPv6        int // how many bits of an address are the client network
}

// The usual client networks: an IPv4 address, and what one IPv6 customer has at least.
const (
	UsualIPv4 = 32
	UsualIPv6 = 64
)

// Kind is a limit.
type Kind int

// The limits; Connections is that of the whole process, which no Table counts.
const (
	None Kind = iota
	Sessions
	SessionsPerClient
	Rate
	RatePerClient
	Connections
	Kinds
)

// String is the limit as policies call it.
func (k Kind) String() string {
	return [...]string{"none", "max_instances", "max_sessions_per_client", "max_rate", "max_rate_per_client", "max-connections"}[k]
}

// PerClient reports whether there are limits of client networks.
func (l *Limits) PerClient() bool { return l.SessionsPerClient > 0 || l.RatePerClient > 0 }

// Network is the client network of a.
func (l *Limits) Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := l.bits(a)
	if a.Is4() {
		bits -= 96
	}
	p, _ := a.Prefix(bits) // an address that there is not has none
	return p
}

// Of says what the network of client may have; "": as much as there is.
func (l *Limits) Of(client netip.Addr) string {
	var list []string
	if l.SessionsPerClient > 0 {
		list = append(list, fmt.Sprintf("%d at a time", l.SessionsPerClient))
	}
	if l.RatePerClient > 0 {
		list = append(list, fmt.Sprintf("%d that begin in a minute", l.RatePerClient))
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("of %s at most %s", l.Network(client), strings.Join(list, " and "))
}

// Reason says why a session of client is refused by k.
func (l *Limits) Reason(k Kind, client netip.Addr) string {
	switch k {
	case Sessions:
		return fmt.Sprintf("has max_instances=%d sessions already", l.Sessions)
	case SessionsPerClient:
		return fmt.Sprintf("has max_sessions_per_client=%d sessions of %s already", l.SessionsPerClient, l.Network(client))
	case Rate:
		return fmt.Sprintf("has begun max_rate=%d sessions in a minute", l.Rate)
	case RatePerClient:
		return fmt.Sprintf("has begun max_rate_per_client=%d sessions of %s in a minute", l.RatePerClient, l.Network(client))
	}
	return ""
}

// bits are those of a's network, of 128.
func (l *Limits) bits(a netip.Addr) int {
	if a.Is4() || a.Is4In6() {
		if l.IPv4 == 0 {
			return 96 + UsualIPv4
		}
		return 96 + l.IPv4
	}
	if l.IPv6 == 0 {
		return UsualIPv6
	}
	return l.IPv6
}

// network is a client network as a Table knows it: of 16 bytes, IPv4 mapped into IPv6.
type network [16]byte

// others is the one network of all those that a full Table does not tell apart. No client has this address.
var others = network{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

func (l *Limits) network(a netip.Addr) network {
	n, bits := network(a.As16()), l.bits(a)
	for i := bits / 8; i < len(n); i++ {
		keep := max(bits-8*i, 0)
		n[i] &= ^byte(0xff >> keep)
	}
	return n
}
