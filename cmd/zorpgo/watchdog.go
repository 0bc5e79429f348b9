package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// watchdog has the service manager know that the engine answers, for as long as it does.
type watchdog struct {
	manager *manager
	answers func(context.Context) error // waits until every event loop had its turn
	every   time.Duration               // 0: nobody watches
}

// watched is how often the service manager wants to hear of this process: twice in $WATCHDOG_USEC, if $WATCHDOG_PID is
// this process or nobody (sd_watchdog_enabled). Both are cleared, so that no child takes them for its own.
func watched() (time.Duration, error) {
	pid, limit := os.Getenv("WATCHDOG_PID"), os.Getenv("WATCHDOG_USEC")
	for _, name := range []string{"WATCHDOG_PID", "WATCHDOG_USEC"} {
		if err := os.Unsetenv(name); err != nil {
			return 0, err
		}
	}
	if limit == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, nil
	}
	n, err := strconv.ParseInt(limit, 10, 64)
	if err != nil || n <= 1 || n > int64(1<<63-1)/1000 {
		return 0, fmt.Errorf("$WATCHDOG_USEC is %q, not a number of microseconds", limit)
	}
	return time.Duration(n) * time.Microsecond / 2, nil
}

// run says WATCHDOG=1 every half of the limit until ctx ends. An engine that does not answer in that time is not
// spoken for.
func (w *watchdog) run(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (w *watchdog) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, w.every)
	defer cancel()
	switch err := w.answers(within); {
	case err == nil:
		w.manager.tell("WATCHDOG=1")
	case ctx.Err() == nil:
		w.manager.log.Error("the event loops do not answer: the service manager is not told that all is well", "waited", w.every)
	}
}

// start watches e from now on, if somebody wants that; stop ends it.
func (w *watchdog) start() (stop func()) {
	if w.every == 0 || w.manager.name == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends with stop
		defer close(done)
		w.run(ctx)
	}()
	return func() { cancel(); <-done }
}
