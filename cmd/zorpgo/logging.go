package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"zorpgo/engine/journal"
	"zorpgo/engine/source"
)

// logging is how a command logs, to standard error.
type logging struct {
	format, level, spec string
	verbose             int

	verbosity journal.Verbosity
	output    *journal.Output
	recent    journal.Recent
	repeats   journal.Repeats
}

const loggingHelp = `
What is logged is decided as Zorp does: every record has a tag and a verbosity, and it
is written if the first item of --log-spec that fits its tag has that verbosity, or more,
or, if no item fits, --verbose. --log-level stands for both: error is --verbose 1, warn 2,
info 4 and debug 10, with no --log-spec.`

func (l *logging) flags(cmd *cobra.Command, verbose int, spec string) {
	flags := cmd.Flags()
	flags.StringVar(&l.format, "log-format", "text", "text or json")
	flags.IntVarP(&l.verbose, "verbose", "v", verbose, "the `VERBOSITY` of the log, 0 to 10")
	flags.StringVarP(&l.spec, "log-spec", "s", spec, "the verbosity by tag: `PATTERN:VERBOSITY`,..., smtp.*:5,core.policy:7")
	flags.StringVar(&l.spec, "logspec", spec, "the same as --log-spec")
	_ = flags.MarkHidden("logspec") // it is there
	flags.StringVar(&l.level, "log-level", "", "error, warn, info or debug, in place of --verbose and --log-spec")
}

// levels are the verbosities that --log-level stands for.
var levels = map[string]int{"error": 1, "warn": 2, "info": 4, "debug": journal.MaxVerbosity}

// logger is the log that the flags ask for.
func (l *logging) logger(cmd *cobra.Command) (*slog.Logger, error) {
	if err := l.decide(cmd); err != nil {
		return nil, usageError(cmd, err)
	}
	l.output = journal.NewOutput(cmd.ErrOrStderr())
	options := journal.Options{Verbosity: &l.verbosity, Recent: &l.recent, Repeats: &l.repeats}
	switch l.format {
	case "text":
		return slog.New(journal.Text(l.output, options)), nil
	case "json":
		return slog.New(journal.JSON(l.output, options)), nil
	}
	return nil, usageError(cmd, fmt.Errorf("--log-format %s: write text or json", l.format))
}

// decide sets the verbosity that the flags ask for.
func (l *logging) decide(cmd *cobra.Command) error {
	if l.level != "" {
		verbose, ok := levels[l.level]
		switch {
		case !ok:
			return fmt.Errorf("--log-level %s: write debug, info, warn or error", l.level)
		case slices.ContainsFunc([]string{"verbose", "log-spec", "logspec"}, cmd.Flags().Changed):
			return fmt.Errorf("--log-level stands for --verbose and --log-spec: write --log-level %s, or --verbose %d", l.level, verbose)
		}
		l.verbosity.Set(verbose, nil)
		return nil
	}
	if l.verbose < 0 || l.verbose > journal.MaxVerbosity {
		return fmt.Errorf("--verbose %d: write a number from 0 to %d", l.verbose, journal.MaxVerbosity)
	}
	spec, err := journal.ParseSpec(l.spec)
	if err != nil {
		return fmt.Errorf("--log-spec: %w", err)
	}
	l.verbosity.Set(l.verbose, spec)
	return nil
}

// tune has signals raise and lower the verbosity, as Zorp does. A log that nobody reads any more ends nothing: without
// this a closed pipe at standard error would end the process.
func (l *logging) tune(log *slog.Logger) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE)
	go func() { // ends when it is stopped
		for got := range signals {
			by := map[os.Signal]int{syscall.SIGUSR1: 1, syscall.SIGUSR2: -1}[got]
			if by != 0 {
				log.Info("log changed", "verbose", l.verbosity.Change(by))
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// record logs findings, each as one record of its severity.
func record(ctx context.Context, log *slog.Logger, found source.Findings) {
	levels := map[source.Severity]slog.Level{source.Note: slog.LevelInfo, source.Warning: slog.LevelWarn, source.Error: slog.LevelError}
	for _, f := range found {
		attrs := []slog.Attr{slog.String("tag", "core.policy"), slog.String("id", f.ID), slog.String("message", f.Message)}
		if f.Pos.File != "" {
			attrs = append(attrs, slog.String("at", f.Pos.String()))
		}
		if f.Hint != "" {
			attrs = append(attrs, slog.String("hint", f.Hint))
		}
		log.LogAttrs(ctx, levels[f.Severity], "finding", attrs...)
	}
}
