package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/privilege"
)

// confinement is how run gives up what it does not need.
type confinement struct {
	noSandbox bool
}

func (c *confinement) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.noSandbox, "no-sandbox", false, "keep the right to open other files than those that the policy names")
}

// giveUp keeps the rights that the policy in force needs, and no others.
func (s *server) giveUp(log *slog.Logger, c *engine.Config) error {
	held, err := privilege.Held()
	if err != nil {
		return err
	}
	keep, pass := s.keeps(c, held)
	switch err := privilege.Keep(keep, pass); {
	case errors.Is(err, privilege.ErrCgo):
		log.Warn("no rights are given up", "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("cannot give up rights: %w", err)
	}
	log.Info("rights given up", "kept", keep.String())
	if s.confine.noSandbox {
		return nil
	}
	access := s.access()
	switch err := privilege.Confine(access); {
	case errors.Is(err, privilege.ErrNoLandlock):
		log.Info("files are not given up", "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("cannot give up files (--no-sandbox does without that): %w", err)
	}
	s.reach.limit(&access)
	log.Info("files given up", "landlock", privilege.Landlock(), "kept", s.reach.trees())
	return nil
}

// keeps are the capabilities that this process goes on with, of those that it holds, and those for the program nft.
func (s *server) keeps(c *engine.Config, held privilege.Set) (keep, pass privilege.Set) {
	if s.intercept.on {
		keep, pass = privilege.NetAdmin, privilege.NetAdmin
	}
	for _, n := range engine.Needs(c, lowestPort()) {
		if !n.Serving {
			continue
		}
		if held&n.Give != 0 {
			keep |= n.Give
		} else {
			keep |= n.Any
		}
	}
	return keep & held, pass & held
}

// mayRun says what a new policy needs that this process gave up.
func (s *server) mayRun(e *engine.Engine, c *engine.Config) error {
	held, err := privilege.Held()
	if err != nil {
		return err
	}
	for _, n := range engine.Needs(c, lowestPort()) {
		listening := slices.ContainsFunc(e.Listening(), func(l engine.Listening) bool {
			return l.At == n.At || !n.At.IsValid() && !n.Serving && l.Intercepted
		})
		if held&n.Any == 0 && !n.Perhaps && !listening {
			return fmt.Errorf("restart needed: %s: the policy needs %s %s, which this process gave up or never had", n.Pos, n.Give, n.Why)
		}
	}
	return nil
}

// access is what of the file system is needed while the policy is served.
func (s *server) access() privilege.Access {
	a := privilege.Access{Read: slices.Concat(s.reach.trees(), systemFiles), Write: append(s.control.directories(), os.DevNull)}
	if s.intercept.on {
		if nft, err := exec.LookPath("nft"); err == nil {
			a.Run = append(a.Run, nft)
		}
		a.Run = append(a.Run, libraries...)
		a.Read = append(a.Read, "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/protocols", "/etc/services")
	}
	return a
}

// systemFiles are what the resolver, TLS, the clock and the runtime read, with what they may be links to.
var systemFiles = []string{
	"/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/etc/hosts", "/etc/nsswitch.conf", "/etc/mdns.allow",
	"/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/etc/localtime", "/usr/share/zoneinfo",
	"/etc/mailname", "/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2",
	"/proc/self", "/proc/sys/net", "/proc/sys/kernel", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
}

// libraries are where the program nft finds its own.
var libraries = []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"}
