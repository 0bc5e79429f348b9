package meter

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper ends of the buckets of a Histogram.
var Bounds = [...]time.Duration{
	100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second,
}

// Histogram counts times.
type Histogram struct {
	buckets [len(Bounds) + 1]atomic.Int64
	sum     atomic.Int64
}

// Observe counts one.
func (h *Histogram) Observe(took time.Duration) {
	i := 0
	for i < len(Bounds) && took > Bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(took))
}

// Counts are how many there were, their sum in seconds, and how many were not above each bound, in seconds.
func (h *Histogram) Counts() (n uint64, sum float64, below map[float64]uint64) {
	below = map[float64]uint64{}
	for i, bound := range Bounds {
		n += uint64(h.buckets[i].Load())
		below[bound.Seconds()] = n
	}
	n += uint64(h.buckets[len(Bounds)].Load())
	return n, time.Duration(h.sum.Load()).Seconds(), below
}
