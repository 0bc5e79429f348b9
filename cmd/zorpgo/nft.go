package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/privilege"
	"zorpgo/engine/tproxy"
)

// filter is the command line of nft.
type filter struct {
	policy
	apply, remove bool
	unmatched     unmatched
	port          interceptPort
	local         []string
}

// interceptPort is where intercepted connections are led to; each instance on a host needs its own.
type interceptPort uint16

func (p *interceptPort) flag(cmd *cobra.Command) {
	cmd.Flags().Uint16Var((*uint16)(p), "intercept-port", engine.InterceptPort, "the `PORT` on 127.0.0.1 and ::1 that takes intercepted connections; each instance needs its own")
}

// unmatched is what becomes of forwarded packets that no rule matches.
type unmatched struct{ what string }

func (u *unmatched) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&u.what, "unmatched", "drop", "`drop` forwarded packets that no rule matches, or leave them to other tables")
}

func (u *unmatched) leave(cmd *cobra.Command) (bool, error) {
	if u.what != "drop" && u.what != "leave" {
		return false, usageError(cmd, fmt.Errorf("--unmatched %s is neither drop nor leave", u.what))
	}
	return u.what == "leave", nil
}

func newNft() *cobra.Command {
	f := &filter{}
	cmd := &cobra.Command{
		Use:   "nft FILE...",
		Short: "Print the ruleset of nftables and the routing that a policy needs",
		Long: `nft prints what the kernel must be told so that the policy's connections come to
the proxy: a ruleset of nftables, one table of its own that takes the place of
the same table from before, and the routing commands as a comment. Pipe it into
nft -f -, or say --apply to load both, --remove to unload them; run --transparent
does so for as long as it runs.

A dst_subnet of one address is taken for an address of this host; --local says
which ones are, and --apply looks. Forwarded packets that no rule matches are
dropped; --unmatched leave leaves them to the host's other tables. Packets to
the host itself that no rule matches are always left to them.`,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			f.files = files
			return f.run(cmd)
		},
	}
	f.flags(cmd)
	f.unmatched.flag(cmd)
	f.port.flag(cmd)
	cmd.Flags().BoolVar(&f.apply, "apply", false, "load the ruleset and set up the routing, as root")
	cmd.Flags().BoolVar(&f.remove, "remove", false, "unload the ruleset and undo the routing, as root")
	cmd.Flags().StringSliceVar(&f.local, "local", nil, "the `ADDRESSES` that are this host's; without it all that rules name one by one")
	cmd.MarkFlagsMutuallyExclusive("apply", "remove")
	return cmd
}

func (f *filter) run(cmd *cobra.Command) error {
	leave, err := f.unmatched.leave(cmd)
	if err != nil {
		return err
	}
	local, err := f.addresses(cmd)
	if err != nil {
		return err
	}
	if f.remove {
		return f.unload(cmd)
	}
	config, err := f.loadGood(f.printer(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	rules := engine.Ruleset(config, local, leave)
	rules.Port = uint16(f.port)
	if f.apply {
		return machine(rules.Apply(cmd.Context()))
	}
	out := cmd.OutOrStdout()
	fmt.Fprint(out, rules)
	fmt.Fprintf(out, "\n# And the routing, once, as root:\n#   %s\n", strings.Join(tproxy.Routing(), "\n#   "))
	return nil
}

// unload needs the instance's name only: a policy that was broken meanwhile can be unloaded too.
func (f *filter) unload(cmd *cobra.Command) error {
	config, _, err := f.load()
	if err != nil {
		return err
	}
	rules := &tproxy.Ruleset{Instance: cmp.Or(f.instance, "default_instance")}
	if config != nil {
		rules.Instance = config.Instance
	}
	return machine(rules.Remove(cmd.Context()))
}

// addresses tells which addresses are this host's.
func (f *filter) addresses(cmd *cobra.Command) (func(netip.Addr) bool, error) {
	var own []netip.Addr
	for _, text := range f.local {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, usageError(cmd, fmt.Errorf("--local %s is no IP address", text))
		}
		own = append(own, a.Unmap())
	}
	switch {
	case len(own) > 0:
		return func(a netip.Addr) bool { return slices.Contains(own, a.Unmap()) }, nil
	case f.apply:
		local, err := engine.HostAddrs()
		return local, machine(err)
	}
	return func(netip.Addr) bool { return true }, nil
}

// machine is err as a refusal of this host.
func machine(err error) error {
	if err == nil {
		return nil
	}
	return &failure{status: exitMachine, err: err}
}

// interception is a ruleset that is loaded while run serves.
type interception struct {
	on, keep  bool
	unmatched unmatched
	port      interceptPort
	loaded    *tproxy.Ruleset
}

func (i *interception) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&i.on, "transparent", false, "load what zorpgo nft prints while it runs")
	cmd.Flags().BoolVar(&i.keep, "keep-ruleset", false, "with --transparent: leave it loaded at the end, so that nothing goes past until the next start")
	i.unmatched.flag(cmd)
	i.port.flag(cmd)
}

// load puts the packet filter's part of c in force. If a reload changed the instance its table is another one, and the
// old one goes: the rest of its sessions need no more than every table does.
func (i *interception) load(ctx context.Context, c *engine.Config) error {
	if !i.on {
		return nil
	}
	_ = privilege.Pass(privilege.NetAdmin) // nft needs it, and has it anyway if root started this
	local, err := engine.HostAddrs()
	if err != nil {
		return err
	}
	rules := engine.Ruleset(c, local, i.unmatched.what == "leave")
	rules.Port = uint16(i.port)
	if err := rules.Apply(ctx); err != nil {
		return err
	}
	old := i.loaded
	i.loaded = rules
	if old == nil || old.Name() == rules.Name() {
		return nil
	}
	return old.Remove(ctx)
}

// unload leaves the host as it was.
func (i *interception) unload() error {
	rules := i.loaded
	i.loaded = nil
	if rules == nil || i.keep {
		return nil
	}
	return rules.Remove(context.Background())
}
