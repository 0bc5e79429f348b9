// Package admin lets an administrator see what a running engine does, and act on it: HTTP over a unix socket, and over
// TCP where that is asked for.
//
// Command zorpgo's run serves it; its status, sessions and reload are clients. What is seen is JSON, see Status and
// Session; nothing is changed by GET.
//
//	GET  /                    the same for people, see package page
//	GET  /healthz             200 while the engine answers
//	GET  /readyz              200 while new connections are taken, else 503
//	GET  /status              a Status
//	GET  /sessions            a list of Sessions
//	GET  /trace               what sessions say, as they say it; 503: others are tracing already, or zorpgo stops
//	GET  /metrics             for Prometheus
//	POST /sessions/ID/kill    ends a session; 404: there is none
//	GET  /log                 a Log
//	POST /log?verbose=N&spec=S changes one or both: the new Log; 400: it is malformed
//	POST /reload              reads the policy again: an Outcome; 422: it has errors, 409: the engine is stopping
//	POST /login               by who knows the token, in a browser: a cookie that is good for GET
//	POST /logout              gives it up
//	GET  /debug/pprof/        with Options.Pprof
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/admin/page"
	"zorpgo/engine/journal"
)

// Options are what a Server shows and does.
type Options struct {
	Engine  *engine.Engine
	Version string
	Files   []string                        // of the policy
	Reload  func() Outcome                  // puts the files as they are now in force
	Token   string                          // whoever comes from beyond this host must know it; "": nobody may
	Pprof   bool                            // serve profiles of the process
	Log     *slog.Logger                    // nil is the default one
	Now     func() time.Time                // nil is time.Now
	Health  func(ctx context.Context) error // nil asks the engine
	Recent  *journal.Recent                 // refusals; nil: nobody keeps them

	Verbosity *journal.Verbosity // of the log; nil: it cannot be changed
	Output    *journal.Output    // of the log; nil: its failures are not counted
	Repeats   *journal.Repeats   // of the log; nil: it leaves out nothing
}

// Server serves any number of listeners until it is closed.
type Server struct {
	o        Options
	http     *http.Server
	serving  sync.WaitGroup
	sampling sync.Once
	closing  sync.Once
	stop     chan struct{}
	history  page.History
	looks    looks
	logins   logins
	ready    atomic.Bool
	draining atomic.Bool

	crossOrigin *http.CrossOriginProtection

	leaving chan struct{} // closed by Drain
	leave   sync.Once
	traces  sync.WaitGroup

	reloading sync.Mutex
	mu        sync.Mutex // guards what is below
	last      *Outcome
	reloads   map[bool]int64 // by result
}

// The times that a client is given.
const (
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = time.Minute
	answerTime = 5 * time.Second // that the engine is given
)

// New makes a Server of o, which is not ready.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Health == nil {
		o.Health = o.Engine.Answers
	}
	s := &Server{o: o, reloads: map[bool]int64{}, stop: make(chan struct{}), leaving: make(chan struct{}), crossOrigin: http.NewCrossOriginProtection()}
	s.http = &http.Server{
		Handler:           s.guard(s.crossOrigin.Handler(s.routes())),
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: writeTime,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return s
}

func (s *Server) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.page)
	m.HandleFunc("POST /logout", s.logout)
	m.HandleFunc("GET /healthz", s.health)
	m.HandleFunc("GET /readyz", s.readiness)
	m.HandleFunc("GET /status", s.status)
	m.HandleFunc("GET /sessions", s.sessions)
	m.HandleFunc("GET /trace", s.trace)
	m.Handle("GET /metrics", s.metrics())
	m.HandleFunc("POST /sessions/{rest...}", s.kill)
	m.HandleFunc("GET /log", s.log)
	m.HandleFunc("POST /log", s.setLog)
	m.HandleFunc("POST /reload", s.reload)
	if s.o.Pprof {
		m.HandleFunc("GET /debug/pprof/", pprof.Index)
		m.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		m.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		m.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		m.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return m
}

// Serve answers what comes by l, until Close.
func (s *Server) Serve(l net.Listener) {
	s.sampling.Do(func() { s.serving.Go(s.sample) }) // ends with Close
	s.serving.Go(func() {                            // ends when the listener is closed
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.o.Log.Error("the control socket is lost", "address", l.Addr().String(), "error", err)
		}
	})
}

// closeTime is for what is being answered when it closes.
const closeTime = 500 * time.Millisecond

// Close ends all of it; running requests have a moment for the end of their answers.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	_ = s.http.Shutdown(ctx)
	s.http.Close()
	s.closing.Do(func() { close(s.stop) })
	s.serving.Wait()
}

// Ready says that the listeners of the policy are open.
func (s *Server) Ready() { s.ready.Store(true) }

// Drain says that the engine stops: it waits for a reload that runs, and lets no other begin.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.leave.Do(s.endTraces)
	s.reloading.Lock()
	defer s.reloading.Unlock()
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	if err := s.o.Health(ctx); err != nil {
		http.Error(w, "the engine does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

func (s *Server) readiness(w http.ResponseWriter, _ *http.Request) {
	switch {
	case s.draining.Load():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case !s.ready.Load():
		http.Error(w, "starting", http.StatusServiceUnavailable)
	default:
		_, _ = w.Write([]byte("ready\n"))
	}
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // that the client is gone could only be said to the client
}

// nested is the part of a path between prefix and suffix.
func nested(path, suffix string) (string, bool) {
	inner, ok := strings.CutSuffix(path, suffix)
	return inner, ok && inner != ""
}
