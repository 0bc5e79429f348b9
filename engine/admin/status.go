package admin

import (
	"net/http"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/journal"
	"zorpgo/engine/limit"
)

// Status is what /status says.
type Status struct {
	Version    string    `json:"version"`
	Instance   string    `json:"instance"`
	Files      []string  `json:"files"`
	State      string    `json:"state"` // "starting", "serving", "draining"
	Started    time.Time `json:"started,omitzero"`
	Uptime     float64   `json:"uptime"`     // seconds
	Generation int       `json:"generation"` // of the policy: 1 at the start, one more with each reload
	LastReload *Outcome  `json:"last_reload,omitempty"`
	Sessions   int64     `json:"sessions"`
	Tracers    int       `json:"tracers,omitempty"`         // who follow sessions
	Limit      int       `json:"max_connections,omitempty"` // of the process, each with a session

	Listeners    []Listener    `json:"listeners"`
	Services     []Service     `json:"services"`
	Rules        []Rule        `json:"rules"`
	Certificates []Certificate `json:"certificates,omitempty"`
}

// Listener is where connections are accepted.
type Listener struct {
	Address     string `json:"address"`
	Intercepted bool   `json:"intercepted,omitempty"` // its connections are to other addresses
	Rules       []int  `json:"rules"`
}

// Service is a service of the policy.
type Service struct {
	Name    string   `json:"name"`
	Pos     string   `json:"pos"`
	Class   string   `json:"class,omitempty"` // "": it denies
	Live    int64    `json:"live"`
	Total   int64    `json:"total"`
	Limit   int      `json:"limit,omitempty"` // max_instances
	Targets []Target `json:"targets,omitempty"`

	Refused  map[string]int64 `json:"refused,omitempty"`  // sessions that a limit turned away so far, by its name
	Networks int              `json:"networks,omitempty"` // of clients, that limits tell apart now
}

// Target is a server of a service whose chainer remembers which are down.
type Target struct {
	Address   string    `json:"address"`
	Up        bool      `json:"up"` // for all that is known
	DownSince time.Time `json:"down_since,omitzero"`
	NextTry   time.Time `json:"next_try,omitzero"` // not before
}

// Rule is a rule of the policy.
type Rule struct {
	ID      int       `json:"id"`
	Pos     string    `json:"pos"`
	Service string    `json:"service"`
	Hits    int64     `json:"hits"`
	LastHit time.Time `json:"last_hit,omitzero"`
}

// Certificate is one that clients or servers are shown.
type Certificate struct {
	Subject  string    `json:"subject"`
	File     string    `json:"file,omitempty"` // "": it stands in the policy
	Pos      string    `json:"pos"`
	Services []string  `json:"services"`
	NotAfter time.Time `json:"not_after"`
	Outdated string    `json:"outdated,omitempty"` // why its files are of no use as they are now: it stays as it was
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.Status()) }

// Status is what the engine does now.
func (s *Server) Status() Status {
	e := s.o.Engine.Status()
	v := Status{
		Version: s.o.Version, Instance: e.Instance, Files: s.o.Files, State: s.state(), Started: e.Started,
		Generation: e.Generation, LastReload: s.lastReload(), Sessions: e.Sessions, Limit: e.Limit, Tracers: s.o.Engine.Trace().Tracers(),
		Listeners: []Listener{}, Services: []Service{}, Rules: []Rule{},
	}
	if !e.Started.IsZero() {
		v.Uptime = s.o.Now().Sub(e.Started).Seconds()
	}
	for _, l := range e.Listeners {
		v.Listeners = append(v.Listeners, listener(l))
	}
	for _, d := range e.Services {
		v.Services = append(v.Services, service(d))
	}
	for _, r := range e.Rules {
		v.Rules = append(v.Rules, Rule{ID: r.ID, Pos: r.Pos.String(), Service: r.Service, Hits: r.Hits.Count(), LastHit: r.Hits.Last()})
	}
	v.Certificates = certificates(e.Config)
	return v
}

func certificates(policy *engine.Config) (list []Certificate) {
	if policy == nil {
		return nil
	}
	for _, c := range policy.Certificates() {
		leaf := c.Chain()[0]
		one := Certificate{Subject: journal.Escape(leaf.Subject.String()), File: c.Text.File, Pos: c.Pos.String(), Services: c.Services, NotAfter: leaf.NotAfter}
		if err := c.Outdated(); err != nil {
			one.Outdated = journal.Escape(err.Error())
		}
		list = append(list, one)
	}
	return list
}

func (s *Server) state() string {
	switch {
	case s.draining.Load():
		return "draining"
	case s.ready.Load():
		return "serving"
	}
	return "starting"
}

func listener(l engine.Listening) Listener {
	v := Listener{Address: l.At.String(), Intercepted: l.Intercepted, Rules: []int{}}
	for _, r := range l.Rules {
		v.Rules = append(v.Rules, r.ID)
	}
	return v
}

func service(d engine.ServiceStatus) Service {
	v := Service{Name: d.Name, Pos: d.Pos.String(), Live: d.Running(), Total: d.Service.Sessions(), Limit: d.MaxInstances}
	if !d.Deny && d.Class != nil {
		v.Class = d.Class.Name()
	}
	v.Networks = d.Networks()
	for k := limit.Sessions; k < limit.Kinds; k++ {
		if n := d.Refused(k); n > 0 {
			if v.Refused == nil {
				v.Refused = map[string]int64{}
			}
			v.Refused[k.String()] = n
		}
	}
	for _, t := range d.Targets {
		v.Targets = append(v.Targets, Target{Address: t.Address, Up: t.Since.IsZero(), DownSince: t.Since, NextTry: t.Until})
	}
	return v
}
