package encryption

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Files is where certificates, keys and lists are read, and read again when they change.
type Files struct {
	Open func(name string) (fs.File, error) // must not wait; nil opens the host's files
	Now  func() time.Time                   // nil is time.Now
	Log  *slog.Logger                       // of files that turn bad; nil is slog.Default
}

// maxFile bounds a file, maxFiles those of a directory.
const (
	maxFile  = 16 << 20
	maxFiles = 10000
)

// rereadAfter is how old a look at the files may be.
const rereadAfter = time.Second

func (f *Files) open(name string) (fs.File, error) {
	if f.Open != nil {
		return f.Open(name)
	}
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (f *Files) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f *Files) log() *slog.Logger {
	if f.Log != nil {
		return f.Log
	}
	return slog.Default()
}

// stamp tells one state of a file from another; the zero stamp is that of a file that cannot be opened.
type stamp struct {
	modified time.Time
	size     int64
	inode    uint64
	mode     fs.FileMode
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{modified: info.ModTime(), size: info.Size(), mode: info.Mode()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s
}

func (f *Files) stamp(name string) (s stamp) {
	file, err := f.open(name)
	if err != nil {
		return s
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		s = stampOf(info)
	}
	return s
}

// reading is one reading of files: it knows how they were.
type reading struct {
	files *Files
	seen  map[string]stamp
}

// file is the content of a file.
func (r *reading) file(name string) ([]byte, error) {
	r.seen[name] = stamp{}
	f, err := r.files.open(name)
	if err != nil {
		return nil, opening(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be examined: %w", name, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", name)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", name, info.Size(), maxFile)
	}
	r.seen[name] = stampOf(info)
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	return text, nil
}

// all is the content of every file of a directory, by name; a name that is a file's is that file.
func (r *reading) all(name string) (map[string][]byte, error) {
	r.seen[name] = stamp{}
	f, err := r.files.open(name)
	if err != nil {
		return nil, opening(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be examined: %w", name, err)
	}
	dir, ok := f.(fs.ReadDirFile)
	if !info.IsDir() || !ok {
		text, err := r.file(name)
		return map[string][]byte{name: text}, err
	}
	r.seen[name] = stampOf(info)
	entries, err := dir.ReadDir(maxFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	texts := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		inside := filepath.Join(name, e.Name())
		if texts[inside], err = r.file(inside); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func opening(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s cannot be opened: %w", name, err)
}

// live is what is made of files. When they change it is made again by the next who asks; others go on with what there
// was, and so do all if the files are no good any more.
type live[T any] struct {
	files *Files
	what  string // for the log
	make  func(*reading) (T, error)
	value atomic.Pointer[T]
	stale atomic.Pointer[error] // why the value is not what the files say now; nil: it is

	looking sync.Mutex // held by the one who looks at the files; guards what follows
	looked  time.Time
	seen    map[string]stamp
}

func newLive[T any](files *Files, what string, make func(*reading) (T, error)) (*live[T], error) {
	l := &live[T]{files: files, what: what, make: make}
	return l, l.read()
}

func (l *live[T]) read() error {
	r := &reading{l.files, map[string]stamp{}}
	v, err := l.make(r)
	l.looked, l.seen = l.files.now(), r.seen
	if err == nil {
		l.value.Store(&v)
	}
	return err
}

// get is the value as the files are now, or were a moment ago.
func (l *live[T]) get() T {
	if l.looking.TryLock() {
		l.refresh()
		l.looking.Unlock()
	}
	return *l.value.Load()
}

func (l *live[T]) refresh() {
	now := l.files.now()
	if passed := now.Sub(l.looked); len(l.seen) == 0 || passed >= 0 && passed < rereadAfter {
		return
	}
	l.looked = now
	if !l.changed() {
		return
	}
	err := l.read()
	l.stale.Store(nil)
	if err != nil {
		l.stale.Store(&err)
		l.files.log().Error(l.what+" stays as it was: "+err.Error(), "tag", "core.error", "files", l.names())
	} else {
		l.files.log().Info(l.what+" was read again", "tag", "core.policy", "files", l.names())
	}
}

func (l *live[T]) changed() bool {
	for name, seen := range l.seen {
		if now := l.files.stamp(name); now != seen {
			return true
		}
	}
	return false
}

// outdated is why the last look at the files changed nothing, though they had changed.
func (l *live[T]) outdated() error {
	if err := l.stale.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *live[T]) names() []string { return slices.Sorted(maps.Keys(l.seen)) }
