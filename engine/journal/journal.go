// Package journal decides which records of the log are written, and how: Zorp's tags and verbosity, what repeats, what
// comes from outside, and what the last refusals were.
//
// Command zorpgo puts a Handler before the text or JSON handler of log/slog. Sessions and protocols make their records
// with a Class each; records that have none get one by their level. What a Handler is told to leave out costs the one
// question whether it is Enabled.
package journal

import (
	"context"
	"log/slog"
)

// Class is what a record is of: Zorp's dotted tag, and the verbosity that it takes to see it.
type Class struct {
	Tag       string
	Verbosity int // 0 (important) to MaxVerbosity
}

// MaxVerbosity is the highest verbosity.
const MaxVerbosity = 10

// debugging is the verbosity from which on records are for debugging.
const debugging = 5

// Level is the level of records of c.
func (c Class) Level() slog.Level { return Level(c.Verbosity) }

// Attrs are what every record of c begins with.
func (c Class) Attrs() (tag, verbosity slog.Attr) {
	return slog.String(tagKey, c.Tag), slog.Int(verbosityKey, c.Verbosity)
}

const (
	tagKey       = "tag"
	verbosityKey = "verbosity"
)

// Level is that of a verbosity. Those for debugging have one each, so that Enabled can tell them apart; they are
// written as DEBUG.
func Level(verbosity int) slog.Level {
	switch {
	case verbosity <= 1:
		return slog.LevelError
	case verbosity == 2:
		return slog.LevelWarn
	case verbosity < debugging:
		return slog.LevelInfo
	}
	return slog.LevelDebug - slog.Level(min(verbosity, MaxVerbosity)-debugging)
}

// lowest is the least verbosity of a level.
func lowest(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 0
	case level >= slog.LevelWarn:
		return 2
	case level >= slog.LevelInfo:
		return 3
	case level >= slog.LevelDebug:
		return debugging
	}
	return debugging + int(slog.LevelDebug-level)
}

// classOf is the class that r says, or the one of its level; said tells which.
func classOf(r *slog.Record) (c Class, said bool) {
	c.Verbosity = -1
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case tagKey:
			c.Tag = a.Value.String()
		case verbosityKey:
			if a.Value.Kind() == slog.KindInt64 {
				c.Verbosity = int(a.Value.Int64())
			}
		}
		return c.Tag == "" || c.Verbosity < 0
	})
	said = c.Tag != "" && c.Verbosity >= 0
	if c.Tag == "" {
		c.Tag = ofLevel(r.Level).Tag
	}
	if c.Verbosity < 0 {
		c.Verbosity = ofLevel(r.Level).Verbosity
	}
	return c, said
}

// ofLevel is the class of the engine's own records.
func ofLevel(level slog.Level) Class {
	switch {
	case level >= slog.LevelError:
		return Class{"core.error", 1}
	case level >= slog.LevelWarn:
		return Class{"core.error", 2}
	case level >= slog.LevelInfo:
		return Class{"core.info", 3}
	}
	return Class{"core.debug", max(lowest(level), 6)}
}

// refusal is the context of records that tell of one.
type refusal struct{ context.Context }

// Refused is what a record is made with that tells of a refusal: a Handler that keeps them is Enabled for it at every
// level.
var Refused context.Context = refusal{context.Background()}

func refused(ctx context.Context) bool {
	_, is := ctx.(refusal)
	return is
}
