package match

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// oracle answers questions by functions, and counts them.
type oracle struct {
	mu    sync.Mutex
	asked map[string]int
	say   func(ctx context.Context, key string) (bool, error)
}

func (o *oracle) find(ctx context.Context, key string) (bool, error) {
	o.mu.Lock()
	o.asked[key]++
	o.mu.Unlock()
	return o.say(ctx, key)
}

func newOracle(say func(ctx context.Context, key string) (bool, error)) (*oracle, *lookups[bool]) {
	o := &oracle{asked: map[string]int{}, say: say}
	return o, newLookups(time.Minute, 5*time.Second, o.find)
}

func TestLookupsRemember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, l := newOracle(func(_ context.Context, key string) (bool, error) {
			if key == "later" {
				return false, errAnswered
			}
			return key == "yes", nil
		})
		for range 3 {
			for _, key := range []string{"yes", "no", "later"} {
				got, err := l.get(t.Context(), key)
				if got != (key == "yes") || (err != nil) != (key == "later") {
					t.Errorf("%s: %v, %v", key, got, err)
				}
			}
		}
		if got := fmt.Sprint(o.asked); got != "map[later:3 no:1 yes:1]" {
			t.Error(got)
		}
		time.Sleep(time.Minute)
		_, _ = l.get(t.Context(), "no")
		if o.asked["no"] != 2 {
			t.Error("an answer that is over is given")
		}
	})
}

// One look-up serves all who ask the same; whoever gives up does not end it.
func TestLookupsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan bool)
		o, l := newOracle(func(context.Context, string) (bool, error) { return <-answer, nil })
		impatient, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				ctx := t.Context()
				if i == 0 {
					ctx = impatient
				}
				if got, err := l.get(ctx, "x"); got != (i > 0) || (err != nil) != (i == 0) {
					t.Errorf("%d: %v, %v", i, got, err)
				}
			})
		}
		synctest.Wait()
		giveUp()
		synctest.Wait()
		answer <- true
		all.Wait()
		if o.asked["x"] != 1 {
			t.Errorf("asked %d times", o.asked["x"])
		}
	})
}

// A server that never answers costs the limit, for so many at a time; then it is left alone, and tried again.
func TestLookupsNeverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := true
		o, l := newOracle(func(ctx context.Context, _ string) (bool, error) {
			if silent {
				<-ctx.Done()
				return false, ctx.Err()
			}
			return true, nil
		})
		var all sync.WaitGroup
		began := time.Now()
		for i := range 3 * parallel {
			all.Go(func() {
				if _, err := l.get(t.Context(), fmt.Sprint(i)); err == nil {
					t.Error("a server that is silent answered")
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != 5*time.Second || len(o.asked) != parallel {
			t.Errorf("%d were asked, after %s", len(o.asked), took)
		}
		silent = false
		if _, err := l.get(t.Context(), "x"); err == nil || o.asked["x"] != 0 {
			t.Errorf("a server that does not answer is asked on: %v", err)
		}
		time.Sleep(pause)
		if got, err := l.get(t.Context(), "x"); !got || err != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// While a server is tried again after it failed, one look-up is all that it gets.
func TestLookupsTryOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, l := newOracle(func(context.Context, string) (bool, error) { return false, errors.New("down") })
		for i := range 20 {
			_, _ = l.get(t.Context(), fmt.Sprint(i))
		}
		if len(o.asked) != tolerated {
			t.Errorf("%d were asked", len(o.asked))
		}
		time.Sleep(pause)
		for i := range 20 {
			_, _ = l.get(t.Context(), fmt.Sprint(i))
		}
		if o.asked["0"] != 2 || o.asked["1"] != 1 {
			t.Errorf("asked: %v", o.asked)
		}
	})
}

func TestLookupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := newOracle(func(context.Context, string) (bool, error) { return true, nil })
		for i := range maxKnown + 10 {
			_, _ = l.get(t.Context(), fmt.Sprint(i))
		}
		_, _ = l.get(t.Context(), fmt.Sprintf("%*d", maxKey+1, 0))
		if len(l.known) != maxKnown || len(l.asked) != 0 {
			t.Errorf("%d are known, %d asked", len(l.known), len(l.asked))
		}
	})
}

func TestLookupsSurviveABug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := newOracle(func(context.Context, string) (bool, error) { panic("oh") })
		if _, err := l.get(t.Context(), "x"); err == nil {
			t.Error("no error")
		}
	})
}
