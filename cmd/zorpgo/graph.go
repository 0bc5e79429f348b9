package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine"
	"zorpgo/engine/graph"
	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

// sketch is the command line of graph.
type sketch struct {
	policy
	format, output string
}

func newGraph() *cobra.Command {
	s := &sketch{}
	cmd := &cobra.Command{
		Use:   "graph FILE...",
		Short: "Draw the policy: zones, rules, services, routers, servers",
		Long: `graph draws the policy from left to right: the zones that clients come from, the
rules with their conditions, the services, their routers, and the servers. What
no rule uses is faint. Of more than 40 rules those that differ in addresses and
zones alone share a box.

An SVG shows in any browser, light or dark as that is set; a box that is pointed
at tells its position in the policy and all that it stands for. dot is for
Graphviz, mermaid for pages that draw it.`,
		Example: `  zorpgo graph zones.star mail.star -o policy.svg`,
		Args:    someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			s.files = files
			return s.run(cmd)
		},
	}
	s.flags(cmd)
	cmd.Flags().StringVar(&s.format, "format", "", "svg, dot or mermaid (what the end of -o's FILE says, else svg)")
	cmd.Flags().StringVarP(&s.output, "output", "o", "", "the `FILE` to write, instead of standard output")
	return cmd
}

func (s *sketch) run(cmd *cobra.Command) error {
	write, err := s.writer()
	if err != nil {
		return usageError(cmd, err)
	}
	config, found, err := s.examine(undisputed)
	if err != nil {
		return err
	}
	s.printer(cmd.ErrOrStderr())(found)
	if found.HasErrors() {
		return &failure{status: exitPolicy, err: fmt.Errorf("the policy has %s", report.Tally(found))}
	}
	var text bytes.Buffer
	if err := write(graph.Of(config), &text); err != nil {
		return err
	}
	if s.output == "" {
		_, err = cmd.OutOrStdout().Write(text.Bytes())
	} else {
		err = os.WriteFile(s.output, text.Bytes(), 0o644)
	}
	return machine(err)
}

// undisputed has nothing to say: what run refuses for reasons of its own can be drawn.
func undisputed(*engine.Config, source.Findings) source.Findings { return nil }

// writer is how the drawing is written.
func (s *sketch) writer() (func(*graph.Graph, io.Writer) error, error) {
	format := s.format
	if end := strings.ToLower(filepath.Ext(s.output)); format == "" && end != "" {
		format = map[string]string{".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}[end]
		if format == "" {
			return nil, fmt.Errorf("-o %s: write a name that ends in .svg, .dot or .mmd, or say --format", s.output)
		}
	}
	switch format {
	case "", "svg":
		return func(g *graph.Graph, w io.Writer) error { return g.SVG(w, graph.SVGOptions{}) }, nil
	case "dot":
		return (*graph.Graph).DOT, nil
	case "mermaid":
		return (*graph.Graph).Mermaid, nil
	}
	return nil, fmt.Errorf("--format %s: write svg, dot or mermaid", format)
}
