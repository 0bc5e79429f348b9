package session

import (
	"crypto/tls"
	"net/netip"
	"time"

	"zorpgo/engine/source"
)

// Killed is the reason of a session that the administrator ended.
const Killed = "ended by the administrator"

// Cut is the reason of a session that was still there when zorpgo had to end.
const Cut = "cut: zorpgo is stopping"

// Snapshot is what others are told of a session while it runs.
type Snapshot struct {
	ID, Service         string
	RuleID              int
	RulePos             source.Pos
	Client, ClientLocal netip.AddrPort
	ClientZone          string
	Server, ServerZone  string // "": none yet
	Started             time.Time
	Count               Counters
	ClientTLS           string // the version; "": in clear
	ServerTLS           string

	Busy bool // it waits for a function of the policy: what may change is not known
}

// Snapshot is s as it is now. It may be called from any goroutine if s has goroutines of its own, else from its loop,
// once s has its ID.
func (s *Session) Snapshot() Snapshot {
	v := Snapshot{
		ID: s.ID, Service: s.Service, RuleID: s.RuleID, RulePos: s.RulePos,
		Client: s.Client, ClientLocal: s.ClientLocal, ClientZone: s.ClientZone.String(), Started: s.Started,
	}
	if v.Busy = !s.Mu.TryLock(); v.Busy {
		return v
	}
	defer s.Mu.Unlock()
	v.Server, v.ServerZone, v.Count = s.Server.String(), s.ServerZone.String(), s.Count
	v.ClientTLS, v.ServerTLS = tlsName(s.ClientTLS), tlsName(s.ServerTLS)
	return v
}

func tlsName(state *tls.ConnectionState) string {
	if state == nil {
		return ""
	}
	return tls.VersionName(state.Version)
}
