// Package source says where in a policy something was written, and what is wrong with it.
//
// Everything that a policy declares keeps its Pos, so that logs, lint and errors can name the policy line.
package source

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Pos is a place in a policy file. Line and Col count from 1; Col counts characters. The zero Pos is no place.
type Pos struct {
	File string
	Line int
	Col  int
}

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String is file:line:col, or "-" for no place.
func (p Pos) String() string {
	if !p.IsValid() {
		if p.File != "" {
			return p.File
		}
		return "-"
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
}

// Severity orders findings: an Error keeps a policy from running, a Warning does not, a Note only informs.
type Severity int

const (
	Note Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"note", "warning", "error"}[s] }

// Finding is one thing to say about a policy.
type Finding struct {
	Pos      Pos
	Severity Severity
	ID       string // stable, lower case with hyphens: "unknown-zone"
	Message  string // what is wrong, in the administrator's words; lower case, no full stop
	Hint     string // what to write instead; may be empty
}

// String is "file:line:col: severity: message [id]", and the hint on a line of its own.
func (f Finding) String() string {
	s := fmt.Sprintf("%s: %s: %s [%s]", f.Pos, f.Severity, f.Message, f.ID)
	if f.Hint != "" {
		s += "\n    " + f.Hint
	}
	return s
}

// Findings is a list of findings; as an error it prints all of them.
type Findings []Finding

// Error lists the findings, one after the other.
func (fs Findings) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Worst is the highest severity in fs, and false if fs is empty.
func (fs Findings) Worst() (worst Severity, any bool) {
	for _, f := range fs {
		worst = max(worst, f.Severity)
	}
	return worst, len(fs) > 0
}

// HasErrors reports whether one of fs keeps the policy from running.
func (fs Findings) HasErrors() bool {
	worst, any := fs.Worst()
	return any && worst == Error
}

// Sort orders fs by position; the order of files is that of their first finding.
func (fs Findings) Sort() {
	order := map[string]int{}
	for _, f := range fs {
		if _, seen := order[f.Pos.File]; !seen {
			order[f.Pos.File] = len(order)
		}
	}
	sort.SliceStable(fs, func(i, j int) bool {
		a, b := fs[i].Pos, fs[j].Pos
		if a.File != b.File {
			return order[a.File] < order[b.File]
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
}
