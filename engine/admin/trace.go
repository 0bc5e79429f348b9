package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"zorpgo/engine/trace"
)

// traceWrite is how long whoever follows sessions may take for what is written at once.
const traceWrite = 30 * time.Second

// traceFarewell is how long they may take for what is left when zorpgo stops.
const traceFarewell = 2 * time.Second

// trace streams what sessions say, until the client goes away, its time is over, or zorpgo stops.
func (s *Server) trace(w http.ResponseWriter, r *http.Request) {
	if _, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && !s.knows(r) { // any user of this host comes by TCP
		http.Error(w, "a trace is for the control socket, or for who has the token", http.StatusUnauthorized)
		return
	}
	o, limit, err := traceOptions(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	tracer, err := s.o.Engine.Trace().Follow(o)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer tracer.Close()
	if !s.beginTrace() {
		http.Error(w, errStopping.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.traces.Done()
	s.o.Log.Info("trace begins", "asked", r.URL.RawQuery)
	defer s.o.Log.Info("trace ends")
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	out := newTraceWriter(w, r.URL.Query().Get("json") != "")
	if out.open() == nil {
		s.stream(ctx, tracer, out)
	}
}

// beginTrace counts a trace that traces.Done ends; false: zorpgo stops, and none begins any more.
func (s *Server) beginTrace() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.leaving:
		return false
	default:
	}
	s.traces.Add(1)
	return true
}

// endTraces has those who follow sessions told that this is all, if they read it soon.
func (s *Server) endTraces() {
	s.mu.Lock()
	close(s.leaving)
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends with the traces, whose writes have their time
		defer close(done)
		s.traces.Wait()
	}()
	select {
	case <-done:
	case <-time.After(traceFarewell):
	}
}

// stream writes events as they come.
func (s *Server) stream(ctx context.Context, tracer *trace.Tracer, out *traceWriter) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // ends with the stream, at the latest
		select {
		case <-s.leaving:
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	for {
		e, err := tracer.Next(ctx)
		if err != nil {
			out.close(context.Cause(ctx))
			return
		}
		for more := true; more; e, more = tracer.Waiting() {
			if out.write(e) != nil {
				return
			}
		}
		if out.flush() != nil {
			return
		}
	}
}

var errStopping = errors.New("zorpgo is stopping")

// traceWriter writes events as text or as JSON, one on each line.
type traceWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	json    *json.Encoder // nil: text
}

func newTraceWriter(w http.ResponseWriter, asJSON bool) *traceWriter {
	t := &traceWriter{w: w, control: http.NewResponseController(w)}
	if asJSON {
		t.json = json.NewEncoder(w)
		t.json.SetEscapeHTML(false)
	}
	return t
}

// open begins the answer, which takes longer than others may.
func (t *traceWriter) open() error {
	t.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if t.json != nil {
		t.w.Header().Set("Content-Type", "application/x-ndjson")
	}
	_ = t.control.SetReadDeadline(time.Time{}) // it is not read any more but to see the client leave; tests have no connection
	t.w.WriteHeader(http.StatusOK)
	return t.flush()
}

func (t *traceWriter) write(e trace.Event) error {
	_ = t.control.SetWriteDeadline(time.Now().Add(traceWrite))
	if t.json != nil {
		return t.json.Encode(e)
	}
	_, err := io.WriteString(t.w, e.String()+"\n")
	return err
}

func (t *traceWriter) flush() error {
	_ = t.control.SetWriteDeadline(time.Now().Add(traceWrite))
	return t.control.Flush()
}

// close says why there is no more.
func (t *traceWriter) close(why error) {
	text := "the trace ends: its time is over"
	switch {
	case errors.Is(why, errStopping):
		text = "the trace ends: " + errStopping.Error()
	case !errors.Is(why, context.DeadlineExceeded):
		return // nobody is there
	}
	if t.write(trace.Event{Time: time.Now(), Kind: trace.Closed, Text: text}) == nil {
		_ = t.flush()
	}
}

// longest is how long a trace may be.
const longest = 7 * 24 * time.Hour

// traceOptions reads what is asked for.
func traceOptions(q url.Values) (o trace.Options, limit time.Duration, err error) {
	o.Service, o.Session, o.Server = q.Get("service"), q.Get("session"), q.Get("server")
	o.Content = q.Get("content") != ""
	var errs [5]error
	if text := q.Get("client"); text != "" {
		o.Client, errs[0] = trace.ParseClient(text)
	}
	if o.Server != "" {
		errs[1] = trace.CheckServer(o.Server)
	}
	o.Sessions, errs[2] = bound(q, "max-sessions", trace.MaxSessions)
	o.Bytes, errs[3] = bound(q, "max-bytes", trace.MaxBytes)
	limit = longest
	if text := q.Get("duration"); text != "" {
		if limit, err = time.ParseDuration(text); err != nil || limit <= 0 || limit > longest {
			errs[4] = fmt.Errorf("duration %q: write a time like 30s or 10m, 168h at most", text)
		}
	}
	return o, limit, errors.Join(errs[:]...)
}

// bound reads a number from 1 to most; 0 is none given.
func bound(q url.Values, name string, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%s %q: write a number from 1 to %d", name, text, most)
	}
	return n, nil
}
