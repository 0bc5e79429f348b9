package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/builtins/catalogue"
	"zorpgo/engine"
	"zorpgo/engine/report"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
)

func newCheck() *cobra.Command {
	p, format := &policy{}, "text"
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say everything that is wrong with a policy",
		Long: `check reads the policy as run does and prints every problem at once: its place, the
line with a caret, and a way out. zorpgo doc ID explains the id in brackets. It opens
nothing. Exit status 1 if there are errors; warnings and notes leave it 0.

--format json prints one object: "version" (1), "errors", "warnings" and "notes" (how
many), and "findings", a list of objects with "file", "line" and "column" (from 1, in
characters; "" and 0 if it has no place), "severity" (error, warning or note), "id",
"message" and "hint" ("" if there is none). --format sarif prints SARIF 2.1.0, with
what doc says of the ids.`,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			p.files = files
			return check(cmd, p, format)
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&format, "format", format, "text, json or sarif")
	return cmd
}

func check(cmd *cobra.Command, p *policy, format string) error {
	if !slices.Contains([]string{"text", "json", "sarif"}, format) {
		return usageError(cmd, fmt.Errorf("--format %s: write text, json or sarif", format))
	}
	config, found, err := p.examine(rights().Check)
	if err != nil {
		return err
	}
	switch out := cmd.OutOrStdout(); format {
	case "json":
		err = report.JSON(out, found)
	case "sarif":
		err = report.SARIF(out, found, explained, p.text)
	default:
		err = checked(out, p, config, found)
	}
	if err == nil && found.HasErrors() {
		err = &failure{status: exitPolicy}
	}
	return err
}

// checked prints what was found and, of a policy without errors, what it would do.
func checked(out io.Writer, p *policy, config *engine.Config, found source.Findings) error {
	p.printer(out)(found)
	if len(found) > 0 {
		fmt.Fprintln(out, report.Tally(found))
	}
	if config == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "%s would run: %s\n%s", instanceName(config), strings.Join(opens(config), "; "), needs(config))
	return err
}

// explained is what the catalogue says of an id.
func explained(id string) report.Rule {
	page, _ := catalogue.Find(id)
	return report.Rule{ID: id, Level: page.Severity, Summary: page.Summary, Text: page.Text}
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
