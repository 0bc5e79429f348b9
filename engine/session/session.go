// Package session holds one client connection and all that is known of it.
//
// A Session is made when a listener accepts, filled on its way (zone, rule, service, target, server side) and ends
// with one closing log record. It belongs to the goroutines of its connection and is never shared between connections.
package session

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/meter"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/trace"
	"zorpgo/engine/zone"
)

// Session is one client connection (Zorp's master session).
type Session struct {
	ID      string // "svc/INSTANCE/SERVICE:N", N counting the sessions of the service from 0
	Service string
	RuleID  int
	RulePos source.Pos // the rule that decided
	Log     *slog.Logger
	Context context.Context // is done when the session is cut; nil: see Until

	Client      netip.AddrPort // the client
	ClientLocal netip.AddrPort // the address of ours that the connection came to
	Peer        netip.AddrPort // who connected, and said that it did so for Client; zero: Client itself did
	Dest        netip.AddrPort // what Peer says that Client connected to
	ClientZone  *zone.Zone     // nil: no zone holds the client
	Direct      bool           // the listener is bound to ClientLocal itself: connecting there would be a loop
	Zones       *zone.Table    // of the policy that the session began under

	Targets []stream.Addr                                                // what the policy wants instead of the router's; nil: nothing
	Inband  bool                                                         // the router lets the proxy choose
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error) // of hosts named in the session; may be nil

	Server      stream.Addr // the server of the current or last connect
	ServerLocal netip.AddrPort
	ServerZone  *zone.Zone // before the first connect: the zone of ClientLocal

	Encryption           *encryption.Policy   // nil: both sides are in clear
	ALPN                 []string             // names of the protocol that is spoken; nil: not known
	ClientTLS, ServerTLS *tls.ConnectionState // of each side; nil while it is in clear
	PlayedTLS            bool                 // no handshake is made where TLS begins with the first byte: who leads the session plays it

	Started    time.Time
	Connecting time.Duration // what connecting to the server took, failures before it included
	Verdict    Verdict
	Reason     string // why the verdict is not Accepted, for the closing record
	Count      Counters
	Meter      *meter.Service // of the service; nil: nobody counts

	Trace *trace.Hub // of those who look on; nil: nobody can
	tap   *trace.Tap // where to tell them; nil until somebody did

	Parting []byte // what its client hears if the session meets a bug; nil: nothing

	Draining bool   // the session is to end as soon as it can; with Mu, or on the loop
	Retire   func() // has its driver notice that; nil: it notices by itself, or has not begun

	// Held by whoever works on the session where it has goroutines of its own; on a loop nobody else does.
	Mu sync.Mutex
}

// Until is how long what the session asks for may be waited for: until it is cut.
func (s *Session) Until() context.Context {
	if s == nil || s.Context == nil {
		return context.Background()
	}
	return s.Context
}

// Wanted is the address that the client connected to, as far as is known.
func (s *Session) Wanted() netip.AddrPort {
	if s.Dest.IsValid() {
		return s.Dest
	}
	return s.ClientLocal
}

// Counters are what a session moved, for its closing record.
type Counters struct {
	FromClient, FromServer int64 // bytes read
	ToClient, ToServer     int64 // bytes written
	Commands, Refused      int   // client commands; those that the proxy itself refused
	Messages               int   // messages that the server confirmed
}

// Verdict is the final word on a session (Zorp's ConnectionVerdict).
type Verdict int

// The verdicts, with Zorp's numbers.
const (
	Accepted Verdict = iota
	DeniedByPolicy
	DeniedByLimit
	DeniedByConnectionFail
	DeniedByUnknownFail
	AbortedByPolicyAction
	InvalidPolicyCall
)

// String is the name that Zorp logs.
func (v Verdict) String() string {
	return [...]string{
		"ACCEPTED", "DENIED_BY_POLICY", "DENIED_BY_LIMIT", "DENIED_BY_CONNECTION_FAIL",
		"DENIED_BY_UNKNOWN_FAIL", "ABORTED_BY_POLICY_ACTION", "INVALID_POLICY_CALL",
	}[v]
}

// Deny records v and why, unless an earlier deviation from Accepted stands already: the first one is kept.
func (s *Session) Deny(v Verdict, reason string) {
	if s.Verdict == Accepted {
		s.Verdict, s.Reason = v, reason
	}
}
