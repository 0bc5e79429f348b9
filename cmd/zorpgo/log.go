package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"zorpgo/engine/admin"
	"zorpgo/engine/journal"
)

// logChange is the command line of log.
type logChange struct {
	remote
	verbose int
	spec    string
}

func newLog() *cobra.Command {
	l := &logChange{}
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Say or change what a running zorpgo logs",
		Long: `log says what a running zorpgo logs, after it has changed that if --verbose or --spec is
given: see zorpgo run --help. The change ends with the process. SIGUSR1 raises and
SIGUSR2 lowers --verbose by one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.run(cmd) },
	}
	l.flags(cmd)
	cmd.Flags().IntVarP(&l.verbose, "verbose", "v", 0, "the `VERBOSITY` from now on, 0 to 10")
	cmd.Flags().StringVar(&l.spec, "spec", "", "the verbosity by tag from now on, as run's --log-spec; an empty one: --verbose alone decides")
	return cmd
}

func (l *logChange) run(cmd *cobra.Command) error {
	method, path, err := l.request(cmd)
	if err != nil {
		return usageError(cmd, err)
	}
	body, code, err := l.ask(cmd.Context(), method, path)
	switch {
	case err != nil:
		return err
	case code != http.StatusOK:
		return &failure{status: exitMachine, err: errors.New(strings.TrimSpace(string(body)))}
	case l.json:
		_, err = cmd.OutOrStdout().Write(body)
		return err
	}
	var now admin.Log
	if err := json.Unmarshal(body, &now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "verbose %d, spec %s\n", now.Verbose, cmp.Or(now.Spec, "-"))
	return err
}

// request is what to ask for.
func (l *logChange) request(cmd *cobra.Command) (method, path string, err error) {
	query := url.Values{}
	if cmd.Flags().Changed("verbose") {
		if l.verbose < 0 || l.verbose > journal.MaxVerbosity {
			return "", "", fmt.Errorf("--verbose %d: write a number from 0 to %d", l.verbose, journal.MaxVerbosity)
		}
		query.Set("verbose", strconv.Itoa(l.verbose))
	}
	if cmd.Flags().Changed("spec") {
		if _, err := journal.ParseSpec(l.spec); err != nil {
			return "", "", fmt.Errorf("--spec: %w", err)
		}
		query.Set("spec", l.spec)
	}
	if len(query) == 0 {
		return http.MethodGet, "/log", nil
	}
	return http.MethodPost, "/log?" + query.Encode(), nil
}
