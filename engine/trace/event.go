package trace

import (
	"net/netip"
	"time"
)

// Kind is what an event tells.
type Kind string

// The kinds.
const (
	Begin  Kind = "begin"  // a session begins
	Joined Kind = "joined" // one that runs already is followed from now on
	Said   Kind = "said"   // somebody said something, see From and To
	Note   Kind = "note"   // what was decided, or happened
	End    Kind = "end"    // a session is over
	Missed Kind = "missed" // what could not be told
	Closed Kind = "closed" // the trace is over
)

// Party is who speaks or is spoken to.
type Party string

// The parties. What one of the ends says and the other gets unchanged is said by the one to the other; else one end
// and the proxy speak.
const (
	Client Party = "client"
	Proxy  Party = "proxy"
	Server Party = "server"
)

// Event is one line of a trace. Its text is fit to be shown.
type Event struct {
	Time    time.Time `json:"time"`
	Session string    `json:"session,omitempty"`
	Kind    Kind      `json:"event"`
	From    Party     `json:"from,omitempty"`
	To      Party     `json:"to,omitempty"`
	Text    string    `json:"text,omitempty"`

	About  *Subject `json:"about,omitempty"`  // of Begin, Joined and End
	Lost   int      `json:"lost,omitempty"`   // of Missed: lines
	Passed int      `json:"passed,omitempty"` // of Missed: sessions that were too many to be followed
}

// Subject is what is known of a session.
type Subject struct {
	ID         string         `json:"id"`
	Service    string         `json:"service"`
	Started    time.Time      `json:"started"`
	Client     netip.AddrPort `json:"client"`
	ClientZone string         `json:"client_zone"`
	Local      netip.AddrPort `json:"client_local"`
	Rule       int            `json:"rule"`
	RulePos    string         `json:"rule_pos"`
	Server     string         `json:"server,omitempty"` // "": none yet

	// At its end.
	Verdict    string  `json:"verdict,omitempty"`
	Reason     string  `json:"reason,omitempty"`
	Seconds    float64 `json:"seconds,omitempty"`
	FromClient int64   `json:"from_client,omitempty"` // bytes
	ToClient   int64   `json:"to_client,omitempty"`
	FromServer int64   `json:"from_server,omitempty"`
	ToServer   int64   `json:"to_server,omitempty"`
	Messages   int     `json:"messages,omitempty"`
}
