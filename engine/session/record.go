package session

import (
	"context"
	"log/slog"
	"time"

	"zorpgo/engine/journal"
)

// Logs reports whether records of c may be wanted: it is asked before what they would say is made.
func (s *Session) Logs(c journal.Class) bool { return s.Log.Enabled(context.Background(), c.Level()) }

// Record writes a record of the session.
func (s *Session) Record(c journal.Class, what string, attrs ...slog.Attr) {
	if s.Logs(c) {
		s.write(context.Background(), s.entry(c, what, attrs))
	}
}

// Refuse writes the record of a decision against a peer, with all that tells whom it met and by which rule.
func (s *Session) Refuse(c journal.Class, what string, attrs ...slog.Attr) {
	if !s.Log.Enabled(journal.Refused, c.Level()) {
		return
	}
	r := s.entry(c, what, attrs)
	r.AddAttrs(slog.String("service", s.Service), slog.Any("client", s.Client), slog.String("client_zone", s.ClientZone.String()),
		slog.Int("rule", s.RuleID), slog.String("rule_pos", s.RulePos.String()))
	s.write(journal.Refused, r)
}

// Abort records v and why, as Deny does, and writes the record of it.
func (s *Session) Abort(c journal.Class, v Verdict, reason string) {
	s.Deny(v, reason)
	s.Refuse(c, "session aborted", slog.String("reason", reason))
}

func (s *Session) entry(c journal.Class, what string, attrs []slog.Attr) slog.Record {
	r := slog.NewRecord(time.Now(), c.Level(), what, 0)
	tag, verbosity := c.Attrs()
	r.AddAttrs(tag, verbosity)
	r.AddAttrs(attrs...)
	return r
}

// write gives a record to the log, whose failures it counts itself.
func (s *Session) write(ctx context.Context, r slog.Record) { _ = s.Log.Handler().Handle(ctx, r) }
