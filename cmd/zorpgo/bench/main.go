// Command bench measures zorpgo on loopback beside a plain byte copier and the peers that are installed.
//
// Load generator and origin are this process; every proxy is a process of its own, started for the run and stopped with
// it. `make bench` runs it; the table that it prints says of each proxy how much it relays, what that costs, and how
// both compare with the copier, which looks at nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// options are the command line.
type options struct {
	rounds    int
	duration  time.Duration
	idle      int
	workloads []string
	peers     []string
	zorpgo    string
	json      bool
	profiles  string
}

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns its exit status.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, and its children with it
	root := newBench()
	root.AddCommand(newCopier())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "bench: error:", err)
		return 1
	}
	return 0
}

func newBench() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure zorpgo beside a plain byte copier and the peers that are installed",
		Long: `bench runs every workload through every proxy on loopback and prints one table.

Each round runs every proxy once, in an order that rotates from round to round. A
figure is the median of the rounds, a ratio the median of the rounds' own ratios to
the copier. Without --workloads those in clear are run. Under TLS a proxy that cannot
speak as the workload says has no row, and the copier is one between a client and an
origin that encrypt.

` + listWorkloads(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.CompletionOptions.DisableDefaultCmd = true
	flags := cmd.Flags()
	flags.IntVar(&o.rounds, "rounds", 5, "how often every proxy is measured in every workload")
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "how long each time")
	flags.IntVar(&o.idle, "idle", 1000, "sessions of W4")
	flags.StringSliceVar(&o.workloads, "workloads", nil, "workloads to run (those in clear)")
	flags.StringSliceVar(&o.peers, "peers", nil, "peers to measure as well, none for no peer (those that are installed)")
	flags.StringVar(&o.zorpgo, "zorpgo", "bin/zorpgo", "the zorpgo to measure")
	flags.StringVar(&o.profiles, "profiles", "", "write CPU profiles of zorpgo to this directory")
	flags.BoolVar(&o.json, "json", false, "print every figure of every round as JSON")
	return cmd
}

func (o *options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.rounds < 1 || o.duration <= 0 || o.idle < 1 {
		return errors.New("--rounds, --duration and --idle must be positive")
	}
	if o.profiles != "" {
		if err := os.MkdirAll(o.profiles, 0o755); err != nil {
			return err
		}
	}
	works, err := chooseWorkloads(o.workloads, o.idle)
	if err != nil {
		return err
	}
	proxies, absent, err := o.proxies()
	if err != nil {
		return err
	}
	limit, err := raiseDescriptors()
	if err != nil {
		return err
	}
	b, err := newBoard(works, proxies, o.duration)
	if err != nil {
		return err
	}
	defer b.close()
	b.profiler = profiler{o.profiles, o.duration}
	b.says, b.report.absent, b.report.descriptors = stderr, absent, limit
	for n := range o.rounds {
		if err := b.round(ctx, n); err != nil {
			return err
		}
	}
	if err := b.report.print(stdout, o.json); err != nil {
		return err
	}
	return b.report.failure()
}

// raiseDescriptors lets this process and those that it starts have all the descriptors that they may have.
func raiseDescriptors() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("ask for the descriptor limit: %w", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("raise the descriptor limit: %w", err)
	}
	return int(limit.Max), nil
}
