package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// watch sees when the policy's files change. It looks at them every second: a notice of the kernel's would miss files
// of network file systems and links that are changed above the file.
type watch struct {
	on bool

	mu    sync.Mutex
	files []string
	known string // how the files were when the policy was last read
	seen  string // and when they were last looked at
}

const watchEvery = time.Second

func (w *watch) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.on, "watch", false, "reload when a file of the policy changes")
}

// ticks is a clock that ticks when it is time to look; it never does where nobody watches.
func (w *watch) ticks() *time.Ticker {
	t := time.NewTicker(watchEvery)
	if !w.on {
		t.Stop()
	}
	return t
}

// reading says that the files are about to be read, as they are now.
func (w *watch) reading() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = w.state()
	w.seen = w.known
}

// look notes which files p was read from.
func (w *watch) look(p *policy) {
	w.mu.Lock()
	defer w.mu.Unlock()
	files := slices.Sorted(maps.Keys(p.texts))
	if !w.on || slices.Equal(files, w.files) {
		return
	}
	w.files = files
	w.known = w.state()
	w.seen = w.known
}

// changed reports, once, that the files are others than when they were read: when they have stayed so for a look, since
// whoever writes one may not be done.
func (w *watch) changed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.state()
	settled := now == w.seen
	w.seen = now
	if !settled || now == w.known {
		return false
	}
	w.known = now
	return true
}

func (w *watch) state() string {
	var b strings.Builder
	for _, name := range w.files {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", name, err)
			continue
		}
		fmt.Fprintf(&b, "%s: %d %d\n", name, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}
