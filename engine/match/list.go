package match

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Open opens a file for reading. It must not wait, as it would for the writer of a pipe.
type Open func(name string) (fs.File, error)

// OpenFile is Open for the files of this host.
func OpenFile(name string) (fs.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// maxList bounds the file of a list.
const maxList = 4 << 20

// Lists are the files of a RegexpFile: one pattern a line. A name that is empty is a list without patterns.
type Lists struct {
	Match, Ignore string
	Open          Open         // nil is OpenFile
	Log           *slog.Logger // of changes; nil is slog.Default
}

// RegexpFile is a Regexp whose patterns stand in files (Zorp's RegexpFileMatcher). A file that has changed is read again
// by the next who asks; others go on with what was there before, and so do all if the new file is no good.
type RegexpFile struct {
	lists   Lists
	regexp  atomic.Pointer[Regexp]
	reading sync.Mutex // held by the one who looks at the files; guards what follows
	seen    [2]version
	texts   [2][]string
	bad     error  // of texts, while the list from before is in use
	faulty  string // what was last said to be wrong
}

var _ Matcher = (*RegexpFile)(nil)

// version tells one state of a file from another.
type version struct {
	modified time.Time
	size     int64
}

// NewRegexpFile reads the files; an error names the file, and the line of a pattern that does not compile.
func NewRegexpFile(l Lists) (*RegexpFile, error) {
	if l.Open == nil {
		l.Open = OpenFile
	}
	if l.Log == nil {
		l.Log = slog.Default()
	}
	r := &RegexpFile{lists: l}
	_, err := r.read()
	return r, err
}

// Match reports whether text is matched by the lists as they are now.
func (r *RegexpFile) Match(ctx context.Context, text string) (bool, error) {
	if r.reading.TryLock() {
		r.refresh()
		r.reading.Unlock()
	}
	return r.regexp.Load().Match(ctx, text)
}

func (r *RegexpFile) refresh() {
	changed, err := r.read()
	switch {
	case err != nil && err.Error() != r.faulty:
		r.faulty = err.Error()
		r.lists.Log.Error("matcher keeps the list it had: "+r.faulty, "tag", "core.policy")
	case err == nil && (changed || r.faulty != ""):
		r.faulty = ""
		r.lists.Log.Info("matcher read its lists again", "match", r.lists.Match, "ignore", r.lists.Ignore)
	}
}

// read reads the files that are not as they were. The lists change together or not at all.
func (r *RegexpFile) read() (changed bool, err error) {
	seen, texts := r.seen, r.texts
	for i, name := range []string{r.lists.Match, r.lists.Ignore} {
		if name == "" {
			continue
		}
		more, err := r.readOne(name, &seen[i], &texts[i])
		if err != nil {
			return false, err
		}
		changed = changed || more
	}
	if !changed && r.regexp.Load() != nil {
		return false, r.bad
	}
	compiled, err := r.compile(texts)
	r.seen, r.texts, r.bad = seen, texts, err
	if err != nil {
		return false, err
	}
	r.regexp.Store(compiled)
	return true, nil
}

func (r *RegexpFile) readOne(name string, seen *version, lines *[]string) (changed bool, err error) {
	f, err := r.lists.Open(name)
	if err != nil {
		return false, opening(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return false, fmt.Errorf("%s cannot be examined: %w", name, err)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is no file", name)
	case info.Size() > maxList:
		return false, fmt.Errorf("%s has %d bytes, at most %d are read", name, info.Size(), maxList)
	}
	now := version{info.ModTime(), info.Size()}
	if now == *seen && r.regexp.Load() != nil {
		return false, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxList))
	if err != nil {
		return false, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	*seen, *lines = now, strings.Split(string(text), "\n")
	return true, nil
}

func opening(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s cannot be opened: %w", name, err)
}

func (r *RegexpFile) compile(texts [2][]string) (*Regexp, error) {
	match, err := compileLines(r.lists.Match, texts[0])
	if err != nil {
		return nil, err
	}
	ignore, err := compileLines(r.lists.Ignore, texts[1])
	return &Regexp{match, ignore}, err
}

// compileLines passes over empty lines; Zorp would end the list there, and say nothing of what it leaves out.
func compileLines(name string, lines []string) (patterns []*regexp.Regexp, err error) {
	for n, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		p, err := compileOne(line, true)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d, %q: %s", name, n+1, line, reason(err))
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}
