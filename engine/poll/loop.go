// Package poll waits for many sockets on one goroutine: an epoll loop with timers.
//
// Drivers that keep their sessions on loops use it: package proxy for connections, package dispatch for listeners. What
// runs on a loop must not block, or every session of the loop waits.
package poll

import (
	"container/heap"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Handler is told of events at a descriptor. Events may be told that are over; they are never missed.
type Handler interface {
	// Ready is called on the loop with the EPOLL* bits of what happened.
	Ready(events uint32)
}

// Loop is one goroutine, Run, and the descriptors and timers that it serves. All methods but Post and Close are for
// what runs on the loop.
type Loop struct {
	Clock func() time.Time // is Now, for who keeps it

	epoll, wake int
	handlers    []handler // by descriptor
	round       uint64    // counts the times that the loop woke up
	timers      timers
	now         time.Time
	buffer      []byte
	second      []byte        // made when it is asked for
	spares      []*coroutine  // that no task runs on
	tasked      time.Duration // of this round

	mu     sync.Mutex
	posted []func()
	closed bool
}

// handler is a Handler and the round in which it was added: events that were fetched before are those of an earlier
// socket with the same number.
type handler struct {
	Handler
	round uint64
}

// bufferSize is that of the buffer that all sessions of a loop read into.
const bufferSize = 128 << 10

// New makes a loop; Run must be called, and after Close nothing else.
func New() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	l := &Loop{epoll: epoll, wake: wake, now: time.Now(), buffer: make([]byte, bufferSize)}
	l.Clock = func() time.Time { return l.now }
	if err := l.Add(wake, unix.EPOLLIN|unix.EPOLLET, waker{}); err != nil {
		unix.Close(wake)
		unix.Close(epoll)
		return nil, err
	}
	return l, nil
}

// Buffer is the loop's own, for what is done with before the handler returns.
func (l *Loop) Buffer() []byte { return l.buffer }

// Second is another such buffer, of three quarters the size.
func (l *Loop) Second() []byte {
	if l.second == nil {
		l.second = make([]byte, bufferSize*3/4)
	}
	return l.second
}

// Now is the time at which the loop last woke up.
func (l *Loop) Now() time.Time { return l.now }

// Add has h told of events at fd.
func (l *Loop) Add(fd int, events uint32, h Handler) error {
	event := unix.EpollEvent{Events: events, Fd: int32(fd)}
	if _, _, err := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.epoll), unix.EPOLL_CTL_ADD, uintptr(fd),
		uintptr(unsafe.Pointer(&event)), 0, 0); err != 0 {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	for fd >= len(l.handlers) {
		l.handlers = append(l.handlers, handler{})
	}
	l.handlers[fd] = handler{h, l.round}
	return nil
}

// Replace has h told of events at fd, in place of the handler that Add was given.
func (l *Loop) Replace(fd int, h Handler) {
	l.handlers[fd].Handler = h
}

// Forget ends what Add began, of that descriptor alone. A descriptor that is closed afterwards needs no system call for it.
func (l *Loop) Forget(fd int, closing bool) {
	l.handlers[fd] = handler{}
	if !closing {
		_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	}
}

// Post has f run on the loop, soon. It may be called from any goroutine; false: the loop is closed.
func (l *Loop) Post(f func()) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	l.posted = append(l.posted, f)
	first := len(l.posted) == 1
	l.mu.Unlock()
	if first {
		l.signal()
	}
	return true
}

func (l *Loop) signal() {
	_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // full is as good as written
}

// Close ends Run, after what was posted before.
func (l *Loop) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.signal()
}

// Run serves until Close.
func (l *Loop) Run() {
	defer unix.Close(l.epoll)
	defer unix.Close(l.wake)
	defer l.stopSpares()
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := l.wait(events)
		if err != nil && err != unix.EINTR {
			panic(fmt.Sprintf("epoll_wait: %v", err)) // the descriptor is ours alone
		}
		l.now, l.tasked = time.Now(), 0
		l.round++
		if !l.runPosted() {
			return
		}
		for _, e := range events[:max(n, 0)] {
			if h := l.handlers[e.Fd]; h.Handler != nil && h.round < l.round {
				h.Ready(e.Events)
			}
		}
		l.timers.fire(l.now)
	}
}

// wait is epoll_wait in two steps. For the first milliseconds the Go scheduler is not told that this thread waits: under
// load, events come sooner than it could make use of the processor, and taking it back costs more than the wait.
// A garbage collection that must stop this goroutine interrupts the wait by its signal.
func (l *Loop) wait(events []unix.EpollEvent) (int, error) {
	limit := l.timers.untilNext(time.Now())
	if brief := min(uint(limit), briefWait); brief > 0 {
		n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), uintptr(brief), 0, 0)
		if err != 0 {
			return 0, err
		}
		if n > 0 || brief == uint(limit) {
			return int(n), nil
		}
	}
	return unix.EpollWait(l.epoll, events, limit)
}

const briefWait = 3 // ms

// runPosted runs what was posted; false: the loop is closed. It comes first in a round: what was put off is older than
// what happened meanwhile.
func (l *Loop) runPosted() bool {
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	closed := l.closed
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
	return !closed
}

// waker is the eventfd's: edge-triggered, so that each write of it ends a wait, and none must be read.
type waker struct{}

func (waker) Ready(uint32) {}

// Timer calls a function once on its loop. The zero Timer is not set.
type Timer struct {
	due   time.Time
	index int // in the heap, counted from 1; 0: not set
	call  func()
}

// Set has call run at due; a timer that was set before is moved.
func (l *Loop) Set(t *Timer, due time.Time, call func()) {
	t.due, t.call = due, call
	if t.index > 0 {
		heap.Fix(&l.timers, t.index-1)
		return
	}
	heap.Push(&l.timers, t)
}

// Stop forgets a timer.
func (l *Loop) Stop(t *Timer) {
	if t.index > 0 {
		heap.Remove(&l.timers, t.index-1)
	}
}

// Due is when a timer will fire; the zero time if it is not set.
func (t *Timer) Due() time.Time {
	if t.index == 0 {
		return time.Time{}
	}
	return t.due
}

// timers is a heap, the earliest first.
type timers []*Timer

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

// Push is heap.Push's.
func (h *timers) Push(x any) {
	t := x.(*Timer)
	t.index = len(*h) + 1
	*h = append(*h, t)
}

// Pop is heap.Pop's.
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = 0
	return t
}

func (h *timers) fire(now time.Time) {
	for len(*h) > 0 && !(*h)[0].due.After(now) {
		heap.Pop(h).(*Timer).call()
	}
}

// untilNext is for how many milliseconds to wait, -1 for ever.
func (h timers) untilNext(now time.Time) int {
	if len(h) == 0 {
		return -1
	}
	return int(max(h[0].due.Sub(now)+time.Millisecond-1, 0) / time.Millisecond)
}
