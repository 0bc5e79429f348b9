package admin

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"zorpgo/engine/session"
)

// Session is one of the list that /sessions says.
type Session struct {
	ID         string    `json:"id"`
	Service    string    `json:"service"`
	Client     string    `json:"client"`
	ClientZone string    `json:"client_zone"`
	Local      string    `json:"client_local"`
	Rule       int       `json:"rule"`
	RulePos    string    `json:"rule_pos"`
	Server     string    `json:"server"` // "": none yet
	ServerZone string    `json:"server_zone"`
	Started    time.Time `json:"started"`
	FromClient int64     `json:"from_client"` // bytes
	ToClient   int64     `json:"to_client"`
	FromServer int64     `json:"from_server"`
	ToServer   int64     `json:"to_server"`
	Commands   int       `json:"commands"`
	Refused    int       `json:"refused"`
	Messages   int       `json:"messages"`
	ClientTLS  string    `json:"client_tls"` // the version; "": in clear
	ServerTLS  string    `json:"server_tls"`
	Busy       bool      `json:"busy,omitempty"` // it waits for a function of the policy: server and numbers are not known
}

func (s *Server) sessions(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	list, err := s.o.Engine.Sessions(ctx)
	if err != nil {
		http.Error(w, "the engine does not answer", http.StatusServiceUnavailable)
		return
	}
	all := []Session{}
	for _, one := range list {
		all = append(all, present(one))
	}
	answer(w, http.StatusOK, all)
}

func present(v session.Snapshot) Session {
	return Session{
		ID: v.ID, Service: v.Service, Client: text(v.Client), ClientZone: v.ClientZone, Local: text(v.ClientLocal),
		Rule: v.RuleID, RulePos: v.RulePos.String(), Server: v.Server, ServerZone: v.ServerZone, Started: v.Started,
		FromClient: v.Count.FromClient, ToClient: v.Count.ToClient, FromServer: v.Count.FromServer, ToServer: v.Count.ToServer,
		Commands: v.Count.Commands, Refused: v.Count.Refused, Messages: v.Count.Messages,
		ClientTLS: v.ClientTLS, ServerTLS: v.ServerTLS, Busy: v.Busy,
	}
}

func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (s *Server) kill(w http.ResponseWriter, r *http.Request) {
	id, ok := nested(r.PathValue("rest"), "/kill")
	if !ok {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	switch found, err := s.o.Engine.Kill(ctx, id); {
	case err != nil:
		http.Error(w, "the engine does not answer", http.StatusServiceUnavailable)
	case !found:
		http.Error(w, "there is no session "+id, http.StatusNotFound)
	default:
		s.o.Log.Info("session ended by the administrator", "session", id)
		answer(w, http.StatusOK, map[string]string{"killed": id})
	}
}
