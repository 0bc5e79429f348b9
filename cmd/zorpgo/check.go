package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/rule"
)

func newCheck() *cobra.Command {
	p := &policy{}
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say everything that is wrong with a policy",
		Long: `check reads the policy as run does and prints every problem at once, each with
file:line:col and a way out. It opens nothing. Exit status 1 if there are errors;
warnings and notes leave it 0.`,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			p.files = files
			return check(cmd, p)
		},
	}
	p.flags(cmd)
	return cmd
}

func check(cmd *cobra.Command, p *policy) error {
	config, found, err := p.load()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if len(found) > 0 {
		fmt.Fprintf(out, "%s\n%s\n", found.Error(), tally(found))
	}
	if found.HasErrors() {
		return &failure{status: exitPolicy}
	}
	fmt.Fprintf(out, "%s would run: %s\n", instanceName(config), strings.Join(opens(config), "; "))
	return nil
}

func instanceName(c *engine.Config) string {
	if c.Instance == "" {
		return "the policy"
	}
	return c.Instance
}

// opens says for each rule where its connections come in and which service they meet.
func opens(c *engine.Config) []string {
	var list []string
	for _, r := range c.Rules.All() {
		list = append(list, ends(r)+" -> "+r.Service)
	}
	if len(list) == 0 {
		return []string{"no rule, no listener"}
	}
	return list
}

// ends are the destinations that a rule takes, in few words: "172.16.40.1:25", "any address, any port".
func ends(r *rule.Rule) string {
	var to, ports []string
	for _, p := range r.DstSubnet {
		if p.IsSingleIP() {
			to = append(to, bracketed(p.Addr()))
		} else {
			to = append(to, p.String())
		}
	}
	for _, z := range r.DstZone {
		to = append(to, "zone "+z.Name)
	}
	for _, i := range r.DstIface {
		to = append(to, "interface "+i)
	}
	for _, g := range r.DstIfgroup {
		to = append(to, fmt.Sprint("interface group ", g))
	}
	for _, p := range r.DstPort {
		if p.Low == p.High {
			ports = append(ports, fmt.Sprint(p.Low))
		} else {
			ports = append(ports, fmt.Sprintf("%d-%d", p.Low, p.High))
		}
	}
	return orElse(to, "any address") + ":" + orElse(ports, "any port")
}

func orElse(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ",")
}

// bracketed is an address as it stands before a port.
func bracketed(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	return "[" + a.String() + "]"
}
