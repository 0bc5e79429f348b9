package faults

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// traffic is clients that send message after message, each in a way of its own, until they are told to stop.
type traffic struct {
	s     *stage
	name  string
	next  atomic.Int64
	later atomic.Int64 // sessions that were told to come again

	mu        sync.Mutex
	confirmed []string
	lost      []error

	stop chan struct{}
	ends sync.WaitGroup
}

// way is what a client does in one session.
type way func(c *client, id string) error

// ways are all of them; those that end with a message confirmed are true.
var ways = []struct {
	name     string
	do       way
	delivers bool
}{
	{"plain", (*client).deliver, true},
	{"pipelined", (*client).pipelined, true},
	{"chunked", (*client).chunked, true},
	{"STARTTLS", func(c *client, id string) error { return errors.Join(c.startTLS(), c.deliver(id)) }, true},
	{"aborted", func(c *client, _ string) error {
		defer c.Close()
		return errors.Join(c.says("250", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>"), c.says("354", "DATA"))
	}, false},
	{"refused", func(c *client, _ string) error {
		return errors.Join(c.says("250", "MAIL FROM:<a@example.net>"), c.says("55", "RCPT TO:<b@elsewhere.example>"), c.quit())
	}, false},
}

// traffic starts clients.
func (s *stage) traffic(name string, clients int) *traffic {
	t := &traffic{s: s, name: name, stop: make(chan struct{})}
	for range clients {
		t.ends.Go(t.run)
	}
	s.t.Cleanup(func() { t.end() })
	return t
}

func (t *traffic) run() {
	for {
		select {
		case <-t.stop:
			return
		default:
			t.session(t.next.Add(1))
		}
	}
}

func (t *traffic) session(n int64) {
	way := ways[n%int64(len(ways))]
	if way.name == "STARTTLS" && t.s.service == "" {
		way = ways[0]
	}
	id := fmt.Sprintf("%s-%d", t.name, n)
	err := t.visit(way.do, id, way.delivers)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case errors.Is(err, errLater):
		t.later.Add(1)
	case err != nil:
		t.lost = append(t.lost, fmt.Errorf("%s, %s: %w", id, way.name, err))
	case way.delivers:
		t.confirmed = append(t.confirmed, id)
	}
}

// visit is one session. A client that has its message confirmed may be told to go away instead of goodbye.
func (t *traffic) visit(do way, id string, delivers bool) error {
	c, err := connect(t.s.at)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.says("250", "EHLO client.example"); err != nil {
		return err
	}
	if err := do(c, id); err != nil || !delivers {
		return err
	}
	if err := c.quit(); err != nil && !errors.Is(err, errLater) {
		return fmt.Errorf("after the message: %w", err)
	}
	return nil
}

// count is how many messages were confirmed so far.
func (t *traffic) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.confirmed)
}

// await waits for so many more messages.
func (t *traffic) await(more int) {
	t.s.t.Helper()
	want := t.count() + more
	if !eventually(func() bool { return t.count() >= want }) {
		t.s.t.Errorf("%d messages were confirmed, want %d", t.count(), want)
	}
}

// end has the clients end, and checks that what was confirmed is at the origin.
func (t *traffic) end() {
	select {
	case <-t.stop:
		return
	default:
		close(t.stop)
	}
	t.ends.Wait()
	for _, id := range t.confirmed {
		if n := t.s.origin.has(id); n != 1 {
			t.s.t.Errorf("%s was confirmed and is %d times at the origin", id, n)
		}
	}
	t.s.t.Logf("%d messages confirmed, %d sessions to come again, %d lost", len(t.confirmed), t.later.Load(), len(t.lost))
}

// served wants no session to be lost; some may be put off.
func (t *traffic) served() {
	t.s.t.Helper()
	t.end()
	if len(t.lost) > 0 {
		t.s.t.Errorf("%s: lost sessions: %v", t.name, errors.Join(t.lost[:min(len(t.lost), 5)]...))
	}
}

// unharmed wants no session to be lost, nor put off.
func (t *traffic) unharmed() {
	t.s.t.Helper()
	t.served()
	if n := t.later.Load(); n > 0 {
		t.s.t.Errorf("%d sessions were put off", n)
	}
	if len(t.confirmed) == 0 {
		t.s.t.Error("there was no traffic")
	}
}
