package tproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Apply loads the ruleset and the routing that it needs. What is there already is replaced in one step, so a crashed
// predecessor leaves nothing to clean up. It needs CAP_NET_ADMIN and the program nft.
func (s *Ruleset) Apply(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	for _, family := range families {
		if err := addRouting(family); err != nil {
			return fmt.Errorf("routing of %s: %w", family.name, err)
		}
	}
	return nil
}

// load has nft read the ruleset.
func (s *Ruleset) load(ctx context.Context) error { return runNft(ctx, s.String(), "-f", "-") }

// Remove unloads the ruleset, and the routing with the last table of zorpgo's.
func (s *Ruleset) Remove(ctx context.Context) error {
	if err := runNft(ctx, "", "destroy", "table", "inet", s.Name()); err != nil {
		// Older versions of nft cannot destroy what is not there.
		if err = runNft(ctx, fmt.Sprintf("table inet %[1]s\ndelete table inet %[1]s\n", s.Name()), "-f", "-"); err != nil {
			return err
		}
	}
	left, err := tables(ctx)
	if err != nil || left > 0 {
		return err
	}
	var failed []error
	for _, family := range families {
		failed = append(failed, removeRouting(family))
	}
	return errors.Join(failed...)
}

// tables counts the tables of rulesets that are loaded.
func tables(ctx context.Context) (int, error) {
	out, err := exec.CommandContext(ctx, "nft", "list", "tables", "inet").Output()
	return strings.Count(string(out), " "+namePrefix), err
}

func runNft(ctx context.Context, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, "nft", args...)
	cmd.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("the program nft is not installed: %w", err)
	case err != nil:
		return fmt.Errorf("nft %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return nil
}

// families are the two that have routing of their own.
var families = []ipFamily{
	{"IPv4", netlink.FAMILY_V4, &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}},
	{"IPv6", netlink.FAMILY_V6, &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}},
}

type ipFamily struct {
	name   string
	number int
	all    *net.IPNet
}

// addRouting delivers marked packets locally. A host without the family needs nothing.
func addRouting(f ipFamily) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.RouteReplace(localRoute(f, lo)); err != nil {
		if absent(err) {
			return nil
		}
		return err
	}
	if there, err := hasMarkRule(f); there || err != nil {
		return err
	}
	return netlink.RuleAdd(markRule(f))
}

func removeRouting(f ipFamily) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	for _, err := range []error{netlink.RuleDel(markRule(f)), netlink.RouteDel(localRoute(f, lo))} {
		if err != nil && !absent(err) {
			return err
		}
	}
	return nil
}

// absent reports whether err says that there is no such thing to delete, or no such family.
func absent(err error) bool {
	for _, e := range []unix.Errno{unix.ENOENT, unix.ESRCH, unix.EAFNOSUPPORT, unix.EOPNOTSUPP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func localRoute(f ipFamily, lo netlink.Link) *netlink.Route {
	return &netlink.Route{Family: f.number, Table: Table, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST, LinkIndex: lo.Attrs().Index, Dst: f.all}
}

func markRule(f ipFamily) *netlink.Rule {
	mask := uint32(Mark)
	r := netlink.NewRule()
	r.Family, r.Mark, r.Mask, r.Table = f.number, Mark, &mask, Table
	return r
}

func hasMarkRule(f ipFamily) (bool, error) {
	rules, err := netlink.RuleListFiltered(f.number, markRule(f), netlink.RT_FILTER_MARK|netlink.RT_FILTER_MASK|netlink.RT_FILTER_TABLE)
	return len(rules) > 0, err
}
