package chain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// field is some servers, of which some refuse, and the clock.
type field struct {
	down  string // the last numbers of the addresses that refuse
	tried string
	now   time.Time
}

func (f *field) dial(_ context.Context, to stream.Addr, _ route.Local) (net.Conn, error) {
	number := to.String()[len("172.16.20.") : len("172.16.20.")+1]
	f.tried += number
	if strings.Contains(f.down, number) {
		return nil, syscall.ECONNREFUSED
	}
	a, b := net.Pipe()
	b.Close()
	return a, nil
}

func servers(numbers string) (list []stream.Addr) {
	for _, n := range numbers {
		list = append(list, at(fmt.Sprintf("172.16.20.%c:25", n)))
	}
	return list
}

// step is a session: what is down and how much time has passed when it begins, and which targets it tries.
type step struct {
	down  string
	wait  time.Duration
	tried string
	log   string // messages, without those of what failed
}

func TestOrders(t *testing.T) {
	const isDown, isUp = "server is down", "server is up again"
	f := &field{}
	now := func() time.Time { return f.now }
	for name, c := range map[string]struct {
		chainer Chainer
		targets string
		steps   []step
	}{
		"multi": {&MultiTarget{}, "123", []step{
			{tried: "1"}, {tried: "2"}, {tried: "3"}, {tried: "1"},
			{down: "2", tried: "23"}, // failures shift the start of later sessions
			{tried: "1"},
			{down: "123", tried: "231"},
			{tried: "2"},
		}},
		"state": {&StateBased{Now: now}, "123", []step{
			{down: "1", tried: "12", log: isDown},
			{down: "1", tried: "3"},
			{down: "1", tried: "2"}, // 1 is passed over
			{tried: "3"},
			{tried: "2", wait: 59 * time.Second},
			{tried: "3"},
			{tried: "1", wait: time.Second, log: isUp},
		}},
		"failover": {&StateBased{Now: now, Failover: true, TimeoutState: 5 * time.Second}, "123", []step{
			{tried: "1"}, {tried: "1"},
			{down: "1", tried: "12", log: isDown},
			{tried: "2", wait: 3 * time.Second},
			{down: "12", tried: "23", log: isDown},
			{down: "1", tried: "13", wait: 2 * time.Second}, // the time of 1 is over, that of 2 is not
		}},
		"not prolonged": {&StateBased{Now: now, Failover: true, TimeoutState: 5 * time.Second}, "12", []step{
			{down: "1", tried: "12", log: isDown},
			{down: "1", tried: "2", wait: 4 * time.Second},
			{tried: "1", wait: time.Second, log: isUp},
		}},
		"all down": {&StateBased{Now: now, Failover: true}, "12", []step{
			{down: "12", tried: "1212", log: isDown + isDown},
			{down: "12", tried: "12"}, // passed over first, then tried all the same
			{down: "1", tried: "12", log: isUp},
			{down: "1", tried: "2"},
			{tried: "2"},
			{tried: "1", wait: time.Minute, log: isUp},
		}},
		"one target": {&StateBased{Now: now}, "1", []step{
			{down: "1", tried: "11", log: isDown},
			{tried: "1", log: isUp},
			{tried: "1"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for i, s := range c.steps {
				var log strings.Builder
				f.down, f.tried, f.now = s.down, "", f.now.Add(s.wait)
				conn, err := c.chainer.Connect(t.Context(), f.dial, newSession(t, &log), route.Plan{Targets: servers(c.targets)})
				if err == nil {
					conn.Close()
				}
				if f.tried != s.tried || (err == nil) == strings.Contains(s.down, f.tried[len(f.tried)-1:]) {
					t.Errorf("session %d: tried %s, want %s; %v", i+1, f.tried, s.tried, err)
				}
				if got := changes(log.String()); got != s.log {
					t.Errorf("session %d: logged %q, want %q", i+1, got, s.log)
				}
			}
		})
	}
}

// changes are the messages about targets that changed.
func changes(log string) (list string) {
	for line := range strings.SplitSeq(log, "\n") {
		if _, message, _ := strings.Cut(line, `msg="server is `); message != "" {
			message, _, _ = strings.Cut(message, `"`)
			list += "server is " + message
		}
	}
	return list
}

func TestAllFail(t *testing.T) {
	for _, c := range []Chainer{&MultiTarget{}, &StateBased{}} {
		var log strings.Builder
		s, f := newSession(t, &log), &field{down: "12"}
		_, err := c.Connect(t.Context(), f.dial, s, route.Plan{Targets: servers("12")})
		const want = "172.16.20.1:25: connection refused; 172.16.20.2:25: connection refused"
		if err == nil || err.Error() != want || !errors.Is(err, syscall.ECONNREFUSED) || s.Verdict != session.DeniedByConnectionFail || s.Reason != want {
			t.Errorf("%T: %v, %+v", c, err, s)
		}
		if c, ok := c.(*StateBased); ok {
			if o := c.Outages()["172.16.20.1"]; o.Why == nil || o.Why.Error() != "172.16.20.1:25: connection refused" {
				t.Errorf("the outage says %v", o.Why)
			}
		}
		if strings.Count(log.String(), `msg="server connection failed"`) != 1 {
			t.Errorf("%T: log:\n%s", c, log.String())
		}
		if _, err := c.Connect(t.Context(), f.dial, newSession(t, &log), route.Plan{}); err != nowhere.err {
			t.Errorf("%T: no target: %v", c, err)
		}
	}
}

// What policy says ends the search, whatever targets are left; so does the end of the session.
func TestSearchEnds(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []Chainer{&MultiTarget{}, &StateBased{}} {
		var log strings.Builder
		s, f := newSession(t, &log), &field{}
		plan := route.Plan{Targets: append([]stream.Addr{at("192.0.2.1:25")}, servers("1")...), Zones: []string{"servers"}}
		if _, err := c.Connect(t.Context(), f.dial, s, plan); err == nil || s.Verdict != session.DeniedByPolicy || f.tried != "" {
			t.Errorf("%T: %v, %s, tried %q", c, err, s.Verdict, f.tried)
		}
		f.down = "12"
		if _, err := c.Connect(ended, f.dial, s, route.Plan{Targets: servers("12")}); err == nil || len(f.tried) != 1 || changes(log.String()) != "" {
			t.Errorf("%T: %v, tried %q, log:\n%s", c, err, f.tried, log.String())
		}
	}
}

// A source address that cannot be had says nothing about the target.
func TestOwnFailureIsNoOutage(t *testing.T) {
	var log strings.Builder
	c := &StateBased{Failover: true}
	refuse := func(context.Context, stream.Addr, route.Local) (net.Conn, error) {
		return nil, &stream.SourceError{Err: syscall.EADDRNOTAVAIL}
	}
	if _, err := c.Connect(t.Context(), refuse, newSession(t, &log), route.Plan{Targets: servers("12")}); err == nil || changes(log.String()) != "" {
		t.Errorf("%v, log:\n%s", err, log.String())
	}
}

// Sessions at the same time share the targets evenly, and an outage is told of once.
func TestSharedByManySessions(t *testing.T) {
	c := &StateBased{}
	var mu sync.Mutex
	tried := map[string]int{}
	dial := func(_ context.Context, to stream.Addr, _ route.Local) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if tried[to.String()]++; to.String() == "172.16.20.3:25" {
			return nil, syscall.ECONNREFUSED
		}
		a, b := net.Pipe()
		b.Close()
		return a, nil
	}
	var all sync.WaitGroup
	for range 300 {
		s := newSession(t, new(strings.Builder))
		all.Go(func() {
			if conn, err := c.Connect(t.Context(), dial, s, route.Plan{Targets: servers("123")}); err == nil {
				conn.Close()
			} else {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := tried["172.16.20.1:25"] + tried["172.16.20.2:25"]; n != 300 || tried["172.16.20.3:25"] < 1 {
		t.Errorf("tried %v", tried)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	now := time.Now()
	address := func(n int) key {
		return key{addr: netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})}
	}
	for n := range 3 * remembered {
		m.down(address(n), outage{since: now, until: now.Add(time.Minute)})
	}
	if m.known.Load() != remembered || !m.isDown(address(0), now) || m.isDown(address(remembered), now) {
		t.Errorf("%d known", m.known.Load())
	}
	later := now.Add(time.Minute)
	if !m.down(address(remembered), outage{since: later, until: later.Add(time.Minute)}) || !m.isDown(address(remembered), later) || m.known.Load() != 1 {
		t.Errorf("%d known after their time", m.known.Load())
	}
	if _, was := m.up(address(remembered)); !was || m.known.Load() != 0 {
		t.Errorf("%d known when all are up", m.known.Load())
	}
}

func TestTrialLeavesNoTrace(t *testing.T) {
	var log strings.Builder
	c := &StateBased{}
	for range 2 {
		f := &field{down: "123"}
		_, _ = c.Trial().Connect(t.Context(), f.dial, newSession(t, &log), route.Plan{Targets: servers("123")})
		if f.tried != "123" {
			t.Errorf("tried %s", f.tried)
		}
	}
	if !c.Balances() || (&StateBased{Failover: true}).Balances() || !(&MultiTarget{}).Balances() {
		t.Error("which chainers balance")
	}
}
