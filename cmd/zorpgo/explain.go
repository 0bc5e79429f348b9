package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/explain"
	"zorpgo/engine/lint"
	"zorpgo/engine/report"
	"zorpgo/engine/rule"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// explanation is the command line of explain.
type explanation struct {
	policy
	client, server, iface string
	format                string
	all                   bool
}

func newExplain() *cobra.Command {
	e := &explanation{}
	cmd := &cobra.Command{
		Use:   "explain FILE... --client IP[:PORT] --server IP:PORT",
		Short: "Say which rule a connection would meet, and why",
		Long: `explain names the rule that a TCP connection of --client to --server would meet,
every other rule that matches with what decides against it, the zones of both
ends, the listener, the service, and the server it would connect to after routing
and NAT. If no rule matches, the nearest ones say what they want instead. It opens
and connects to nothing. A policy that run refuses, because it needs what is not
built yet, is explained all the same, with the reason.

Without --client's port it is taken to be 40000. Without --iface no condition on
the incoming interface holds; of an interface that this host does not have only
the name is known.

Exit status: 0 a rule gives the connection to a service, 1 no rule matches or a
DenyService wins (or the policy has errors), 2 wrong usage or an unreadable file.`,
		Example: `  zorpgo explain zones.star mail.star --client 172.16.40.2 --server 172.16.40.1:25`,
		Args:    someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			e.files = files
			return e.run(cmd)
		},
	}
	e.flags(cmd)
	cmd.Flags().StringVar(&e.client, "client", "", "the client's `IP[:PORT]`")
	cmd.Flags().StringVar(&e.server, "server", "", "the `IP:PORT` that the client connects to")
	cmd.Flags().StringVar(&e.iface, "iface", "", "the `NAME` of the incoming interface")
	cmd.Flags().StringVar(&e.format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&e.all, "all", false, "list all rules that do not match: else none if one matches, or the nearest 10")
	return cmd
}

func (e *explanation) run(cmd *cobra.Command) error {
	question, err := e.question()
	if err != nil {
		return usageError(cmd, err)
	}
	config, refused, err := e.loadAnyway(cmd)
	if err != nil {
		return err
	}
	if err := possible(config, question); err != nil {
		return usageError(cmd, err)
	}
	answer := explain.Explain(config, question)
	answer.Refuse(refused)
	if !e.all {
		answer.Shorten()
	}
	if e.format == "json" {
		out := json.NewEncoder(cmd.OutOrStdout())
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(answer); err != nil {
			return &failure{status: exitMachine, err: err}
		}
	} else {
		answer.Write(cmd.OutOrStdout())
	}
	if answer.Outcome != explain.Served {
		return &failure{status: exitPolicy}
	}
	return nil
}

// question reads what the flags name.
func (e *explanation) question() (q explain.Question, err error) {
	if e.format != "text" && e.format != "json" {
		return q, fmt.Errorf("--format %s: write text or json", e.format)
	}
	if q.Client, err = clientAddr(e.client); err != nil {
		return q, err
	}
	if q.Server, err = serverAddr(e.server); err != nil {
		return q, err
	}
	if e.iface != "" {
		q.Iface = explain.FindInterface(e.iface)
	}
	return q, nil
}

// possible says why there cannot be such a connection: only a proxy in front joins two families.
func possible(c *engine.Config, q explain.Question) error {
	client, server := stream.FamilyOf(q.Client.Addr()), stream.FamilyOf(q.Server.Addr())
	proxied := slices.ContainsFunc(c.Rules.All(), func(r *rule.Rule) bool { return len(r.ProxiesFrom) > 0 })
	if client != server && !proxied {
		return fmt.Errorf("--client is %s and --server is %s: such a connection cannot be", client, server)
	}
	return nil
}

func clientAddr(text string) (netip.AddrPort, error) {
	if text == "" {
		return netip.AddrPort{}, errors.New("name the client: --client IP or IP:PORT")
	}
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return netip.AddrPortFrom(addr.Unmap(), 0), nil
	}
	return addrPort("--client", "IP or IP:PORT", text)
}

func serverAddr(text string) (netip.AddrPort, error) {
	if text == "" {
		return netip.AddrPort{}, errors.New("name what the client connects to: --server IP:PORT")
	}
	return addrPort("--server", "IP:PORT", text)
}

func addrPort(flag, form, text string) (netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(text)
	if err != nil || at.Port() == 0 {
		return at, fmt.Errorf("%s %s: write %s, such as 192.0.2.1:25 or [2001:db8::1]:25", flag, text, form)
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), nil
}

// loadAnyway reads a policy that could be loaded, with the findings for which it may not be run.
func (e *explanation) loadAnyway(cmd *cobra.Command) (config *engine.Config, refused source.Findings, err error) {
	e.texts = map[string][]byte{}
	config, found, err := builtins.Load(builtins.Options{Instance: e.instance, Log: e.says, ReadFile: e.read,
		Lint: func(declared *engine.Config, sofar source.Findings) source.Findings {
			refused = lint.Check(declared, sofar)
			return nil
		}}, e.files...)
	if err != nil {
		return nil, nil, &failure{status: exitUsage, err: err}
	}
	e.printer(cmd.ErrOrStderr())(found)
	if found.HasErrors() {
		return nil, nil, &failure{status: exitPolicy, err: fmt.Errorf("the policy has %s", report.Tally(found))}
	}
	return config, refused, nil
}
