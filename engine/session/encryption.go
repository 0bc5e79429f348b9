package session

import (
	"crypto/tls"
	"log/slog"

	"zorpgo/engine/encryption"
	"zorpgo/engine/journal"
)

// Encrypted records that the connection of side, "client" or "server", is under TLS from now on.
// Whoever calls it holds Mu, if others may look.
func (s *Session) Encrypted(side string, conn *tls.Conn) {
	state := conn.ConnectionState()
	s.Secured(side, &state)
	s.Record(journal.Class{Tag: "core.debug", Verbosity: 6}, "TLS begins", slog.String("side", side),
		slog.String("version", tls.VersionName(state.Version)), slog.String("cipher", tls.CipherSuiteName(state.CipherSuite)))
}

// Secured is Encrypted of a connection of which only the state is there.
func (s *Session) Secured(side string, state *tls.ConnectionState) {
	if side == "client" {
		s.ClientTLS = state
	} else {
		s.ServerTLS = state
	}
	if tap := s.Follow(); tap != nil {
		tap.Note(s.ID, secured(side, state))
	}
}

// NotEncrypted records why it is not.
func (s *Session) NotEncrypted(side string, err error) {
	reason := encryption.Reason(err)
	s.Deny(DeniedByConnectionFail, "no TLS with the "+side+": "+reason)
	s.Refuse(journal.Class{Tag: "core.error", Verbosity: 2}, "TLS failed", slog.String("side", side), slog.String("reason", reason))
}
