package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/lint"
	"zorpgo/engine/source"
)

// policy is what the commands that read a policy have in common: its files and the instance.
type policy struct {
	files    []string
	instance string
	says     *slog.Logger // for what the policy itself logs and prints
}

// flags gives cmd the ways to name the instance.
func (p *policy) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.instance, "instance", "", "the function that declares the policy (default_instance, or the only one)")
	cmd.Flags().StringVar(&p.instance, "as", "", "the same as --instance")
}

// load reads the policy and examines it. The error is that of a file; what is wrong with the policy are findings, and
// with errors among them there is no Config.
func (p *policy) load() (*engine.Config, source.Findings, error) {
	config, found, err := builtins.Load(builtins.Options{Instance: p.instance, Log: p.says, Lint: lint.Check}, p.files...)
	if err != nil {
		return nil, nil, &failure{status: exitUsage, err: err}
	}
	return config, found, nil
}

// loadGood is load for commands that put the policy to use: what was found goes to w, and errors refuse it.
func (p *policy) loadGood(w io.Writer) (*engine.Config, error) {
	config, found, err := p.load()
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		fmt.Fprintln(w, found.Error())
	}
	if found.HasErrors() {
		return nil, &failure{status: exitPolicy, err: fmt.Errorf("the policy has %s", tally(found))}
	}
	return config, nil
}

// tally counts findings in words: "2 errors, 1 warning".
func tally(found source.Findings) string {
	var parts []string
	for _, severity := range []source.Severity{source.Error, source.Warning, source.Note} {
		n := 0
		for _, f := range found {
			if f.Severity == severity {
				n++
			}
		}
		switch {
		case n == 1:
			parts = append(parts, "1 "+severity.String())
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, severity))
		}
	}
	return strings.Join(parts, ", ")
}

// startFailure is err with the status that says whether the machine or the policy is to blame.
func startFailure(err error) *failure {
	if engine.Refused(err) {
		return &failure{status: exitMachine, err: err}
	}
	return &failure{status: exitPolicy, err: err}
}
