package core

import (
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

const ifgroupFile = "/etc/iproute2/group"

// ifgroups are the names of interface groups. A file that is missing or faulty gives none, as in Zorp.
func ifgroups(d *word.Draft) map[string]int {
	return groupNames(d, ifgroupFile, func(text string) (int, error) { return number(decimal(starlark.String(text)), 255) })
}

// groupNames reads a file of lines "number name".
func groupNames(d *word.Draft, file string, read func(string) (int, error)) map[string]int {
	text, err := d.ReadFile(file)
	if err != nil {
		return nil
	}
	names, seen := map[string]int{}, map[int]bool{}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil
		}
		n, err := read(fields[0])
		if err != nil || seen[n] {
			return nil
		}
		names[fields[1]], seen[n] = n, true
	}
	return names
}
