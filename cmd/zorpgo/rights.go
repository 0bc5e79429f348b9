package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"zorpgo/engine/lint"
	"zorpgo/engine/stream"
)

// rights are those of this process on this host.
func rights() lint.Rights {
	r := lint.Rights{Forge: stream.CanForge}
	if !capable(unix.CAP_NET_BIND_SERVICE) {
		r.LowestPort = lowestPort()
	}
	return r
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
func capable(capability int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return true
	}
	return sets[capability/32].Effective&(1<<(capability%32)) != 0
}
