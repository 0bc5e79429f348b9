// Package nat translates addresses (Zorp's NAT classes and policies).
//
// A service may name one policy for the source that its servers see and one for the servers' own address; package chain
// asks them for each connection. Of a session a NAT knows nothing but the pair of addresses, unless it is an Asking.
package nat

import (
	"errors"
	"net/netip"

	"zorpgo/engine/session"
)

// Mode says which address of a Pair is translated.
type Mode int

// The modes, with Zorp's numbers.
const (
	Source Mode = iota
	Destination
)

// String is what logs call the mode.
func (m Mode) String() string { return [...]string{"source", "destination"}[m] }

// Pair is where a connection comes from and where it goes. An address that is not valid is missing; where it would only
// be compared, it is taken to fit.
type Pair struct{ Src, Dst netip.AddrPort }

// side is the address that m translates.
func (p Pair) side(m Mode) netip.AddrPort {
	if m == Source {
		return p.Src
	}
	return p.Dst
}

// NAT is a way of translating.
type NAT interface {
	// Translate gives the new address of the side of p that m names. It reports false if it has nothing to say about p;
	// an error ends the attempt to connect.
	Translate(p Pair, m Mode) (netip.AddrPort, bool, error)
}

// Asking is a NAT that looks at the session as well, and may take its time: one that a policy wrote as a function.
type Asking interface {
	NAT
	// TranslateFor is Translate for session s.
	TranslateFor(s *session.Session, p Pair, m Mode) (netip.AddrPort, bool, error)
}

// ErrRefused is wrapped by errors that are the policy's will, not an accident.
var ErrRefused = errors.New("refused by policy")

// errMissing is told where there is no address to translate.
var errMissing = errors.New("there is no address to translate")

// clean makes a pair comparable: an IPv4 address has one form.
func clean(p Pair) Pair { return Pair{unmap(p.Src), unmap(p.Dst)} }

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
