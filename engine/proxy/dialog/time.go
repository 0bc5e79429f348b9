package dialog

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"zorpgo/engine/proxy"
)

var timing = regexp.MustCompile(`^(?:([cs]) waits|(writes|later)) ([0-9.a-z]+)$`)

// time does one step that is about time.
func (e *exchange) time(m []string) error {
	d, err := time.ParseDuration(m[3])
	if err != nil {
		return err
	}
	e.flush()
	switch m[2] {
	case "later":
		return e.later(d)
	case "writes":
		patient, ok := e.protocol.(proxy.Patient)
		if !ok {
			return errors.New("the protocol does not say how long a write may take")
		}
		return same("a write may take", patient.WriteLimit(), d)
	}
	side := sideOf(m[1])
	return same(fmt.Sprintf("the protocol waits for the %s", side), e.limit[side], d)
}

// later lets time pass. What the protocol waits for has not come by then, and is not overdue.
func (e *exchange) later(d time.Duration) error {
	if side, limit := e.nextLimit(); limit != 0 && limit < d {
		return fmt.Errorf("the protocol waits only %s for the %s", limit, side)
	}
	e.pass(d)
	return nil
}

// nextLimit is the side that the protocol will first wait for in vain, and when; 0 is never.
func (e *exchange) nextLimit() (side proxy.Side, limit time.Duration) {
	for i, l := range e.limit {
		if l > 0 && !e.ended[i] && !e.hung[i] && (limit == 0 || l < limit) {
			side, limit = proxy.Side(i), l
		}
	}
	return side, limit
}

// pass moves the clock.
func (e *exchange) pass(d time.Duration) {
	for side, limit := range e.limit {
		if limit > 0 {
			e.limit[side] = max(limit-d, 1)
		}
	}
	e.now = e.now.Add(d)
}

// expire ends a side that was waited for too long.
func (e *exchange) expire(side proxy.Side) {
	e.limit[side] = 0
	e.end(side, os.ErrDeadlineExceeded)
	e.feed()
}

func same(what string, got, want time.Duration) error {
	if got != want {
		return fmt.Errorf("%s %s, not %s", what, got, want)
	}
	return nil
}
