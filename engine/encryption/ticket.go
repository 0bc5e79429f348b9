package encryption

import (
	"container/list"
	"crypto/tls"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// tickets lets clients resume sessions. Its keys are drawn anew every day, and handed on when a policy is loaded again.
type tickets struct {
	keys     *tls.Config // of which nothing but the keys is used
	lifetime time.Duration
	now      func() time.Time
}

func newTickets(lifetime time.Duration, now func() time.Time) *tickets {
	return &tickets{keys: &tls.Config{Time: now}, lifetime: lifetime, now: now}
}

// ticketMark begins what is noted in a ticket: when it was made, and the name that the client asked for.
const ticketMark = "zorpgo "

func (t *tickets) into(c *tls.Config) {
	if t.lifetime == 0 {
		c.SessionTicketsDisabled = true
		return
	}
	c.WrapSession, c.UnwrapSession = t.wrap, t.unwrap
}

func (t *tickets) wrap(state tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
	note := binary.BigEndian.AppendUint64([]byte(ticketMark), uint64(t.now().Unix()))
	s.Extra = append(s.Extra, append(note, state.ServerName...))
	return t.keys.EncryptTicket(state, s)
}

// unwrap takes a ticket that is not too old, and for the same name (RFC 6066 §3). Any other leads to a full handshake.
func (t *tickets) unwrap(identity []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	s, err := t.keys.DecryptTicket(identity, state)
	if s == nil || err != nil {
		return nil, err
	}
	for _, extra := range s.Extra {
		note, ok := strings.CutPrefix(string(extra), ticketMark)
		if !ok || len(note) < 8 {
			continue
		}
		age := t.now().Sub(time.Unix(int64(binary.BigEndian.Uint64([]byte(note[:8]))), 0))
		if note[8:] == state.ServerName && age >= 0 && age <= t.lifetime {
			return s, nil
		}
		return nil, nil
	}
	return nil, nil
}

// maxResumable bounds the sessions with servers that are remembered.
const maxResumable = 256

// resumable remembers sessions with servers for a time.
type resumable struct {
	lifetime time.Duration
	now      func() time.Time

	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of entries, the latest first
}

type entry struct {
	key   string
	state *tls.ClientSessionState
	since time.Time
}

var _ tls.ClientSessionCache = (*resumable)(nil)

// Get implements tls.ClientSessionCache.
func (r *resumable) Get(key string) (*tls.ClientSessionState, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byKey[key]
	if e == nil || r.now().Sub(e.Value.(*entry).since) > r.lifetime {
		return nil, false
	}
	return e.Value.(*entry).state, true
}

// Put implements tls.ClientSessionCache.
func (r *resumable) Put(key string, state *tls.ClientSessionState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[string]*list.Element{}
	}
	if old := r.byKey[key]; old != nil {
		r.order.Remove(old)
		delete(r.byKey, key)
	}
	if state == nil {
		return
	}
	r.byKey[key] = r.order.PushFront(&entry{key, state, r.now()})
	if last := r.order.Back(); r.order.Len() > maxResumable {
		r.order.Remove(last)
		delete(r.byKey, last.Value.(*entry).key)
	}
}
