// Package tproxy is what the kernel must be told so that packets of other hosts' addresses reach the proxy.
//
// An engine that forges addresses asks it at start whether the answers find their way back.
package tproxy

import (
	"fmt"
	"net"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"zorpgo/engine/stream"
)

// Missing says what keeps the answers to forged addresses from coming back.
type Missing struct {
	Family stream.Family
	Table  string // the table that a rule names, and that has no local default route; "" if there is no such rule
}

// WayBack looks in the current network namespace for a policy rule for marked packets, or for those of an interface,
// whose table delivers everything locally. It is a *Missing if there is none.
//
// Whether packets get the mark is not looked at: that may be done by nftables, iptables or not at all.
func WayBack(f stream.Family) error {
	family := netlink.FAMILY_V4
	if f == stream.IPv6 {
		family = netlink.FAMILY_V6
	}
	rules, err := netlink.RuleList(family)
	if err != nil {
		return fmt.Errorf("cannot list the routing rules of %s: %w", f, err)
	}
	missing := &Missing{Family: f}
	for _, r := range rules {
		if r.Mark == 0 && (r.IifName == "" || r.IifName == "lo") {
			continue
		}
		local, err := deliversLocally(family, r.Table)
		if err != nil {
			return fmt.Errorf("cannot list the routes of table %d: %w", r.Table, err)
		}
		if local {
			return nil
		}
		missing.Table = fmt.Sprint(r.Table)
	}
	return missing
}

func deliversLocally(family, table int) (bool, error) {
	routes, err := netlink.RouteListFiltered(family, &netlink.Route{Table: table, Type: unix.RTN_LOCAL},
		netlink.RT_FILTER_TABLE|netlink.RT_FILTER_TYPE)
	for _, r := range routes {
		if isDefault(r.Dst) {
			return true, err
		}
	}
	return false, err
}

func isDefault(n *net.IPNet) bool {
	if n == nil {
		return true
	}
	ones, _ := n.Mask.Size()
	return ones == 0
}

// Error says which part is missing.
func (m *Missing) Error() string {
	if m.Table == "" {
		return fmt.Sprintf("answers to forged %s addresses have no way back: no routing rule sends marked packets to a table that delivers them locally", m.Family)
	}
	return fmt.Sprintf("answers to forged %s addresses have no way back: table %s lacks the route \"local default dev lo\"", m.Family, m.Table)
}

// Commands are what to type as root to have all that forging needs.
func (m *Missing) Commands() []string {
	ip, table := "ip", "100"
	if m.Family == stream.IPv6 {
		ip = "ip -6"
	}
	var list []string
	if m.Table == "" {
		list = append(list, ip+" rule add fwmark 1 lookup "+table)
	} else {
		table = m.Table
	}
	return append(list,
		ip+" route add local default dev lo table "+table,
		"nft add table inet zorpgo",
		"nft 'add chain inet zorpgo forged { type filter hook prerouting priority mangle; }'",
		"nft 'add rule inet zorpgo forged meta l4proto { tcp, icmp, ipv6-icmp } socket transparent 1 meta mark set 1 accept'",
	)
}

// Paste is the commands as one line for a shell, fit for a log.
func (m *Missing) Paste() string { return strings.Join(m.Commands(), " && ") }
