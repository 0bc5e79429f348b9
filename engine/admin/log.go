package admin

import (
	"fmt"
	"net/http"
	"strconv"

	"zorpgo/engine/journal"
)

// Log is what is logged: by tag as Spec says, of all other tags what Verbose says.
type Log struct {
	Verbose int    `json:"verbose"`
	Spec    string `json:"spec"`
}

func (s *Server) log(w http.ResponseWriter, _ *http.Request) {
	if s.o.Verbosity == nil {
		http.Error(w, "the log cannot be asked", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, s.logged())
}

func (s *Server) logged() Log {
	verbose, spec := s.o.Verbosity.Get()
	return Log{Verbose: verbose, Spec: spec.String()}
}

// setLog changes what the query names.
func (s *Server) setLog(w http.ResponseWriter, r *http.Request) {
	if s.o.Verbosity == nil {
		http.Error(w, "the log cannot be changed", http.StatusNotFound)
		return
	}
	old := s.logged()
	if err := change(s.o.Verbosity, r.URL.Query()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := s.logged()
	s.o.Log.Info("log changed", "verbose", now.Verbose, "spec", now.Spec, "verbose_before", old.Verbose, "spec_before", old.Spec)
	answer(w, http.StatusOK, now)
}

func change(v *journal.Verbosity, query map[string][]string) error {
	verbose, spec := v.Get()
	for name, values := range query {
		var err error
		switch name {
		case "verbose":
			if verbose, err = strconv.Atoi(values[0]); err != nil || verbose < 0 || verbose > journal.MaxVerbosity {
				return fmt.Errorf("verbose %s: write a number from 0 to %d", values[0], journal.MaxVerbosity)
			}
		case "spec":
			if spec, err = journal.ParseSpec(values[0]); err != nil {
				return fmt.Errorf("spec: %w", err)
			}
		default:
			return fmt.Errorf("%s is nothing that can be set: write verbose or spec", name)
		}
	}
	v.Set(verbose, spec)
	return nil
}
