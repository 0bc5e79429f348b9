// Package page is what an administrator sees in a browser: one page about a running engine, made on the server, with
// what is wrong on top.
//
// Package admin makes a State for each look and has Render write it. The page needs nothing from elsewhere and works
// without scripts; with them it stays up to date. Nothing on it changes anything.
package page

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/journal"
	"zorpgo/engine/session"
)

// State is all that the page shows.
type State struct {
	Now         time.Time
	Version     string
	Mode        string // "starting", "serving", "draining"
	Files       []string
	Engine      engine.Status
	Reload      *Reload // the last one; nil: none
	Sessions    []session.Snapshot
	SessionsErr error             // why they are not known
	Refusals    []journal.Refusal // the last ones, newest first
	History     *History
	Draw        func(c *engine.Config, nonce string) (template.HTML, error) // the policy as a drawing
	SignedIn    bool                                                        // by a cookie, which can be given up
}

// Reload is what became of a reload.
type Reload struct {
	Time    time.Time
	OK      bool
	Errors  []string
	Text    string // the findings
	Warning string
	Changes []string
}

//go:embed page.html login.html page.css page.js
var files embed.FS

var templates = template.Must(template.New("").Funcs(words).ParseFS(files, "*.html"))

// frame is what both pages have: their style and script stand in them, and nothing else may run.
type frame struct {
	Nonce  string
	Style  template.CSS
	Script template.JS
}

func newFrame() frame {
	css, _ := files.ReadFile("page.css") // it is part of the program
	js, _ := files.ReadFile("page.js")
	return frame{rand.Text(), template.CSS(css), template.JS(js)}
}

// Render answers a request with the page.
func Render(w http.ResponseWriter, s *State) error {
	v := newView(s)
	return write(w, "page.html", http.StatusOK, v.Nonce, v)
}

// Login answers a request of somebody who is not known with a form for the token.
func Login(w http.ResponseWriter, wrong bool) error {
	f := newFrame()
	return write(w, "login.html", http.StatusUnauthorized, f.Nonce, struct {
		frame
		Wrong bool
	}{f, wrong})
}

func write(w http.ResponseWriter, name string, code int, nonce string, v any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(visible(b.String()))) // that the client is gone could only be said to the client
	return nil
}
