package service

import (
	"sync/atomic"

	"zorpgo/engine/meter"
)

// counts outlive a Service: after a reload the next one of its name goes on with them.
type counts struct {
	sessions atomic.Int64 // all so far: the number of the next one
	running  atomic.Int64
	meter    meter.Service
}

// Continue makes v count on from old, a service of the same name in the policy before.
func (v *Service) Continue(old *Service) { v.counts.Store(old.counter()) }

// Sessions is how many sessions there have been, those that were turned away included.
func (v *Service) Sessions() int64 { return v.counter().sessions.Load() }

// Running is how many sessions there are now.
func (v *Service) Running() int64 { return v.counter().running.Load() }

// Meter is what the sessions did.
func (v *Service) Meter() *meter.Service { return &v.counter().meter }

func (v *Service) counter() *counts {
	if c := v.counts.Load(); c != nil {
		return c
	}
	v.counts.CompareAndSwap(nil, &counts{})
	return v.counts.Load()
}

// enter counts one more running session, unless limit are running already; 0 is no limit.
func (c *counts) enter(limit int) bool {
	for {
		n := c.running.Load()
		if limit > 0 && n >= int64(limit) {
			return false
		}
		if c.running.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *counts) leave() { c.running.Add(-1) }
