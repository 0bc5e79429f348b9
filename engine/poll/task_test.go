package poll

import (
	"runtime"
	"testing"
	"time"
)

// on runs f on l.
func on(l *Loop, f func()) {
	done := make(chan struct{})
	l.Post(func() { defer close(done); f() })
	<-done
}

func TestTaskThatDoesNotWait(t *testing.T) {
	l := start(t)
	on(l, func() {
		ran := false
		if l.Begin(func(func()) { ran = true }) != nil || !ran {
			t.Error("it has not ended")
		}
	})
}

// Tasks wait in any order, each where it is.
func TestTasksTakeTurns(t *testing.T) {
	l := start(t)
	on(l, func() {
		var said string
		task := func(name string) *Task {
			return l.Begin(func(wait func()) {
				for _, step := range "123" {
					said += name + string(step) + " "
					wait()
				}
			})
		}
		a, b := task("a"), task("b")
		for i, next := range []*Task{b, a, b, b, a, a} {
			if ended, want := next.Resume(), i == 3 || i == 5; ended != want {
				t.Errorf("step %d: ended %v", i, ended)
			}
		}
		if want := "a1 b1 b2 a2 b3 a3 "; said != want {
			t.Errorf("said %s", said)
		}
	})
}

// A panic is that of who goes on with the task, and leaves the loop its other tasks.
func TestTaskPanics(t *testing.T) {
	l := start(t)
	caught := func(f func()) (value any) {
		defer func() { value = recover() }()
		f()
		return nil
	}
	on(l, func() {
		if v := caught(func() { l.Begin(func(func()) { panic("at once") }) }); v != "at once" {
			t.Errorf("caught %v", v)
		}
		task := l.Begin(func(wait func()) { wait(); panic("later") })
		if v := caught(func() { task.Resume() }); v != "later" {
			t.Errorf("caught %v", v)
		}
		if len(l.spares) != 0 {
			t.Error("the stack of a panic is used again")
		}
		if task.Resume() {
			t.Error("it ends twice")
		}
	})
}

// Stacks are used again, few are kept, and none outlives its loop.
func TestTaskStacks(t *testing.T) {
	before := runtime.NumGoroutine()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() { defer close(over); l.Run() }()
	on(l, func() {
		for range 1000 {
			l.Begin(func(func()) {})
		}
		if len(l.spares) != 1 {
			t.Errorf("%d stacks for one task at a time", len(l.spares))
		}
		var tasks []*Task
		for range 2 * sparesMax {
			tasks = append(tasks, l.Begin(func(wait func()) { wait() }))
		}
		for _, task := range tasks {
			task.Resume()
		}
		if len(l.spares) != sparesMax {
			t.Errorf("%d stacks are kept", len(l.spares))
		}
	})
	l.Close()
	<-over
	for limit := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}

// A task costs nothing but its own structure.
func BenchmarkTask(b *testing.B) {
	l, err := New()
	if err != nil {
		b.Fatal(err)
	}
	go l.Run()
	defer l.Close()
	on(l, func() {
		b.ReportAllocs()
		for b.Loop() {
			l.Begin(func(wait func()) { wait() }).Resume()
		}
	})
}

// Tasks that take long have their share of each round, and no more.
func TestTasksLeaveRoom(t *testing.T) {
	l := start(t)
	next := make(chan bool)
	on(l, func() {
		if l.Crowded() {
			t.Error("crowded, with no task")
		}
		task := l.Begin(func(wait func()) { time.Sleep(share / 2); wait(); time.Sleep(share / 2) })
		if l.Crowded() {
			t.Error("crowded by half a share")
		}
		task.Resume()
		if !l.Crowded() {
			t.Error("a whole share is not enough")
		}
		l.Post(func() { next <- l.Crowded() })
	})
	if <-next {
		t.Error("crowded in the round after that")
	}
}
