package nat

import (
	"net/netip"
	"sync"

	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// Policy is a NAT with a name, for services to refer to (Zorp's NATPolicy). Its sessions share it.
type Policy struct {
	Name string
	Pos  source.Pos
	NAT  NAT
	// Cacheable has a Random keep to what it chose for a pair of addresses. What other classes say never changes, so they
	// are asked each time; Zorp's cache mixes up their modes and ports.
	Cacheable bool

	mu         sync.Mutex
	young, old map[choice]netip.AddrPort
}

// choice is what a decision of chance is remembered by.
type choice struct {
	src, dst netip.Addr
	mode     Mode
}

// generation is how many choices are remembered before the older ones begin to be forgotten.
const generation = 1000

// Prompt reports whether the policy translates without waiting.
func (p *Policy) Prompt() bool {
	_, asks := p.NAT.(Asking)
	return !asks
}

// TranslateFor is Translate on behalf of s.
func (p *Policy) TranslateFor(s *session.Session, pair Pair, m Mode) (netip.AddrPort, bool, error) {
	if asking, ok := p.NAT.(Asking); ok {
		return asking.TranslateFor(s, clean(pair), m)
	}
	return p.Translate(pair, m)
}

// Translate asks the NAT, or the memory of what it said.
func (p *Policy) Translate(pair Pair, m Mode) (netip.AddrPort, bool, error) {
	if _, chance := p.NAT.(*Random); !chance || !p.Cacheable {
		return p.NAT.Translate(pair, m)
	}
	pair = clean(pair)
	key := choice{pair.Src.Addr(), pair.Dst.Addr(), m}
	p.mu.Lock()
	defer p.mu.Unlock()
	if to, ok := p.young[key]; ok {
		return to, true, nil
	}
	to, ok := p.old[key]
	if !ok {
		to, _, _ = p.NAT.Translate(pair, m) // a Random always has an answer
	}
	p.remember(key, to)
	return to, true, nil
}

// remember forgets the old generation when the young one is full.
func (p *Policy) remember(key choice, to netip.AddrPort) {
	if p.young == nil || len(p.young) >= generation {
		p.young, p.old = make(map[choice]netip.AddrPort), p.young
	}
	p.young[key] = to
}
