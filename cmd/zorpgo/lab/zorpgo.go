package lab

import (
	"os"
	"strings"
)

// Zorpgo starts "zorpgo run" with policy files on the firewall, and waits until it serves.
func (l *Lab) Zorpgo(files ...string) *Process {
	l.t.Helper()
	return l.StartReady(l.Firewall, l.zorpgo("run", files))
}

// ZorpgoTransparent is Zorpgo with the ruleset loaded while it runs.
func (l *Lab) ZorpgoTransparent(files ...string) *Process {
	l.t.Helper()
	return l.StartReady(l.Firewall, l.zorpgo("run", append([]string{"--transparent"}, files...)))
}

// ZorpgoNot starts "zorpgo run" as Zorpgo does but without capabilities, and does not wait.
func (l *Lab) ZorpgoNot(without []uintptr, files ...string) *Process {
	l.t.Helper()
	c := l.zorpgo("run", files)
	c.Without = without
	return l.Firewall.Start(c)
}

func (l *Lab) zorpgo(verb string, files []string) Command {
	return Command{
		Args: append([]string{os.Getenv(envBinary), verb}, files...),
		Env:  []string{"XDG_RUNTIME_DIR=" + l.dir, "RUNTIME_DIRECTORY=" + l.Dir()},
	}
}

// WayBack gives the firewall what brings the answers to a forged address to zorpgo: a mark for packets of its
// transparent sockets, and marked packets taken for its own.
func (l *Lab) WayBack() {
	l.t.Helper()
	l.Firewall.Run(Command{Args: []string{"nft", "-f", "-"}, Stdin: `
table inet lab {
	chain divert {
		type filter hook prerouting priority mangle; policy accept;
		meta l4proto { tcp, icmp, ipv6-icmp } socket transparent 1 meta mark set 1 accept
	}
}`})
	for _, command := range []string{
		"ip -4 rule add fwmark 1 lookup 100", "ip -4 route add local default dev lo table 100",
		"ip -6 rule add fwmark 1 lookup 100", "ip -6 route add local default dev lo table 100",
	} {
		l.Firewall.Run(Command{Args: strings.Fields(command)})
	}
}
