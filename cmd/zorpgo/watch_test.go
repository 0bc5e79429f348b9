package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail.star")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	write("one", began)
	w := &watch{on: true}
	w.look(&policy{texts: map[string][]byte{file: nil}})
	expect := func(when string, want bool) {
		t.Helper()
		if got := w.changed(); got != want {
			t.Errorf("%s: %t", when, got)
		}
	}
	expect("nothing happened", false)
	write("two", began.Add(time.Second))
	expect("it may still be written", false)
	write("twos", began.Add(2*time.Second))
	expect("it was", false)
	expect("now it is done", true)
	expect("and that was told", false)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect("gone", false)
	expect("gone for good", true)
	write("twos", began.Add(2*time.Second))
	w.reading()
	expect("back, and read for another reason", false)
	expect("back, and read for another reason", false)
}
