package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"zorpgo/engine/limit"
	"zorpgo/engine/meter"
	"zorpgo/engine/session"
)

// counts outlive a Service: after a reload the next one of its name goes on with them.
type counts struct {
	sessions atomic.Int64 // all so far: the number of the next one
	table    limit.Table
	leaving  atomic.Int64 // who is being turned away
	meter    meter.Service
}

// Continue makes v count on from old, a service of the same name in the policy before.
func (v *Service) Continue(old *Service) { v.counts.Store(old.counter()) }

// Sessions is how many sessions there have been, those that were turned away included.
func (v *Service) Sessions() int64 { return v.counter().sessions.Load() }

// Running is how many sessions there are now.
func (v *Service) Running() int64 { return v.counter().table.Live() }

// Meter is what the sessions did.
func (v *Service) Meter() *meter.Service { return &v.counter().meter }

func (v *Service) counter() *counts {
	if c := v.counts.Load(); c != nil {
		return c
	}
	v.counts.CompareAndSwap(nil, &counts{})
	return v.counts.Load()
}

// Refused is how many sessions k turned away.
func (v *Service) Refused(k limit.Kind) int64 { return v.counter().table.Refused(k) }

// Networks is how many client networks the limits tell apart now.
func (v *Service) Networks() int { return v.counter().table.Networks(time.Now()) }

// enter counts s, unless a limit refuses it.
func (v *Service) enter(s *session.Session) (limit.Pass, limit.Kind) {
	l := v.limits()
	return v.counter().table.Enter(&l, s.Client.Addr(), s.Started)
}

func (v *Service) limits() limit.Limits {
	l := v.Limits
	l.Sessions = v.MaxInstances
	return l
}

// refusal is why k turns s away.
func (v *Service) refusal(s *session.Session, k limit.Kind) string {
	l := v.limits()
	return fmt.Sprintf("service %q %s", v.Name, l.Reason(k, s.Client.Addr()))
}
