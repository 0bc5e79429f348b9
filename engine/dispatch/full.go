package dispatch

import "fmt"

// full reports whether there is one connection too many, those that are being turned away included. It leaves room for
// the second connections of the sessions, so that no session lacks a descriptor in its midst.
func (d *Dispatcher) full() bool {
	return d.options.MaxConnections > 0 && d.running.Load() > int64(d.options.MaxConnections)
}

func (d *Dispatcher) tooMany() string {
	return fmt.Sprintf("this process has max-connections=%d connections already", d.options.MaxConnections)
}
