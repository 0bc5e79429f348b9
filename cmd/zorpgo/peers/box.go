package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zorpgo/cmd/zorpgo/lab"
)

// box is a maildir that a server delivers to.
type box struct {
	t   testing.TB
	dir string
}

// Messages waits until n messages are there, takes them out and gives them.
func (b box) Messages(n int) (messages [][]byte) {
	b.t.Helper()
	var files []string
	poll(b.t, fmt.Sprintf("fewer than %d messages were delivered", n), func() bool {
		files, _ = filepath.Glob(filepath.Join(b.dir, "new/*")) // the pattern is good
		return len(files) >= n
	})
	if len(files) > n {
		b.t.Fatalf("%d messages were delivered, want %d", len(files), n)
	}
	for _, file := range files {
		message, err := os.ReadFile(file)
		must(b.t, err)
		must(b.t, os.Remove(file))
		messages = append(messages, message)
	}
	return messages
}

// poll looks again and again until done says so.
func poll(t testing.TB, complaint string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal(complaint)
		}
	}
}

// awaitPort waits until a server listens: it says so nowhere else.
func awaitPort(t testing.TB, h *lab.Host, address string) {
	t.Helper()
	poll(t, "nobody listens at "+address, func() bool {
		conn, err := h.Dial("", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}
