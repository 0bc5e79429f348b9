package journal

import (
	"cmp"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Refusal is one that was made, or several of the same to the same client.
type Refusal struct {
	Time, Last time.Time // the first and the last of them
	Count      int
	Session    string // of the last of them; "": there was none
	Service    string
	Client     string // address and port
	Zone       string // of the client
	Rule       string
	RulePos    string
	What       string // was done
	Verb       string
	Code       string // of the reply
	Reason     string
}

// maxRecent is how many refusals are kept.
const maxRecent = 100

// Recent keeps the last refusals, for who wants to see them. A Handler fills it. What came from outside is escaped.
type Recent struct {
	mu   sync.Mutex
	list []Refusal // oldest first, by Last
}

// List is what is kept, newest first.
func (r *Recent) List() []Refusal {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.list)
	slices.Reverse(list)
	return list
}

// note remembers the refusal that a record tells of.
func (r *Recent) note(session string, record *slog.Record) {
	one := Refusal{Time: record.Time, Last: record.Time, Count: 1, Session: session, What: fit(record.Message)}
	record.Attrs(func(a slog.Attr) bool {
		if field := one.field(a.Key); field != nil {
			*field = strings.TrimPrefix(strings.Join([]string{*field, fit(a.Value.String())}, ": "), ": ")
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, old := range slices.Backward(r.list) {
		if old.same(&one) {
			one.Time, one.Count = old.Time, old.Count+1
			r.list = slices.Delete(r.list, i, i+1)
			break
		}
	}
	if len(r.list) == maxRecent {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, one)
}

// field is where an attribute goes; nil: nowhere. A reason in one word stands before one in more.
func (f *Refusal) field(key string) *string {
	switch key {
	case "service":
		return &f.Service
	case "client":
		return &f.Client
	case "client_zone":
		return &f.Zone
	case "rule":
		return &f.Rule
	case "rule_pos":
		return &f.RulePos
	case "verb":
		return &f.Verb
	case "code":
		return &f.Code
	case "reason", "text":
		return &f.Reason
	}
	return nil
}

// same reports whether both tell of the same to the same client, from whatever port.
func (f *Refusal) same(g *Refusal) bool {
	return f.What == g.What && f.Verb == g.Verb && f.Code == g.Code && f.Reason == g.Reason && f.Service == g.Service &&
		f.RulePos == g.RulePos && cmp.Compare(host(f.Client), host(g.Client)) == 0
}

// host is an address without its port.
func host(at string) string {
	if a, err := netip.ParseAddrPort(at); err == nil {
		return a.Addr().String()
	}
	return at
}
