// Package rehearse runs a policy on loopback: every listener and every server of it is played by a socket of this
// machine, clients have the addresses that the policy wants, and nothing needs root.
//
// The command rehearse calls it. It stands on package engine, which it gives another way to listen and to dial and
// other addresses for the rules to see; the policy and the proxies are the real ones.
package rehearse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"zorpgo/engine"
	"zorpgo/engine/nat"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/stream"
)

// Options are what a rehearsal needs.
type Options struct {
	Config   *engine.Config
	Client   netip.Addr     // the client to play; the zero Addr has one chosen for each rule
	Log      *slog.Logger   // of the engine
	Received func(Received) // is told of every message that an origin stores; nil: nobody is
}

// Rehearsal is a policy at work on loopback.
type Rehearsal struct {
	options  Options
	engine   *engine.Engine
	recorder *recorder

	mu        sync.Mutex
	entrances []Entrance
	unplayed  []error
	really    map[netip.AddrPort]netip.AddrPort // of the policy's listener: the one on loopback
	stage     map[netip.AddrPort]Entrance       // of a listener on loopback: what its next clients are
	origins   map[string]*origin                // by the server that they play
	received  []Received                        // since the last Send began
}

// Start opens the listeners and origins on loopback and begins to serve. Close ends it.
func Start(ctx context.Context, o Options) (*Rehearsal, error) {
	r := &Rehearsal{
		options: o, recorder: newRecorder(),
		really:  map[netip.AddrPort]netip.AddrPort{},
		stage:   map[netip.AddrPort]Entrance{},
		origins: map[string]*origin{},
	}
	r.cast()
	if len(r.entrances) == 0 {
		return nil, errors.Join(append([]error{errors.New("no rule of the policy can be rehearsed")}, r.unplayed...)...)
	}
	r.engine = engine.New(engine.Options{Listen: r.listen, Dial: r.dial, Present: r.present, Introduced: true, Log: o.Log})
	if err := r.engine.Start(o.Config); err != nil {
		r.closeOrigins()
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// cast chooses the clients.
func (r *Rehearsal) cast() {
	for _, rule := range r.options.Config.Rules.All() {
		e, err := cast(r.options.Config, rule, r.options.Client)
		if err != nil {
			r.unplayed = append(r.unplayed, err)
			continue
		}
		r.entrances = append(r.entrances, e)
	}
}

// open joins entrances and listeners, and starts the origins that are known before any session.
func (r *Rehearsal) open(ctx context.Context) error {
	for i := range r.entrances {
		e := &r.entrances[i]
		e.Really = r.really[e.At]
		if e.intercepted {
			e.Really = r.really[engine.Interceptor(stream.FamilyOf(e.At.Addr()), engine.InterceptPort)]
		}
		if _, taken := r.stage[e.Really]; !taken {
			r.stage[e.Really] = *e
		}
		for _, target := range r.targets(*e) {
			if _, err := r.origin(ctx, target); err != nil {
				return err
			}
		}
	}
	return nil
}

// targets are the servers that e leads to, as far as the policy names them.
func (r *Rehearsal) targets(e Entrance) []stream.Addr {
	s := r.options.Config.Services[e.Rule.Service]
	if s == nil || s.Deny {
		return nil
	}
	switch s.Routing().(type) {
	case *route.Inband, route.Deciding:
		return nil // known in the session only
	}
	targets := []stream.Addr{{AddrPort: e.At}}
	if directed, ok := s.Routing().(*route.Directed); ok {
		targets = slices.Clone(directed.Dest)
	}
	for i := range targets {
		e.complete(s, &targets[i])
	}
	return targets
}

// complete is what s makes of a target: another address by its dnat_policy, and the client's port for none.
func (e Entrance) complete(s *service.Service, target *stream.Addr) {
	if target.Path != "" {
		return
	}
	if s.DNAT != nil {
		pair := nat.Pair{Src: e.Client, Dst: target.AddrPort}
		if to, ok, err := s.DNAT.Translate(pair, nat.Destination); ok && err == nil {
			target.AddrPort = to
		}
	}
	if target.Port() == 0 {
		target.AddrPort = netip.AddrPortFrom(target.Addr(), e.At.Port())
	}
}

// Entrances are the ways into the policy, in the order of the rules.
func (r *Rehearsal) Entrances() []Entrance { return r.entrances }

// Unplayed says which rules have no entrance, and why.
func (r *Rehearsal) Unplayed() []error { return r.unplayed }

// Close ends all sessions and closes every socket.
func (r *Rehearsal) Close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.engine.Shutdown(now) // says how many sessions it cut
	r.closeOrigins()
}

func (r *Rehearsal) closeOrigins() {
	r.mu.Lock()
	origins := r.origins
	r.origins = map[string]*origin{}
	r.mu.Unlock()
	for _, o := range origins {
		o.close()
	}
}

// loopback opens a listener of this machine that stands for what.
func loopback(ctx context.Context, what string) (net.Listener, error) {
	l, err := stream.Listen(ctx, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
	if err != nil {
		return nil, fmt.Errorf("no loopback listener for %s: %w", what, err)
	}
	return l, nil
}
