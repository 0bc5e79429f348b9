package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zorpgo/engine/rehearse"
)

// rehearsal is the command line of rehearse.
type rehearsal struct {
	policy
	client  string
	send    bool
	message string
	from    string
	to      []string
	howLong time.Duration
	log     logging
}

func newRehearse() *cobra.Command {
	r := &rehearsal{}
	cmd := &cobra.Command{
		Use:   "rehearse FILE...",
		Short: "Run a policy on loopback, with embedded origin servers",
		Long: `rehearse runs the policy with every listener and every server of it mapped to
loopback: nothing leaves the machine and nothing needs root. Embedded origin
servers play the servers and show the messages that they receive; DNS and the mail
servers that are asked for recipients are played, too. For each rule
a client is chosen that the rule admits, or --client is presented as the client.

Without --send it prints what listens where and serves until it is interrupted.
With --send it sends one message through each rule, prints both sides of the
dialog and the message as the origin stored it, and exits 0 if all were delivered.`,
		Args: someFiles,
		RunE: func(cmd *cobra.Command, files []string) error {
			r.files, r.played = files, true
			return r.run(cmd)
		},
	}
	r.flags(cmd)
	r.log.flags(cmd, 2, "")
	cmd.Flags().StringVar(&r.client, "client", "", "the client's `IP` address")
	cmd.Flags().BoolVar(&r.send, "send", false, "send one message through each rule, then exit")
	cmd.Flags().StringVar(&r.message, "message", "", "the `FILE` to send, with From and To fields; implies --send")
	cmd.Flags().StringVar(&r.from, "from", "", "the `ADDRESS` of the sender; implies --send")
	cmd.Flags().StringSliceVar(&r.to, "to", nil, "the `ADDRESS` of the recipient, one that the policy relays to; implies --send")
	cmd.Flags().DurationVar(&r.howLong, "for", 0, "how long to serve; 0 is until interrupted")
	return cmd
}

func (r *rehearsal) run(cmd *cobra.Command) error {
	client, message, err := r.arguments(cmd)
	if err != nil {
		return err
	}
	log, err := r.log.logger(cmd)
	if err != nil {
		return err
	}
	config, err := r.loadGood(r.printer(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	options := rehearse.Options{Config: config, Client: client, Log: log}
	if !r.send {
		options.Received = r.show(cmd)
	}
	stage, err := rehearse.Start(ctx, options)
	if err != nil {
		return startFailure(err)
	}
	defer stage.Close()
	stage.Describe(cmd.OutOrStdout())
	if r.send {
		return sendAll(ctx, cmd, stage, message)
	}
	r.wait(ctx)
	return nil
}

// arguments reads what the flags name.
func (r *rehearsal) arguments(cmd *cobra.Command) (client netip.Addr, m rehearse.Message, err error) {
	m = rehearse.BuiltinMessage()
	if r.client != "" {
		if client, err = netip.ParseAddr(r.client); err != nil {
			return client, m, usageError(cmd, fmt.Errorf("--client %s is no IP address", r.client))
		}
	}
	if r.message != "" {
		r.send = true
		if m, err = readMessage(r.message); err != nil {
			return client, m, &failure{status: exitUsage, err: err}
		}
	}
	if r.from != "" {
		r.send, m.From = true, r.from
	}
	if len(r.to) > 0 {
		r.send, m.To = true, r.to
	}
	return client.Unmap(), m, nil
}

func readMessage(name string) (m rehearse.Message, err error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return m, err
	}
	if m, err = rehearse.ParseMessage(content); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// show prints every message that an origin stores. Origins speak at the same time.
func (r *rehearsal) show(cmd *cobra.Command) func(rehearse.Received) {
	var mu sync.Mutex
	return func(m rehearse.Received) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(cmd.OutOrStdout())
		rehearse.WriteReceived(cmd.OutOrStdout(), m)
	}
}

// sendAll sends m through every rule that can be rehearsed.
func sendAll(ctx context.Context, cmd *cobra.Command, stage *rehearse.Rehearsal, m rehearse.Message) error {
	var refused []error
	for _, e := range stage.Entrances() {
		p, err := stage.Send(ctx, e, m)
		if err != nil {
			return &failure{status: exitMachine, err: err}
		}
		fmt.Fprintln(cmd.OutOrStdout())
		p.Write(cmd.OutOrStdout())
		if p.Refused != nil {
			refused = append(refused, fmt.Errorf("not delivered by the rule at %s: %w", e.Rule.Pos, p.Refused))
		}
	}
	if len(refused) > 0 {
		return &failure{status: exitPolicy, err: errors.Join(refused...)}
	}
	return nil
}

func (r *rehearsal) wait(ctx context.Context) {
	if r.howLong > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.howLong)
		defer cancel()
	}
	<-ctx.Done()
}
