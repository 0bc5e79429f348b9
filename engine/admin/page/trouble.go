package page

import (
	"fmt"
	"strings"

	"zorpgo/engine"
)

// Trouble is one thing that is wrong, in one line.
type Trouble struct {
	Grave bool // somebody is not served; else somebody will be soon
	Text  string
	To    string // the id of the part that tells more
}

// troubles are all of them, the grave ones first.
func (v *view) troubles() []Trouble {
	var all []Trouble
	add := func(grave bool, to, format string, args ...any) {
		all = append(all, Trouble{grave, fmt.Sprintf(format, args...), to})
	}
	if v.Mode != "serving" {
		add(v.Mode == "draining", "running", "%s: no new connections are taken", v.Mode)
	}
	v.reloadTroubles(add)
	if n := lately(v.History.of(""), v.Engine.Counts.Failures, func(s sample) int64 { return s.failures }); n > 0 {
		add(true, "listeners", "%s to accept a connection within the last hour: look at the limits of descriptors and memory", plural(int(n), "failure"))
	}
	if v.SessionsErr != nil {
		add(true, "sessions", "the engine does not answer: %v", v.SessionsErr)
	}
	for _, s := range v.Engine.Services {
		if !s.Deny {
			v.serviceTroubles(s, add)
		}
	}
	for _, c := range v.Certificates {
		if c.State != "good" {
			add(c.State == "bad", "certificates", "certificate %s %s: services %s", c.Subject, c.Left, strings.Join(c.Services, ", "))
		}
	}
	return graveFirst(all)
}

func graveFirst(all []Trouble) (sorted []Trouble) {
	for _, grave := range []bool{true, false} {
		for _, t := range all {
			if t.Grave == grave {
				sorted = append(sorted, t)
			}
		}
	}
	return sorted
}

func (v *view) reloadTroubles(add func(bool, string, string, ...any)) {
	r := v.Reload
	if r == nil {
		return
	}
	if !r.OK {
		first := ""
		if len(r.Errors) > 0 {
			first = ": " + plain(lines(r.Errors[0])[0])
		}
		add(true, "reload", "the reload %s ago was refused, the old policy stays in force%s", lasting(v.Now.Sub(r.Time)), first)
	}
	if r.Warning != "" {
		add(true, "reload", "%s", plain(r.Warning))
	}
}

// full is the part of a limit from which on it is told of.
const full = 0.9

func (v *view) serviceTroubles(s engine.ServiceStatus, add func(bool, string, string, ...any)) {
	live, limit := s.Running(), int64(s.MaxInstances)
	switch {
	case limit > 0 && live >= limit:
		add(true, "services", "service %s has all the sessions it may have, %s: others are turned away", s.Name, count(limit))
	case limit > 0 && float64(live) >= full*float64(limit):
		add(false, "services", "service %s has %s of the %s sessions it may have", s.Name, count(live), count(limit))
	}
	named, down := 0, 0
	for _, t := range s.Targets {
		if t.Named {
			named++
		}
		if t.Named && !t.Since.IsZero() {
			down++
		}
	}
	if named > 0 && down == named {
		add(true, "servers", "service %s has no server that is up", s.Name)
	}
	for _, t := range s.Targets {
		if !t.Since.IsZero() {
			add(t.Named, "servers", "server %s of service %s is down for %s%s", t.Address, s.Name, lasting(v.Now.Sub(t.Since)), why(t.Why))
		}
	}
}

func why(err error) string {
	if err == nil {
		return ""
	}
	return ": " + plain(err.Error())
}
