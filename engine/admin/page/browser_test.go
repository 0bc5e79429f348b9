package page

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

var pictures = flag.String("pictures", "", "write pictures of the page into this directory")

// served are the pages under names.
func served(t *testing.T) *httptest.Server {
	t.Helper()
	states := map[string]*State{"/": calm(), "/calm": calm(), "/troubled": troubled(t), "/crowded": crowded()}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch s := states[r.URL.Path]; {
		case r.URL.Path == "/login":
			err = Login(w, true)
		case s == nil:
			http.NotFound(w, r)
		default:
			err = Render(w, s)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestInBrowser looks at the pages wide and narrow, light and dark.
func TestInBrowser(t *testing.T) {
	b, s := open(t), served(t)
	for _, name := range []string{"calm", "troubled", "crowded", "login"} {
		grounds := map[string]bool{}
		for _, width := range []int{1300, 360} {
			for _, scheme := range []string{"light", "dark"} {
				b.screen(width, scheme)
				b.visit(s.URL + "/" + name)
				at := fmt.Sprintf("%s, %d, %s", name, width, scheme)
				for _, one := range b.complaints() {
					if !strings.Contains(one, "status of 401") { // what the login page is
						t.Errorf("%s: %s", at, one)
					}
				}
				var wide int
				var ground string
				b.run("document.documentElement.scrollWidth", &wide)
				b.run("getComputedStyle(document.body).backgroundColor", &ground)
				if wide > width {
					var which string
					b.run(`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest(".drawing,pre,thead")).map(e => e.tagName + " " + e.textContent.slice(0, 40)).slice(0, 5).join("; ")`, &which)
					t.Errorf("%s: it is %d wide: %s", at, wide, which)
				}
				grounds[ground] = true
				b.picture(fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
			}
		}
		if len(grounds) != 2 {
			t.Errorf("%s: light and dark are the same: %v", name, grounds)
		}
	}
}

// picture writes one, if they are wanted.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *pictures == "" {
		return
	}
	var shot struct{ Data []byte } // base64 in JSON
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	if err := os.WriteFile(filepath.Join(*pictures, name), shot.Data, 0o600); err != nil {
		b.t.Error(err)
	}
}

// TestWithoutScripts: all parts are there before any script ran.
func TestWithoutScripts(t *testing.T) {
	b, s := open(t), served(t)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.visit(s.URL + "/troubled")
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil)
	var seen []string
	b.run(`[...document.querySelectorAll("h2")].filter(e => e.offsetHeight > 0).map(e => e.textContent)`, &seen)
	const want = "What is wrong, Running, Services, Servers, Sessions, Refusals, Rules, Listeners, Certificates, The policy as a drawing"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("seen: %s", got)
	}
	var clock string
	if b.run(`document.querySelector("#rules time, #servers time").textContent`, &clock); !strings.HasSuffix(clock, "UTC") {
		t.Errorf("a time is %s", clock)
	}
	var hidden bool
	if b.run(`document.getElementById("pause").hidden`, &hidden); !hidden {
		t.Error("a button that needs a script is shown")
	}
}

// TestKeyboard: Tab goes to the skip link, what is wrong, and every part that moves, and shows where it is.
func TestKeyboard(t *testing.T) {
	b, s := open(t), served(t)
	b.screen(1300, "light")
	b.visit(s.URL + "/troubled")
	var order []string
	for range 80 {
		b.press("Tab")
		var at struct{ Name, Outline string }
		b.run(`(e => ({Name: e.tagName + " " + (e.getAttribute("href") || e.id || e.className.baseVal || e.className), Outline: getComputedStyle(e).outlineStyle}))(document.activeElement)`, &at)
		if strings.HasPrefix(at.Name, "BODY") {
			break
		}
		if at.Outline == "none" {
			t.Errorf("the focus on %s is not seen", at.Name)
		}
		order = append(order, at.Name)
	}
	after := -1
	for _, want := range []string{"A #main", "A /", "BUTTON pause", "A #wrong", "A #drawing", "A #reload", "A #certificates", "A #rule-1", "DIV drawing"} {
		found := -1
		for i := after + 1; i < len(order) && found < 0; i++ {
			if order[i] == want {
				found = i
			}
		}
		if found < 0 {
			t.Fatalf("Tab does not reach %s after %d: %v", want, after, order)
		}
		after = found
	}
}

// TestStaysUpToDate: with scripts the parts follow, but for one that is in use; a server that is gone is told of.
func TestStaysUpToDate(t *testing.T) {
	b := open(t)
	var state atomic.Pointer[State] // nil: the server is gone
	state.Store(calm())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if now := state.Load(); now == nil {
			http.Error(w, "gone", http.StatusServiceUnavailable)
		} else if err := Render(w, now); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	b.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": "window.setInterval = f => { window.again = f }"}, nil)
	b.visit(s.URL)
	state.Store(troubled(t))
	look := func() (text string) {
		b.run(`again().then(() => document.title + "|" + document.getElementById("wrong").innerText + "|" + document.getElementById("asof").innerText)`, &text)
		return text
	}
	if got := look(); !strings.HasPrefix(got, "(6) mail - zorpgo|") || !strings.Contains(got, "expired 2 days ago") {
		t.Errorf("after a look: %s", got)
	}
	var since string
	if b.run(`document.querySelector("#servers time").textContent`, &since); since != "20 min ago" {
		t.Errorf("down since %s", since)
	}
	var kept bool
	b.run(`document.querySelector("#wrong a").focus()`, nil)
	look()
	if b.run(`document.activeElement.closest("#wrong") !== null`, &kept); !kept {
		t.Error("a look takes the focus away")
	}
	state.Store(nil)
	if got := look(); !strings.HasPrefix(got, "no answer - zorpgo|") || !strings.HasSuffix(got, "No answer; so it was at 2026-03-04 12:00:00 UTC") {
		t.Errorf("after the server went: %s", got)
	}
}
