package session

import (
	"crypto/tls"
	"net/netip"
	"time"

	"zorpgo/engine/trace"
)

// Follow is where to tell what happens in s; nil while nobody looks on. It is for whoever works on s.
func (s *Session) Follow() *trace.Tap {
	if s.Trace == nil || !s.Trace.Watched() {
		return nil
	}
	return s.follow()
}

func (s *Session) follow() *trace.Tap {
	if s.ID == "" {
		return nil
	}
	if s.tap == nil {
		s.tap = trace.NewTap(s.Trace)
	}
	if !s.tap.Tune(s.subject) {
		return nil
	}
	return s.tap
}

// Ended tells whoever follows s that it is over.
func (s *Session) Ended() {
	tap := s.Follow()
	if tap == nil {
		return
	}
	about := s.subject()
	about.Verdict, about.Reason, about.Seconds = s.Verdict.String(), s.Reason, time.Since(s.Started).Seconds()
	about.FromClient, about.ToClient = s.Count.FromClient, s.Count.ToClient
	about.FromServer, about.ToServer = s.Count.FromServer, s.Count.ToServer
	about.Messages = s.Count.Messages
	tap.End(about)
}

func (s *Session) subject() trace.Subject {
	about := trace.Subject{
		ID: s.ID, Service: s.Service, Started: s.Started,
		Client: s.Client, Local: s.ClientLocal, Rule: s.RuleID, RulePos: s.RulePos.String(),
	}
	if s.ClientZone != nil {
		about.ClientZone = s.ClientZone.Name
	}
	if s.Server.Path != "" || s.Server.IsValid() {
		about.Server = s.Server.String()
	}
	return about
}

// Reached records that the server connection came from local. Nobody holds Mu.
func (s *Session) Reached(local netip.AddrPort) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.ServerLocal = local
	if tap := s.Follow(); tap != nil {
		text := "server " + s.Server.String() + " is connected"
		if local.IsValid() {
			text += " from " + local.String()
		}
		tap.Note(s.ID, text)
	}
}

// Unreached tells whoever follows s why its server was not reached. Nobody holds Mu.
func (s *Session) Unreached(err error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if tap := s.Follow(); tap != nil {
		tap.Note(s.ID, "no server: "+err.Error())
	}
}

func secured(side string, state *tls.ConnectionState) string {
	return "TLS begins with the " + side + ": " + tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
}
