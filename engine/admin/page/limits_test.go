package page

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/limit"
	"zorpgo/engine/proxy"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
)

// class makes no protocol: nobody is served, and while somebody is not, meanwhile is done.
type class struct{ meanwhile func() }

func (class) Name() string { return "FakeProxy" }
func (class) Busy() []byte { return nil }

func (c class) New(*session.Session) (proxy.Protocol, error) {
	c.meanwhile()
	return nil, errors.New("nobody is served")
}

// arrive has clients come to a service, one after the other.
func arrive(v *service.Service, clients ...string) {
	for _, client := range clients {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }() // ends with near
		s := &session.Session{Client: netip.MustParseAddrPort(client), Started: time.Now(), Log: slog.New(slog.DiscardHandler)}
		v.Run(context.Background(), &service.Env{Instance: "mail"}, s, near)
	}
}

// crowded is a State whose service has turned clients away by each of its limits.
func crowded() *State {
	s := calm()
	in := s.Engine.Services[1].Service
	in.Limits = limit.Limits{SessionsPerClient: 1, Rate: 4, RatePerClient: 2, IPv4: 24}
	again := func() {}
	in.Class = class{func() { again() }}
	again = func() { // while the first one is there
		again = func() {}
		arrive(in, "192.0.2.2:4000", "192.0.2.3:4000", "192.0.2.4:4000")
	}
	arrive(in, "192.0.2.1:4000", "192.0.2.1:4001")        // two of a network
	arrive(in, "192.0.2.9:4000", "192.0.2.10:4000")       // and two more
	arrive(in, "198.51.100.1:4000", "[2001:db8::1]:4000") // four in all
	arrive(in, "203.0.113.1:4000")                        // and one more
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }() // ends with near
	in.TurnAway(&service.Env{Instance: "mail"}, &session.Session{Client: netip.MustParseAddrPort("192.0.2.1:4000"), Log: slog.New(slog.DiscardHandler)}, near, "full")
	return s
}

// turnedAwayWords are the limits of crowded, and what they did, as the page and zorpgo status say it.
var turnedAwayWords = []string{"max_sessions_per_client 3", "max_rate 1", "max_rate_per_client 2", "max-connections 1"}

// TestLimits: a service's limits, and what they turned away, stand with it.
func TestLimits(t *testing.T) {
	text := rendered(t, crowded())
	for _, want := range []string{">max_sessions_per_client 1<", ">max_rate 4<", ">max_rate_per_client 2<", ">" + strings.Join(turnedAwayWords, ", ") + "<"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in %s", want, text[strings.Index(text, `id="services"`):])
		}
	}
}

// TestLimitsInBrowser: they are seen, on a narrow screen too.
func TestLimitsInBrowser(t *testing.T) {
	b, s := open(t), served(t)
	for _, width := range []int{1300, 360} {
		b.screen(width, "light")
		b.visit(s.URL + "/crowded")
		var refused, most string
		b.run(`[...document.querySelectorAll('#services td[data-label="Refused"]')].filter(e => e.offsetHeight > 0).map(e => e.innerText).join()`, &refused)
		b.run(`[...document.querySelectorAll('#services td[data-label="Limit"]')].filter(e => e.offsetHeight > 0).map(e => e.innerText).join()`, &most)
		if want := strings.Join(turnedAwayWords, ", "); refused != want {
			t.Errorf("%d wide: refused %q, not %q", width, refused, want)
		}
		if got := strings.Join(strings.Fields(most), " "); got != "100 max_sessions_per_client 1 max_rate 4 max_rate_per_client 2" {
			t.Errorf("%d wide: limits %q", width, got)
		}
	}
}
