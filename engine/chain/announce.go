package chain

import (
	"zorpgo/engine/announce"
	"zorpgo/engine/session"
)

// announcement is the PROXY header that tells a server of the client of s, where it connected to, and its TLS if that has begun;
// nil for version 0.
func announcement(version int, s *session.Session) []byte {
	if version == 0 {
		return nil
	}
	return announce.Header{Client: s.Client, Dest: s.Wanted(), TLS: s.ClientTLS}.Format(version)
}
