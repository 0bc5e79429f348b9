package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stat is one process as /proc/PID/stat shows it.
type stat struct {
	parent int
	cpu    time.Duration // user and system, its own and that of children that it waited for
	birth  string        // when it started: with the pid a name for good
}

// tick is the unit of times in /proc (USER_HZ), the same on all Linux.
const tick = 10 * time.Millisecond

func readStat(pid int) (s stat, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, false
	}
	// The name, in parentheses, may hold anything. After it come the fields from the third on: state, parent, ...
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(f) < 20 || f[0] == "Z" {
		return s, false
	}
	s.parent, _ = strconv.Atoi(f[1])
	for _, field := range f[11:15] {
		n, _ := strconv.Atoi(field)
		s.cpu += time.Duration(n) * tick
	}
	s.birth = f[19]
	return s, true
}

// family is a process and its descendants.
func family(pid int) map[int]stat {
	all := map[int]stat{}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		p, _ := strconv.Atoi(filepath.Base(dir))
		if s, ok := readStat(p); ok {
			all[p] = s
		}
	}
	members := map[int]stat{}
	for p, s := range all {
		for q := p; q > 1; q = all[q].parent {
			if q == pid {
				members[p] = s
				break
			}
		}
	}
	return members
}

// cpu is the time that p has used so far.
func (p *running) cpu() (used time.Duration) {
	if p.process == nil {
		return 0
	}
	for _, s := range family(p.pid()) {
		used += s.cpu
	}
	return used
}

// memory is how much of it is resident, in bytes; what processes share counts once.
func (p *running) memory() (resident int) {
	for pid := range family(p.pid()) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		_, rest, _ := strings.Cut(string(text), "\nPss:")
		kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, _ := strconv.Atoi(kib)
		resident += n << 10
	}
	return resident
}

// descriptors is how many are open in the process that has most.
func (p *running) descriptors() (most int) {
	for pid := range family(p.pid()) {
		open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		most = max(most, len(open))
	}
	return most
}
