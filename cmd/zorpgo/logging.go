package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
)

// logging is how a command logs, to standard error.
type logging struct{ format, level string }

func (l *logging) flags(cmd *cobra.Command, level string) {
	cmd.Flags().StringVar(&l.format, "log-format", "text", "text or json")
	cmd.Flags().StringVar(&l.level, "log-level", level, "debug, info, warn or error")
}

func (l *logging) logger(cmd *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, usageError(cmd, fmt.Errorf("--log-level %s: write debug, info, warn or error", l.level))
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options)), nil
	}
	return nil, usageError(cmd, fmt.Errorf("--log-format %s: write text or json", l.format))
}
