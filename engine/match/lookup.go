package match

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The bounds of what looks things up. A matcher keeps them for itself.
const (
	parallel  = 16               // look-ups at a time; the others wait for their turn
	maxKnown  = 10000            // answers that are remembered
	maxKey    = 512              // octets of a question whose answer is remembered
	tolerated = 5                // failures in a row after which nothing is asked for a while
	pause     = 30 * time.Second // that while
)

var (
	// errAnswered marks the error of a server that works but does not know now.
	errAnswered = errors.New("no answer for now")
	errBusy     = errors.New("too many look-ups wait for an answer")
)

// lookups get answers that take time. Whoever asks waits no longer than its context and the limit; who asks the same
// thing at the same time shares one look-up, answers are remembered, and a server that keeps failing is left alone for
// a while. Errors are not remembered.
type lookups[V any] struct {
	find  func(ctx context.Context, key string) (V, error)
	keep  time.Duration // how long an answer is remembered
	limit time.Duration // of one look-up, the wait for its turn included
	now   func() time.Time
	turns chan struct{}

	mu      sync.Mutex // guards what follows
	known   map[string]remembered[V]
	asked   map[string]*question[V]
	breaker breaker
}

type remembered[V any] struct {
	answer V
	until  time.Time
}

// question is a look-up under way.
type question[V any] struct {
	done   chan struct{} // closed when answer and err stand
	answer V
	err    error
}

func newLookups[V any](keep, limit time.Duration, find func(ctx context.Context, key string) (V, error)) *lookups[V] {
	return &lookups[V]{
		find: find, keep: keep, limit: limit, now: time.Now, turns: make(chan struct{}, parallel),
		known: map[string]remembered[V]{}, asked: map[string]*question[V]{},
	}
}

// get is the answer to key.
func (l *lookups[V]) get(ctx context.Context, key string) (answer V, err error) {
	q, answer, err := l.begin(key)
	if q == nil {
		return answer, err
	}
	select {
	case <-q.done:
		return q.answer, q.err
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
}

// begin is what is known already, or the look-up that will tell.
func (l *lookups[V]) begin(key string) (q *question[V], answer V, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if r, ok := l.known[key]; ok {
		if now.Before(r.until) {
			return nil, r.answer, nil
		}
		delete(l.known, key)
	}
	if q = l.asked[key]; q != nil {
		return q, answer, nil
	}
	if err := l.breaker.refuses(now); err != nil {
		return nil, answer, err
	}
	q = &question[V]{done: make(chan struct{})}
	l.asked[key] = q
	go l.ask(key, q) // ends with the limit at the latest
	return q, answer, nil
}

func (l *lookups[V]) ask(key string, q *question[V]) {
	defer close(q.done)
	ctx, cancel := context.WithTimeout(context.Background(), l.limit)
	defer cancel()
	select {
	case l.turns <- struct{}{}:
		if q.err = errBusy; inTime(ctx) {
			q.answer, q.err = l.survive(ctx, key)
		}
		<-l.turns
	case <-ctx.Done():
		q.err = errBusy
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asked, key)
	l.breaker.note(q.err, l.now())
	if q.err == nil {
		l.remember(key, q.answer)
	}
}

// inTime tells the same as ctx.Err, but not a moment later than the deadline.
func inTime(ctx context.Context) bool {
	end, _ := ctx.Deadline()
	return time.Now().Before(end)
}

// survive makes an error of a panic, which would end the program here.
func (l *lookups[V]) survive(ctx context.Context, key string) (answer V, err error) {
	defer func() {
		if bug := recover(); bug != nil {
			err = fmt.Errorf("the look-up met a bug, please report it: %v", bug)
		}
	}()
	return l.find(ctx, key)
}

func (l *lookups[V]) remember(key string, answer V) {
	if l.keep <= 0 || len(key) > maxKey {
		return
	}
	now := l.now()
	if len(l.known) >= maxKnown {
		l.makeRoom(now)
	}
	l.known[key] = remembered[V]{answer, now.Add(l.keep)}
}

// makeRoom forgets what is over, or else any answer: one that is asked for again costs a look-up, not more.
func (l *lookups[V]) makeRoom(now time.Time) {
	for key, r := range l.known {
		if !now.Before(r.until) {
			delete(l.known, key)
		}
	}
	for key := range l.known {
		if len(l.known) < maxKnown {
			return
		}
		delete(l.known, key)
	}
}

// breaker leaves a server alone that failed several times in a row; when the pause is over one look-up tries it.
type breaker struct {
	failures int
	until    time.Time
}

func (b *breaker) refuses(now time.Time) error {
	switch {
	case b.failures < tolerated:
		return nil
	case now.Before(b.until):
		return fmt.Errorf("not asked, since the last %d look-ups failed", b.failures)
	}
	b.until = now.Add(pause)
	return nil
}

func (b *breaker) note(err error, now time.Time) {
	switch {
	case errors.Is(err, errBusy):
	case err == nil, errors.Is(err, errAnswered):
		b.failures = 0
	default:
		b.failures++
		b.until = now.Add(pause)
	}
}
