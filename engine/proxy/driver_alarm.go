package proxy

import (
	"sync"
	"time"
)

// alarm is what Wake sets: a timer whose goroutine feeds the protocol, as those of the sides do. What it says of the
// driver is guarded by the driver's lock.
type alarm struct {
	timer   *time.Timer
	ringing sync.WaitGroup // one for each timer that is set or whose goroutine runs
	rung    bool           // the protocol is to be woken
}

// set has the alarm ring once, after that time.
func (a *alarm) set(d *driver, after time.Duration) {
	a.stop()
	if d.dead {
		return
	}
	a.rung = false
	a.ringing.Add(1)
	if a.timer == nil {
		a.timer = time.AfterFunc(after, func() { a.ring(d) })
		return
	}
	a.timer.Reset(after)
}

// ring is the timer's goroutine. It ends before the session does.
func (a *alarm) ring(d *driver) {
	defer a.ringing.Done()
	d.guard(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		a.rung = true
		d.feed()
	})
}

func (a *alarm) stop() {
	if a.timer != nil && a.timer.Stop() {
		a.ringing.Done()
	}
}

// end stops the alarm for good and waits for its goroutine.
func (a *alarm) end(d *driver) {
	d.mu.Lock()
	d.dead = true
	a.stop()
	d.mu.Unlock()
	a.ringing.Wait()
}
