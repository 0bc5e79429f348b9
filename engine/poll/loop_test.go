package poll

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func start(t *testing.T) *Loop {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { defer close(over); l.Run() }()
	t.Cleanup(func() { l.Close(); <-over })
	return l
}

type told chan uint32

func (c told) Ready(events uint32) { c <- events }

func TestEvents(t *testing.T) {
	l := start(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	c := make(told, 8)
	l.Post(func() {
		if err := l.Add(pair[0], unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLET, c); err != nil {
			t.Error(err)
		}
	})
	unix.Write(pair[1], []byte("x"))
	if e := <-c; e&unix.EPOLLIN == 0 || e&unix.EPOLLRDHUP != 0 {
		t.Errorf("events %x", e)
	}
	unix.Shutdown(pair[1], unix.SHUT_WR)
	if e := <-c; e&unix.EPOLLRDHUP == 0 {
		t.Errorf("events %x", e)
	}
	l.Post(func() { l.Forget(pair[0], true); unix.Close(pair[0]) })
}

// reuse closes the descriptor of another handler and gives its number to a socket that has no events.
type reuse struct {
	l     *Loop
	other func() *reuse
	fd    int
	quiet int
	done  chan struct{}
	calls *int
}

func (r *reuse) Ready(uint32) {
	if *r.calls++; *r.calls > 1 {
		return
	}
	fd := r.other().fd
	r.l.Forget(fd, true)
	_ = unix.Dup3(r.quiet, fd, unix.O_CLOEXEC)
	_ = r.l.Add(fd, unix.EPOLLIN|unix.EPOLLET, r.other())
	r.l.Post(func() { close(r.done) })
}

// Events that were fetched for a socket are not told to the handler of the next one with its number.
func TestStaleEvents(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	socketpair := func() [2]int {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(pair[0]); unix.Close(pair[1]) })
		return pair
	}
	calls, done, quiet := 0, make(chan struct{}), socketpair()
	var both [2]*reuse
	for i := range both {
		pair := socketpair()
		both[i] = &reuse{l: l, other: func() *reuse { return both[1-i] }, fd: pair[0], quiet: quiet[0], done: done, calls: &calls}
		if err := l.Add(pair[0], unix.EPOLLIN|unix.EPOLLET, both[i]); err != nil {
			t.Fatal(err)
		}
		unix.Write(pair[1], []byte("x"))
	}
	over := make(chan struct{})
	go func() { defer close(over); l.Run() }()
	<-done
	l.Close()
	if <-over; calls != 1 {
		t.Errorf("%d events told, want the first alone", calls)
	}
}

func TestTimers(t *testing.T) {
	l := start(t)
	done := make(chan []string, 1)
	l.Post(func() {
		var order []string
		var timers [5]Timer
		at := func(ms int) time.Time { return l.Now().Add(time.Duration(ms) * time.Millisecond) }
		say := func(name string) func() { return func() { order = append(order, name) } }
		l.Set(&timers[0], at(3), say("third"))
		l.Set(&timers[1], at(1), say("first"))
		l.Set(&timers[2], at(1), say("never"))
		l.Set(&timers[3], at(9), say("moved"))
		l.Set(&timers[3], at(2), say("second"))
		l.Set(&timers[4], at(4), func() { done <- order })
		l.Stop(&timers[2])
		if timers[2].Due() != (time.Time{}) || timers[0].Due() != at(3) {
			t.Error("Due")
		}
	})
	if got := <-done; !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("order %v", got)
	}
}

func TestClosed(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	l.Post(func() { ran = true })
	l.Close()
	l.Run()
	if !ran || l.Post(func() {}) {
		t.Error("what was posted before Close runs, what comes after does not")
	}
}
