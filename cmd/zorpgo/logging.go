package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"zorpgo/engine/source"
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

// record logs findings, each as one record of its severity.
func record(ctx context.Context, log *slog.Logger, found source.Findings) {
	levels := map[source.Severity]slog.Level{source.Note: slog.LevelInfo, source.Warning: slog.LevelWarn, source.Error: slog.LevelError}
	for _, f := range found {
		attrs := []slog.Attr{slog.String("id", f.ID), slog.String("message", f.Message)}
		if f.Pos.File != "" {
			attrs = append(attrs, slog.String("at", f.Pos.String()))
		}
		if f.Hint != "" {
			attrs = append(attrs, slog.String("hint", f.Hint))
		}
		log.LogAttrs(ctx, levels[f.Severity], "finding", attrs...)
	}
}
