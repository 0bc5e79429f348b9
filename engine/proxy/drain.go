package proxy

// retires reports whether a protocol is to be told that its session should end.
func retires(p Protocol, draining, opened bool, told *bool) (Drainer, bool) {
	if !draining || !opened || *told {
		return nil, false
	}
	*told = true
	drainer, ok := p.(Drainer)
	return drainer, ok
}

// retire tells the protocol.
func (d *driver) retire() bool {
	drainer, ok := retires(d.p, d.s.Draining, d.opened, &d.retired)
	if !ok {
		return false
	}
	drainer.Drain(d)
	return d.called()
}

// noticeDrain has the protocol told, on a goroutine that the session did not begin with.
func (d *driver) noticeDrain() {
	d.mu.Lock()
	if d.dead {
		d.mu.Unlock()
		return
	}
	d.alarm.ringing.Add(1) // the session waits for it
	d.mu.Unlock()
	defer d.alarm.ringing.Done()
	d.guard(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.feed()
	})
}

func (f *Flow) retire() bool {
	drainer, ok := retires(f.p, f.s.Draining, f.opened, &f.retired)
	if !ok {
		return false
	}
	drainer.Drain(f)
	return f.called()
}

// Drain has the flow end as soon as its protocol can.
func (f *Flow) Drain() {
	f.s.Draining = true
	f.turn()
}
