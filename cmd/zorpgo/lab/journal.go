package lab

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// Journal keeps what a process writes, and can wait for a text in it. A failed test shows it.
type Journal struct {
	t    testing.TB
	name string

	mu      sync.Mutex
	text    strings.Builder
	ended   bool
	changed chan struct{} // closed at the next change
}

func newJournal(t testing.TB, name string) *Journal {
	j := &Journal{t: t, name: name, changed: make(chan struct{})}
	t.Cleanup(func() {
		if text := j.String(); t.Failed() && text != "" {
			t.Logf("%s wrote:\n%s", name, text)
		}
	})
	return j
}

// Write adds to the journal.
func (j *Journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.announce()
	return j.text.Write(b)
}

func (j *Journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	j.announce()
}

func (j *Journal) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// String is all that was written so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// LogHas waits until the text was written.
func (j *Journal) LogHas(text string) {
	j.t.Helper()
	j.LogHasTimes(1, text)
}

// LogHasTimes waits until the text was written that often.
func (j *Journal) LogHasTimes(n int, text string) {
	j.t.Helper()
	if !j.await(func(all string) bool { return strings.Count(all, text) >= n }) {
		j.t.Fatalf("%s: wrote %q %d times, want %d", j.name, text, strings.Count(j.String(), text), n)
	}
}

// LogMatch waits until a regular expression matches what was written, and gives its first group.
func (j *Journal) LogMatch(expression string) string {
	j.t.Helper()
	re := regexp.MustCompile(expression)
	if !j.await(re.MatchString) {
		j.t.Fatalf("%s: wrote nothing that matches %s", j.name, expression)
	}
	return re.FindStringSubmatch(j.String())[1]
}

// await waits until all that was written is good, and reports whether it ever is.
func (j *Journal) await(good func(all string) bool) bool {
	deadline := time.After(patience)
	for {
		j.mu.Lock()
		all, ended, changed := j.text.String(), j.ended, j.changed
		j.mu.Unlock()
		if good(all) || ended {
			return good(all)
		}
		select {
		case <-changed:
		case <-deadline:
			return false
		}
	}
}

// LogLacks fails the test if the text was written until now.
func (j *Journal) LogLacks(text string) {
	j.t.Helper()
	if strings.Contains(j.String(), text) {
		j.t.Errorf("%s: wrote %q", j.name, text)
	}
}
