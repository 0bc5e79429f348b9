package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// tracing is what of a running zorpgo's sessions is to be seen.
type tracing struct {
	remote
	service, client, session, server string
	content                          bool
	maxSessions, maxBytes            int
	duration                         time.Duration
}

func newTrace() *cobra.Command {
	t := &tracing{}
	cmd := &cobra.Command{
		Use:   "trace",
		Short: "Follow the sessions of a running zorpgo as they speak",
		Long: `trace shows what the live sessions of a running zorpgo say, line by line, until it is interrupted:

  12:00:01.123 svc/mail/in:4 C>P MAIL FROM:<a@client.example>
  12:00:01.123 svc/mail/in:4 P>S MAIL From:<a@client.example>
  12:00:01.127 svc/mail/in:4 S>C 250 ok

C is the client, S the server and P zorpgo, the proxy: C>S is said by the client and passed on as it is, C>P is said to
zorpgo, which says something else to the server (P>S), or answers the client itself (P>C). Lines with --- tell what was
decided. Logins are never shown, and what messages say only with --content.

Whoever reads too slowly loses lines, and is told how many: sessions never wait for a trace.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.run(cmd) },
	}
	t.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&t.service, "service", "", "only sessions of this service")
	f.StringVar(&t.client, "client", "", "only of this client: ADDRESS or ADDRESS/BITS")
	f.StringVar(&t.session, "session", "", "only this session, by its ID")
	f.StringVar(&t.server, "server", "", "only with this server: ADDRESS, ADDRESS:PORT or the path of a socket")
	f.BoolVar(&t.content, "content", false, "show what messages say, too")
	f.IntVar(&t.maxSessions, "max-sessions", 0, "how many sessions to follow at a time (100)")
	f.IntVar(&t.maxBytes, "max-bytes", 0, "how much text to show of each session (65536)")
	f.DurationVar(&t.duration, "duration", 0, "end after this time")
	return cmd
}

// query is the request that asks for it.
func (t *tracing) query(cmd *cobra.Command) string {
	q := url.Values{}
	for name, value := range map[string]string{"service": t.service, "client": t.client, "session": t.session, "server": t.server} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, set := range map[string]bool{"content": t.content, "json": t.json} {
		if set {
			q.Set(name, "1")
		}
	}
	for name, value := range map[string]string{"max-sessions": strconv.Itoa(t.maxSessions), "max-bytes": strconv.Itoa(t.maxBytes), "duration": t.duration.String()} {
		if cmd.Flags().Changed(name) {
			q.Set(name, value)
		}
	}
	return "/trace?" + q.Encode()
}

// run prints what comes until there is no more, or somebody interrupts it.
func (t *tracing) run(cmd *cobra.Command) error {
	socket, err := t.path()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://zorpgo"+t.query(cmd), nil)
	if err != nil {
		return err
	}
	answer, err := client(socket).Do(request)
	if err != nil {
		return notReached(socket, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return traceRefused(cmd, answer)
	}
	_, err = io.Copy(cmd.OutOrStdout(), answer.Body)
	switch {
	case err == nil, errors.Is(ctx.Err(), context.Canceled):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{status: exitMachine, err: errors.New("the trace was cut: zorpgo has ended, or this end was too slow")}
	}
	return &failure{status: exitMachine, err: err}
}

// traceRefused says why there is nothing to be seen.
func traceRefused(cmd *cobra.Command, answer *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	text := errors.New(strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", "; "))
	if answer.StatusCode == http.StatusBadRequest {
		return usageError(cmd, text)
	}
	return &failure{status: exitMachine, err: text}
}
