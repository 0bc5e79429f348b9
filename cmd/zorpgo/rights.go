package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"zorpgo/engine"
	"zorpgo/engine/lint"
	"zorpgo/engine/privilege"
	"zorpgo/engine/stream"
)

// rights are those of this process on this host.
func rights() lint.Rights {
	r := lint.Rights{Forge: stream.CanForge}
	if !capable(privilege.NetBindService) {
		r.LowestPort = lowestPort()
	}
	return r
}

// needs says which rights a policy needs and what for, one a line.
func needs(c *engine.Config) string {
	var lines []string
	for _, n := range engine.Needs(c, lowestPort()) {
		when := "to start"
		if n.Serving {
			when = "to serve"
		}
		if n.Perhaps {
			when += ", perhaps"
		}
		line := fmt.Sprintf("it needs %s %s: %s\n", n.Give, when, n.Why)
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// lowestPort is the first port that needs no right.
func lowestPort() uint16 {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16); err == nil {
		return uint16(n)
	}
	return 1024
}

// capable reports whether this process has a capability; it has if that cannot be found out.
func capable(capability privilege.Set) bool {
	held, err := privilege.Held()
	return err != nil || held&capability != 0
}
