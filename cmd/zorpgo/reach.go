package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"zorpgo/engine/match"
	"zorpgo/engine/privilege"
)

// reach is the files that a policy has opened, and what it may still open. Sessions open lists again that have changed.
type reach struct {
	mu     sync.Mutex
	opened map[string]bool
	kept   *privilege.Access // nil: all
}

// note records that a file was opened; a refusal becomes one that says why.
func (r *reach) note(file string, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil && r.kept == nil:
		if r.opened == nil {
			r.opened = map[string]bool{}
		}
		r.opened[file] = true
	case r.kept == nil || !errors.Is(err, fs.ErrPermission):
	case !r.kept.MayRead(file):
		return fmt.Errorf("restart needed: %s is in no directory that the policy named at the start, and the others were given up", file)
	default:
		return fmt.Errorf("%w (if its directory is another one than at the start, a restart is needed)", err)
	}
	return err
}

// open opens a list.
func (r *reach) open(file string) (fs.File, error) {
	f, err := match.OpenFile(file)
	return f, r.note(file, err)
}

// limit says what is left.
func (r *reach) limit(kept *privilege.Access) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = kept
}

// trees are the directories of the files that were opened.
func (r *reach) trees() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := privilege.Trees(slices.Collect(maps.Keys(r.opened)))
	slices.Sort(list)
	return slices.Compact(list)
}
