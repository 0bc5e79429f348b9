package limit

// How a table is swept: a few networks at a time, as often as it changes.
const (
	sweepEach = 64   // that came
	sweepSome = 256  // networks
	sweepMost = 4096 // where somebody looks
	evictFrom = 8    // networks that are looked at for one to forget
)

// sweep forgets networks without a session whose rate does not matter any more. It looks at some, wherever a walk
// through the map begins: by chance.
func (t *Table) sweep(at int64, some int) {
	for n, c := range t.networks {
		if c.past(at) {
			delete(t.networks, n)
		}
		if some--; some == 0 {
			return
		}
	}
	if len(t.networks) == 0 {
		t.networks = nil // a map that was large stays so
	}
}

// place is where n is counted: at itself if there is or can be made room for it. A new one that is then refused is
// forgotten with the next ones.
func (t *Table) place(n network, at int64) *counted {
	if c := t.networks[n]; c != nil {
		return c
	}
	room := t.room
	if room == 0 {
		room = maxNetworks
	}
	if t.came++; t.came%sweepEach == 0 {
		t.sweep(at, sweepSome)
	}
	if len(t.networks) >= room && !t.evict() {
		if n = others; t.networks[n] != nil {
			return t.networks[n]
		}
	}
	c := &counted{network: n}
	if t.networks == nil {
		t.networks = map[network]*counted{}
	}
	t.networks[n] = c
	return c
}

// evict forgets a network without a session, of some the one whose rate matters for the shortest time.
func (t *Table) evict() bool {
	var least *counted
	looked := 0
	for _, c := range t.networks {
		if c.live <= 0 && (least == nil || c.due < least.due) {
			least = c
		}
		if looked++; looked == evictFrom {
			break
		}
	}
	if least != nil {
		delete(t.networks, least.network)
	}
	return least != nil
}
