package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"zorpgo/engine/chain"
	"zorpgo/engine/dispatch"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
	"zorpgo/engine/trace"
)

// Status is what an Engine does, as it is now.
type Status struct {
	Instance   string
	Started    time.Time // zero: not yet
	Generation int       // how many policies were in force so far, this one included
	Stopping   bool      // it accepts nothing more
	Counts     dispatch.Counts
	Sessions   int64 // connections that are being handled
	Limit      int   // of these; 0: none
	Listeners  []Listening
	Services   []ServiceStatus // by name
	Rules      []RuleStatus    // by id
	Config     *Config         // the policy in force; nil: none
}

// ServiceStatus is a service and where it goes.
type ServiceStatus struct {
	*service.Service
	Targets []TargetStatus // of a chainer that remembers which are down
}

// TargetStatus is a server as the sessions have found it.
type TargetStatus struct {
	Address string
	Named   bool // by the policy, not by a client
	chain.Outage
}

// RuleStatus is a rule and how often it was met.
type RuleStatus struct {
	*rule.Rule
	Hits *dispatch.Hits
}

// Status tells what e does.
func (e *Engine) Status() Status {
	listeners := e.Listening()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Status{Started: e.started, Generation: e.changes, Stopping: e.stopped, Counts: e.dispatcher.Counts(), Sessions: e.dispatcher.Running(), Limit: e.options.MaxConnections, Listeners: listeners}
	if e.config == nil {
		return s
	}
	s.Instance, s.Config = e.config.Instance, e.config
	for _, name := range slices.Sorted(maps.Keys(e.config.Services)) {
		v := e.config.Services[name]
		s.Services = append(s.Services, ServiceStatus{Service: v, Targets: targets(v)})
	}
	for _, r := range e.config.Rules.All() {
		if hits := e.dispatcher.Hits(r); hits != nil {
			s.Rules = append(s.Rules, RuleStatus{Rule: r, Hits: hits})
		}
	}
	return s
}

// targets are the servers that v names, and those that are down, whoever named them.
func targets(v *service.Service) (list []TargetStatus) {
	remembers, ok := v.Chainer.(interface {
		Outages() map[string]chain.Outage
	})
	if !ok || v.Deny {
		return nil
	}
	down, named := remembers.Outages(), map[string]bool{}
	if names, ok := v.Routing().(interface{ Destinations() []stream.Addr }); ok {
		for _, to := range names.Destinations() {
			host := chain.Remembered(to)
			named[host] = true
			list = append(list, TargetStatus{Address: to.String(), Named: true, Outage: down[host]})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(down)) {
		if !named[host] {
			list = append(list, TargetStatus{Address: host, Outage: down[host]})
		}
	}
	return list
}

// Sessions lists the sessions that there are, oldest first.
func (e *Engine) Sessions(ctx context.Context) ([]session.Snapshot, error) {
	return e.dispatcher.Sessions(ctx)
}

// Kill ends a session at once; false: there is none of that id.
func (e *Engine) Kill(ctx context.Context, id string) (bool, error) {
	return e.dispatcher.Kill(ctx, id)
}

// Answers waits until every event loop has had its turn; the error is that of ctx.
func (e *Engine) Answers(ctx context.Context) error { return e.dispatcher.Answers(ctx) }

// Trace brings those who look on at sessions together with these.
func (e *Engine) Trace() *trace.Hub { return &e.trace }
