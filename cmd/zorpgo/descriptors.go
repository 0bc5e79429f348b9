package main

import (
	"log/slog"
	"math"

	"golang.org/x/sys/unix"
)

// maxConnections is how many connections of clients there may be at a time.
func (s *server) maxConnections(log *slog.Logger) int {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		log.Warn("the limit on open files is not known", "error", err)
		return s.most
	}
	fit := connectionsFor(files.Cur)
	if s.most > fit {
		log.Warn("the limit on open files allows fewer connections than --max-connections", "files", files.Cur, "connections", fit)
	}
	if s.most > 0 {
		return s.most
	}
	return fit
}

// connectionsFor is how many connections of clients so many open files allow: each session has a second one, to its
// server. A part is left for all else: listeners, look-ups, the log, clients that are being turned away.
func connectionsFor(files uint64) int {
	spare := files/16 + 64
	if files < 2*spare {
		spare = files / 2
	}
	return max(int(min((files-spare)/2, math.MaxInt32)), 1)
}
