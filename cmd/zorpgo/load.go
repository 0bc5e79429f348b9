package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/lint"
	"zorpgo/engine/match"
	"zorpgo/engine/rehearse"
	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

// policy is what the commands that read a policy have in common: its files and the instance.
type policy struct {
	files    []string
	instance string
	says     *slog.Logger      // for what the policy itself logs and prints
	played   bool              // nobody outside is asked: names and mail servers are played
	texts    map[string][]byte // of the files as they were read, for the lines that findings show
	reach    reach
}

// flags gives cmd the ways to name the instance.
func (p *policy) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.instance, "instance", "", "the function that declares the policy (default_instance, or the only one)")
	cmd.Flags().StringVar(&p.instance, "as", "", "the same as --instance")
}

// load reads the policy and examines it. The error is that of a file; what is wrong with the policy are findings, and
// with errors among them there is no Config.
func (p *policy) load() (*engine.Config, source.Findings, error) { return p.examine(lint.Check) }

// examine is load with the examination to be made.
func (p *policy) examine(lint func(*engine.Config, source.Findings) source.Findings) (*engine.Config, source.Findings, error) {
	p.texts = map[string][]byte{}
	options := builtins.Options{Instance: p.instance, Log: p.says, Lint: lint, ReadFile: p.read, Open: p.reach.open}
	if p.played {
		options.Resolve, options.LookupAddr, options.DialMail = rehearse.Resolve, rehearse.LookupAddr, rehearse.DialMail
		options.ResolveAt = func(netip.AddrPort) match.Resolve { return rehearse.Resolve }
	}
	config, found, err := builtins.Load(options, p.files...)
	if err != nil {
		return nil, nil, &failure{status: exitUsage, err: err}
	}
	return config, found, nil
}

// read reads a file and keeps its text.
func (p *policy) read(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		p.texts[file] = text
	}
	return text, p.reach.note(file, err)
}

func (p *policy) text(file string) ([]byte, bool) {
	text, ok := p.texts[file]
	return text, ok
}

// printer writes findings to w, for people.
func (p *policy) printer(w io.Writer) func(source.Findings) {
	return func(found source.Findings) {
		_ = report.Text(w, found, p.text) // that w is closed could only be said to w
	}
}

// loadGood is load for commands that put the policy to use: what was found goes to say, and errors refuse it.
func (p *policy) loadGood(say func(source.Findings)) (*engine.Config, error) {
	config, found, err := p.load()
	if err != nil {
		return nil, err
	}
	say(found)
	if found.HasErrors() {
		return nil, &failure{status: exitPolicy, err: fmt.Errorf("the policy has %s", report.Tally(found))}
	}
	return config, nil
}

// startFailure is err with the status that says whether the machine or the policy is to blame.
func startFailure(err error) *failure {
	if engine.Refused(err) {
		return &failure{status: exitMachine, err: err}
	}
	return &failure{status: exitPolicy, err: err}
}
