package admin

import (
	"encoding/json"
	"net/http"
	"time"
)

// Outcome is what became of a reload.
type Outcome struct {
	Time    time.Time       `json:"time"`
	OK      bool            `json:"ok"`
	Exit    int             `json:"exit"`              // the exit status that zorpgo run would have had
	Errors  []string        `json:"errors,omitempty"`  // why the old policy stays
	Report  json.RawMessage `json:"report,omitempty"`  // the findings, as zorpgo check --format json has them
	Text    string          `json:"text,omitempty"`    // the findings for people
	Changes []string        `json:"changes,omitempty"` // what the new policy has that the old one had not, and the reverse
	Warning string          `json:"warning,omitempty"` // of a reload that worked
}

// Reload puts the policy's files as they are now in force, one reload at a time; false: the engine is stopping.
func (s *Server) Reload() (Outcome, bool) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.draining.Load() || !s.ready.Load() {
		return Outcome{}, false
	}
	o := s.o.Reload()
	o.Time = s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &o
	s.reloads[o.OK]++
	return o, true
}

func (s *Server) lastReload() *Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *Server) reload(w http.ResponseWriter, _ *http.Request) {
	o, ran := s.Reload()
	switch {
	case !ran:
		http.Error(w, "the engine is "+s.state()+", it cannot reload", http.StatusConflict)
	case !o.OK:
		answer(w, http.StatusUnprocessableEntity, o)
	default:
		answer(w, http.StatusOK, o)
	}
}
