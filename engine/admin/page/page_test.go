package page

import (
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func rendered(t *testing.T, s *State) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := Render(w, s); err != nil {
		t.Fatal(err)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy %s", policy)
	}
	return w.Body.String()
}

func TestCalm(t *testing.T) {
	text := rendered(t, calm())
	for _, want := range []string{
		"Nothing is wrong.", "<title>mail - zorpgo</title>", "172.16.40.1:25", "mail.star:20:5", "smtp_in", "connections are reset, without a session",
		"svc/mail/smtp_in:2", "1\u202f204", `<span class="quiet">src_zone</span> dmz`, `<span class="quiet">dst_port</span> 80-443`, "3 sessions in all", "No service shows one.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestTroubles(t *testing.T) {
	want := []string{
		`grave: the reload 5 min ago was refused, the old policy stays in force: mail.star:14:9: error: there is no zone "dnz" <script>alert(1)</script>"'&\x1b[31m\u202e [unknown-zone]`,
		"grave: 3 failures to accept a connection within the last hour: look at the limits of descriptors and memory",
		`grave: server 172.16.20.1:25 of service smtp_in is down for 20 min: 172.16.20.1:25: connection refused <script>alert(1)</script>"'&\x1b[31m\u202e`,
		"grave: certificate mx2.example.com expired 2 days ago: services smtp_in",
		"soon: server 2001:db8:1234:5678:9abc:def0:1234:5678 of service smtp_in is down for 2 days",
		"soon: certificate mx1.example.com expires in 5 days: services smtp_in",
	}
	got := newView(troubled(t)).Troubles
	for i, one := range got {
		text := "soon: " + one.Text
		if one.Grave {
			text = "grave: " + one.Text
		}
		if i >= len(want) || text != want[i] {
			t.Errorf("%d: %s", i, text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d troubles, not %d", len(got), len(want))
	}
}

func TestAllServersDown(t *testing.T) {
	s := troubled(t)
	targets := s.Engine.Services[1].Targets
	targets[1].Outage = targets[0].Outage
	s.Mode = "draining"
	text := rendered(t, s)
	for _, want := range []string{"service smtp_in has no server that is up", "draining: no new connections are taken"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestNothingIsRaw(t *testing.T) {
	text := rendered(t, troubled(t))
	for _, raw := range []string{"<script>alert", "\x1b", "\u202e"} {
		if strings.Contains(text, raw) {
			t.Errorf("%q is on the page", raw)
		}
	}
}

// TestDocument: every tag that is open is closed, ids are there once, links lead somewhere, tables and fields are named.
func TestDocument(t *testing.T) {
	login := httptest.NewRecorder()
	if err := Login(login, true); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"calm": rendered(t, calm()), "troubled": rendered(t, troubled(t)), "login": login.Body.String(), "empty": rendered(t, &State{})} {
		t.Run(name, func(t *testing.T) {
			balanced(t, text)
			document, err := html.Parse(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			d := &parts{t: t, ids: map[string]bool{}}
			d.walk(document)
			d.check()
		})
	}
}

// balanced compares each closing tag with what is open.
func balanced(t *testing.T, text string) {
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("never closed: %v", open)
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !strings.Contains(" meta link input br ", " "+string(name)+" ") {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if n := len(open); n == 0 || open[n-1] != string(name) {
				t.Fatalf("</%s> where %v is open", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// parts are what is checked of a document.
type parts struct {
	t             *testing.T
	ids           map[string]bool
	links, labels []string
	level         byte // of the last heading
}

func (d *parts) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		d.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		d.walk(c)
	}
}

func (d *parts) element(n *html.Node) {
	a := map[string]string{}
	for _, one := range n.Attr {
		a[one.Key] = one.Val
		if one.Key == "style" || strings.HasPrefix(one.Key, "on") {
			d.t.Errorf("<%s> has %s, which the page's policy forbids", n.Data, one.Key)
		}
	}
	if id, ok := a["id"]; ok {
		if id == "" || d.ids[id] || strings.ContainsAny(id, " \t\n") {
			d.t.Errorf("id %q is empty, has a space, or is there twice", id)
		}
		d.ids[id] = true
	}
	if to, ok := strings.CutPrefix(a["href"], "#"); ok {
		d.links = append(d.links, to)
	}
	d.labels = append(d.labels, strings.Fields(a["aria-labelledby"]+" "+a["for"])...)
	switch {
	case n.Data == "table" && (n.FirstChild == nil || n.FirstChild.Data != "caption"):
		d.t.Error("a table has no caption")
	case n.Data == "th" && a["scope"] == "":
		d.t.Error("a <th> has no scope")
	case len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6':
		if n.Data[1] > d.level+1 && d.level > 0 {
			d.t.Errorf("<%s> follows <h%c>", n.Data, d.level)
		}
		d.level = n.Data[1]
	}
}

func (d *parts) check() {
	for _, to := range append(d.links, d.labels...) {
		if !d.ids[to] {
			d.t.Errorf("#%s leads nowhere", to)
		}
	}
}

func TestRefusals(t *testing.T) {
	if text := rendered(t, calm()); !strings.Contains(text, "Nothing was refused since zorpgo was started.") {
		t.Error("it is not said that nothing was refused")
	}
	text := rendered(t, troubled(t))
	for _, want := range []string{"172.16.40.7:40007", "command refused <code>RCPT</code> <code>550</code>", "relaying denied &lt;script&gt;", "no rule matches", `data-label="Times" class="n">12<`} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q", want)
		}
	}
}
