package page

import (
	"sync"
	"time"

	"zorpgo/engine"
)

// Every is the time between two samples of a History, which has those of an hour.
const (
	Every   = 10 * time.Second
	samples = int(time.Hour / Every)
)

// sample is what was counted at one moment.
type sample struct{ live, started, failures int64 }

// History is the last hour of an engine and its services. The zero History has seen nothing.
type History struct {
	mu       sync.Mutex
	all      series
	services map[string]*series // of the policy in force
}

// series are the last samples, oldest first.
type series struct{ list []sample }

func (s *series) add(one sample) {
	if len(s.list) > samples {
		s.list = append(s.list[:0], s.list[1:]...)
	}
	s.list = append(s.list, one)
}

// Add takes a sample.
func (h *History) Add(e engine.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.services
	h.services = make(map[string]*series, len(e.Services))
	all := sample{live: e.Sessions, failures: e.Counts.Failures}
	for _, v := range e.Services {
		if v.Deny {
			continue
		}
		own := old[v.Name]
		if own == nil {
			own = &series{}
		}
		own.add(sample{live: v.Running(), started: v.Service.Sessions()})
		h.services[v.Name] = own
		all.started += v.Service.Sessions()
	}
	h.all.add(all)
}

// of is what is known of a service; "" is the engine.
func (h *History) of(service string) []sample {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.all
	if service != "" {
		s = h.services[service]
	}
	if s == nil {
		return nil
	}
	return append([]sample(nil), s.list...)
}

// lately is how much a counter grew from the oldest sample to now.
func lately(list []sample, now int64, counter func(sample) int64) int64 {
	if len(list) == 0 {
		return now
	}
	return max(0, now-counter(list[0]))
}
