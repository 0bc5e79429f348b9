package dialog

import (
	"errors"
	"fmt"
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
	for side, limit := range e.limit {
		switch {
		case limit == 0:
		case limit < d:
			return fmt.Errorf("the protocol waits only %s for the %s", limit, proxy.Side(side))
		default:
			e.limit[side] = max(limit-d, 1)
		}
	}
	e.now = e.now.Add(d)
	return nil
}

func same(what string, got, want time.Duration) error {
	if got != want {
		return fmt.Errorf("%s %s, not %s", what, got, want)
	}
	return nil
}
