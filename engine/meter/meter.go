// Package meter counts what the sessions of a service do, at the cost of an atomic addition each.
//
// A service has one Service, which outlives reloads; its sessions, their drivers and protocols count in it. What is
// counted is read when somebody asks (engine/admin). All methods may be called with nil, and from any goroutine.
package meter

import (
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what a protocol can tell apart.
const (
	Verbs    = 32 // of commands, as the protocol numbers them
	Classes  = 6  // the first digit of a reply
	Reasons  = 32 // of refusals, as the protocol numbers them
	Verdicts = 8  // as package session numbers them
	Versions = 5  // of TLS: none, 1.0, 1.1, 1.2, 1.3
)

// Cause is why a server could not be connected to.
type Cause int

// The causes.
const (
	Refused Cause = iota
	Timeout
	Unreachable
	NoTLS
	Own // an address or a port of this host's
	Other
	Causes
)

// String is the cause in one word.
func (c Cause) String() string {
	return [...]string{"refused", "timeout", "unreachable", "tls", "local", "other"}[c]
}

// Service is what the sessions of one service did.
type Service struct {
	Read, Written [2]atomic.Int64 // bytes, of the client and of the server
	Ended         [Verdicts]atomic.Int64
	TLS           [2][Versions]atomic.Int64 // sessions that ended, by what each side had
	Transactions  atomic.Int64              // that the server accepted
	Messages      atomic.Int64              // that the server confirmed
	Commands      [Verbs]atomic.Int64
	Replies       [Verbs][Classes]atomic.Int64 // to the client
	Refusals      [Reasons]atomic.Int64        // by the proxy itself
	Bugs          atomic.Int64                 // sessions that met one
	Connects      Histogram                    // to servers
	Failures      [Causes]atomic.Int64
	functions     sync.Map // of the policy: name → *Histogram
}

// AddRead counts bytes that a side sent; AddWritten those that it was sent.
func (m *Service) AddRead(side int, n int64) {
	if m != nil {
		m.Read[side].Add(n)
	}
}

// AddWritten counts bytes that a side was sent.
func (m *Service) AddWritten(side int, n int64) {
	if m != nil {
		m.Written[side].Add(n)
	}
}

// Command counts a command.
func (m *Service) Command(verb int) {
	if m != nil {
		m.Commands[verb].Add(1)
	}
}

// Reply counts a reply to the client.
func (m *Service) Reply(verb, class int) {
	if m != nil && 0 <= class && class < Classes {
		m.Replies[verb][class].Add(1)
	}
}

// Refusal counts what the proxy itself refused.
func (m *Service) Refusal(reason int) {
	if m != nil {
		m.Refusals[reason].Add(1)
	}
}

// Transaction counts a transaction that the server accepted.
func (m *Service) Transaction() {
	if m != nil {
		m.Transactions.Add(1)
	}
}

// Message counts a message that the server confirmed.
func (m *Service) Message() {
	if m != nil {
		m.Messages.Add(1)
	}
}

// Bug counts a session that ended by a bug.
func (m *Service) Bug() {
	if m != nil {
		m.Bugs.Add(1)
	}
}

// Connected counts a connection to a server, which took so long.
func (m *Service) Connected(took time.Duration) {
	if m != nil {
		m.Connects.Observe(took)
	}
}

// Failed counts one that could not be made.
func (m *Service) Failed(c Cause) {
	if m != nil {
		m.Failures[c].Add(1)
	}
}

// Function counts a call of a policy function, which took so long.
func (m *Service) Function(name string, took time.Duration) {
	if m == nil {
		return
	}
	h, ok := m.functions.Load(name)
	if !ok {
		h, _ = m.functions.LoadOrStore(name, &Histogram{})
	}
	h.(*Histogram).Observe(took)
}

// Functions calls with for each policy function that was called so far.
func (m *Service) Functions(with func(name string, h *Histogram)) {
	m.functions.Range(func(name, h any) bool {
		with(name.(string), h.(*Histogram))
		return true
	})
}

// End counts a session that ended; versions are those of crypto/tls, 0 is none.
func (m *Service) End(verdict int, client, server uint16) {
	if m == nil {
		return
	}
	m.Ended[verdict].Add(1)
	m.TLS[0][version(client)].Add(1)
	m.TLS[1][version(server)].Add(1)
}

// version is the place of one of crypto/tls: 0x0301 is TLS 1.0.
func version(v uint16) int {
	if v < 0x0301 {
		return 0
	}
	return min(int(v)-0x0300, Versions-1)
}
