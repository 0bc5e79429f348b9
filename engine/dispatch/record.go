package dispatch

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"zorpgo/engine/journal"
	"zorpgo/engine/session"
)

// ended counts a session that is over, and records it.
func (d *Dispatcher) ended(s *session.Session) {
	s.Ended()
	s.Meter.End(int(s.Verdict), version(s.ClientTLS), version(s.ServerTLS))
	record(d.options.Log, s)
}

func version(state *tls.ConnectionState) uint16 {
	if state == nil {
		return 0
	}
	return state.Version
}

// Why connections were reset.
const (
	resetNoRule = iota
	resetDenied // by the service of the rule
	resetFull   // while there were too many connections
	resetCauses
)

func resetCause(s *session.Session) int {
	switch {
	case s.Verdict == session.DeniedByLimit:
		return resetFull
	case s.RulePos.IsValid():
		return resetDenied
	}
	return resetNoRule
}

// Counts are those of connections that became no session.
type Counts struct {
	NoRule, Denied, Full int64 // reset
	Failures             int64 // of accepting
}

// Counts tells them.
func (d *Dispatcher) Counts() Counts {
	return Counts{NoRule: d.resets[resetNoRule].Load(), Denied: d.resets[resetDenied].Load(), Full: d.resets[resetFull].Load(), Failures: d.failures.Load()}
}

// summary is what closing records are of.
var summary = journal.Class{Tag: "core.summary", Verbosity: 4}

// record writes the one closing record of a session.
func record(log *slog.Logger, s *session.Session) {
	if !log.Enabled(context.Background(), summary.Level()) {
		return
	}
	r := slog.NewRecord(time.Now(), summary.Level(), "session closed", 0)
	tag, verbosity := summary.Attrs()
	var room [32]slog.Attr
	attrs := append(room[:0],
		slog.String("session", s.ID), tag, verbosity,
		slog.String("service", s.Service),
		slog.Int("rule", s.RuleID),
		slog.String("rule_pos", s.RulePos.String()),
		slog.String("client", text(s.Client)), slog.String("client_zone", s.ClientZone.String()),
	)
	attrs = local(attrs, s)
	attrs = layer(attrs, "client", s.ClientTLS)
	attrs = layer(attrs, "server", s.ServerTLS)
	r.AddAttrs(append(attrs,
		slog.String("server", s.Server.String()),
		slog.String("server_local", text(s.ServerLocal)),
		slog.String("server_zone", s.ServerZone.String()),
		slog.String("verdict", s.Verdict.String()),
		slog.String("reason", s.Reason),
		slog.Duration("connecting", s.Connecting),
		slog.Duration("duration", r.Time.Sub(s.Started)),
		slog.Int64("from_client", s.Count.FromClient),
		slog.Int64("to_client", s.Count.ToClient),
		slog.Int64("from_server", s.Count.FromServer),
		slog.Int64("to_server", s.Count.ToServer),
		slog.Int("commands", s.Count.Commands),
		slog.Int("refused", s.Count.Refused),
		slog.Int("messages", s.Count.Messages),
	)...)
	_ = log.Handler().Handle(context.Background(), r) // the log counts its failures itself
}

// layer adds the TLS of a side; nothing if it was in clear.
func layer(to []slog.Attr, side string, state *tls.ConnectionState) []slog.Attr {
	if state == nil {
		return to
	}
	return append(to,
		slog.String(side+"_tls", tls.VersionName(state.Version)),
		slog.String(side+"_cipher", tls.CipherSuiteName(state.CipherSuite)),
	)
}

// local adds what is known of a connection when it is accepted, beside its client.
func local(to []slog.Attr, s *session.Session) []slog.Attr {
	to = append(to, slog.String("client_local", text(s.ClientLocal)))
	if s.Peer.IsValid() {
		to = append(to, slog.String("proxied_by", text(s.Peer)))
	}
	if s.Dest.IsValid() {
		to = append(to, slog.String("proxied_to", text(s.Dest)))
	}
	return to
}

func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
