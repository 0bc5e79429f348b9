package admin

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/admin/page"
	"zorpgo/engine/graph"
	"zorpgo/engine/session"
)

// page shows what the engine does to people.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	v := &page.State{
		Now: s.o.Now(), Version: s.o.Version, Mode: s.state(), Files: s.o.Files, Engine: s.o.Engine.Status(),
		History: &s.history, Draw: draw, SignedIn: s.signedIn(r), Refusals: s.o.Recent.List(),
	}
	if o := s.lastReload(); o != nil {
		v.Reload = &page.Reload{Time: o.Time, OK: o.OK, Errors: o.Errors, Text: o.Text, Warning: o.Warning, Changes: o.Changes}
	}
	v.Sessions, v.SessionsErr = s.looks.sessions(r.Context(), s)
	if err := page.Render(w, v); err != nil {
		s.o.Log.Error("the admin page is broken", "error", err)
		http.Error(w, "the page cannot be shown, see the log; zorpgo status tells as much", http.StatusInternalServerError)
	}
}

// draw is the policy as a drawing that stands in a page, whose boxes lead to what the page says of them.
func draw(c *engine.Config, nonce string) (template.HTML, error) {
	var b strings.Builder
	err := graph.Of(c).SVG(&b, graph.SVGOptions{Href: part, IDPrefix: "drawing-", Nonce: nonce})
	return template.HTML(b.String()), err
}

// part is the link to the part of the page that tells of n; "": there is none.
func part(n *graph.Node) string {
	switch n.Kind {
	case graph.Rule:
		return "#" + n.ID
	case graph.Service:
		return "#services"
	case graph.Target:
		return "#servers"
	}
	return ""
}

// looks is the last look at all sessions, for as many viewers as there are: the engine is not asked more often than
// every few seconds.
type looks struct {
	mu   sync.Mutex
	at   time.Time
	list []session.Snapshot
	err  error
}

const lookEvery = 3 * time.Second

func (l *looks) sessions(ctx context.Context, s *Server) ([]session.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := s.o.Now(); l.at.IsZero() || now.Sub(l.at) >= lookEvery {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime) // others wait for it, too
		defer cancel()
		l.list, l.err = s.o.Engine.Sessions(ctx)
		l.at = s.o.Now()
	}
	return l.list, l.err
}

// sample keeps the history until Close.
func (s *Server) sample() {
	tick := time.NewTicker(page.Every)
	defer tick.Stop()
	for {
		s.history.Add(s.o.Engine.Status())
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}
