package core

import (
	"strings"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

const ifgroupFile = "/etc/iproute2/group"

// ifgroups are the names of interface groups. A file that is missing or faulty gives none, as in Zorp.
func ifgroups(d *word.Draft) map[string]int {
	text, err := d.ReadFile(ifgroupFile)
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
		n, err := number(decimal(starlark.String(fields[0])), 255)
		if err != nil || seen[n] {
			return nil
		}
		names[fields[1]], seen[n] = n, true
	}
	return names
}
