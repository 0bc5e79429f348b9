package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine/admin"
	"zorpgo/engine/report"
	"zorpgo/engine/source"
)

func newReload() *cobra.Command {
	r := &remote{}
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Have a running zorpgo read its policy again",
		Long: `reload has a running zorpgo read its policy again, as SIGHUP does, and tells what became of it: what it
found in the files, and what changed. On errors the old policy stays in force.

Exit status: 0 the policy is in force, 1 it has errors, 2 a file cannot be read, 3 the machine refused or
no zorpgo runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.reload(cmd) },
	}
	r.flags(cmd)
	return cmd
}

func (r *remote) reload(cmd *cobra.Command) error {
	body, code, err := r.ask(cmd.Context(), http.MethodPost, "/reload")
	if err != nil {
		return err
	}
	if code != http.StatusOK && code != http.StatusUnprocessableEntity {
		return &failure{status: exitMachine, err: errors.New(strings.TrimSpace(string(body)))}
	}
	var o admin.Outcome
	if err := json.Unmarshal(body, &o); err != nil {
		return err
	}
	if r.json {
		if _, err := cmd.OutOrStdout().Write(body); err != nil || o.OK {
			return err
		}
		return &failure{status: o.Exit}
	}
	fmt.Fprint(cmd.ErrOrStderr(), o.Text)
	return r.tell(cmd, &o)
}

// tell says what became of a reload.
func (r *remote) tell(cmd *cobra.Command, o *admin.Outcome) error {
	if !o.OK {
		var errs []error
		for _, text := range o.Errors {
			errs = append(errs, errors.New(text))
		}
		return &failure{status: o.Exit, err: errors.Join(errs...), hint: "the old policy stays in force"}
	}
	if o.Warning != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "zorpgo: warning: %s\n", o.Warning)
	}
	for _, change := range o.Changes {
		fmt.Fprintln(cmd.OutOrStdout(), change)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), "the policy is in force")
	return err
}

// written is what was found, for programs and for people.
func (s *server) written(found source.Findings) (document []byte, text string) {
	var object bytes.Buffer
	var lines strings.Builder
	if err := report.JSON(&object, found); err != nil {
		return nil, err.Error()
	}
	s.printer(&lines)(found)
	return object.Bytes(), lines.String()
}

// refusal is err as run would exit with it.
func refusal(err error) (status int, reasons []string) {
	var f *failure
	if !errors.As(err, &f) {
		f = startFailure(err)
	}
	for _, one := range each(f.err) {
		reasons = append(reasons, one.Error())
	}
	return f.status, reasons
}
