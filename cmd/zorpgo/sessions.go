package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zorpgo/engine/admin"
)

func newSessions() *cobra.Command {
	r := &remote{}
	cmd := &cobra.Command{
		Use:   "sessions [kill ID]",
		Short: "List the sessions of a running zorpgo, or end one",
		Long: `sessions lists the live sessions of a running zorpgo, oldest first; sessions kill ID
ends one at once: its client sees the connection closed, and the server no end of a message.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return r.list(cmd)
			case len(args) == 2 && args[0] == "kill":
				return r.kill(cmd, args[1])
			}
			return usageError(cmd, fmt.Errorf("sessions %s: write sessions, or sessions kill ID", strings.Join(args, " ")))
		},
	}
	r.flags(cmd)
	return cmd
}

func (r *remote) list(cmd *cobra.Command) error {
	var list []admin.Session
	print, err := r.get(cmd, "/sessions", &list)
	if print && err == nil {
		writeSessions(cmd.OutOrStdout(), list, time.Now())
	}
	return err
}

func writeSessions(w io.Writer, list []admin.Session, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer t.Flush() // that w is closed could only be said to w
	fmt.Fprint(t, "ID\tAGE\tCLIENT\tZONE\tRULE\tSERVER\tMESSAGES\tREFUSED\tFROM CLIENT\tTLS\n")
	for _, s := range list {
		age, tls := span(now.Sub(s.Started)), cmp.Or(s.ClientTLS, "-")+"/"+cmp.Or(s.ServerTLS, "-")
		if s.Busy {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\tin a policy function\n", s.ID, age, s.Client, cmp.Or(s.ClientZone, "-"), s.Rule)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%d\t%d\t%d\t%s\n", s.ID, age, s.Client, cmp.Or(s.ClientZone, "-"), s.Rule,
			cmp.Or(s.Server, "-"), s.Messages, s.Refused, s.FromClient, tls)
	}
}

func (r *remote) kill(cmd *cobra.Command, id string) error {
	body, code, err := r.ask(cmd.Context(), http.MethodPost, "/sessions/"+url.PathEscape(id)+"/kill")
	switch {
	case err != nil:
		return err
	case code != http.StatusOK:
		return &failure{status: exitMachine, err: errors.New(strings.TrimSpace(string(body)))}
	case r.json:
		_, err = cmd.OutOrStdout().Write(body)
	default:
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s was ended\n", id)
	}
	return err
}
