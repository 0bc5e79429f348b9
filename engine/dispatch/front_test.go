package dispatch

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine/rule"
	"zorpgo/engine/zone"
)

// TestSilentProxy is DOS-04: who connects and says nothing, or not all of it, has gone after a limited time.
func TestSilentProxy(t *testing.T) {
	for _, begin := range []string{"", "PROXY TCP4 192.0.2.1", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x0f\xff"} {
		r := from(1, "in")
		r.ProxiesFrom = []*zone.Zone{dmz}
		s := newImpatientStand(t, time.Millisecond, "172.16.40.10:41000", r)
		conn, err := net.Dial("tcp", s.at)
		if err == nil {
			_, _ = io.WriteString(conn, begin)
			_, err = conn.Read(make([]byte, 1))
			conn.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%q: %v, want a reset", begin, err)
		}
		waitUntil(t, func() bool { return s.Running() == 0 })
		s.stop()
		if got := s.log.String(); !strings.Contains(got, `reason="it sent no whole PROXY header within 1ms"`) {
			t.Errorf("%q: log:\n%s", begin, got)
		}
	}
}

// TestSilentProxyIsCut: what waits for a header does not keep the dispatcher from ending.
func TestSilentProxyIsCut(t *testing.T) {
	r := from(1, "in")
	r.ProxiesFrom = []*zone.Zone{dmz}
	s := newImpatientStand(t, time.Hour, "172.16.40.10:41000", r)
	conn, err := net.Dial("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	waitUntil(t, func() bool { return s.Running() == 1 })
	s.stop()
}

func TestFronts(t *testing.T) {
	front := &zone.Zone{Name: "front"}
	of := func(id int, port uint16, zones ...*zone.Zone) *rule.Rule {
		r := from(id, "in")
		r.DstPort, r.ProxiesFrom = ports(port), zones
		return r
	}
	wide := of(9, 25, front)
	wide.DstSubnet = subnets("10.0.0.0/8")
	for _, c := range []struct {
		name  string
		rules []*rule.Rule
		want  string
	}{
		{"agree", []*rule.Rule{of(1, 25, front, dmz), of(2, 25, dmz, front), of(3, 587)}, ""},
		{"one has none", []*rule.Rule{of(1, 25, front), of(2, 25), of(3, 25)}, `rule 2 has no proxy_protocol_from, rule 1 at mail.star:1:5 has proxy_protocol_from "front": both are met`},
		{"others", []*rule.Rule{of(1, 25, front), of(2, 25, dmz)}, `rule 2 has proxy_protocol_from "dmz", rule 1 at`},
		{"one has more", []*rule.Rule{of(1, 25, front), of(2, 25, front, dmz)}, `rule 2 has proxy_protocol_from "front", "dmz", rule 1 at`},
		{"intercepted", []*rule.Rule{wide}, "proxy_protocol_from is not built for connections that are intercepted: dst_subnet 10.0.0.0/8 is wider"},
	} {
		_, found := Listens(c.rules)
		if got := found.Error(); !strings.Contains(got, c.want) || (c.want == "") != (len(found) == 0) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// A proxy that resets its health check at once is known by the address that accept told: its socket tells none.
func TestPeerThatHasGone(t *testing.T) {
	b := &log{}
	d := New(Options{
		Log: slog.New(slog.NewTextHandler(b, nil)),
		Present: func(net.Conn) (client, local netip.AddrPort) {
			return client, netip.MustParseAddrPort("172.16.40.1:25")
		},
	})
	conn, peer := net.Pipe()
	defer peer.Close()
	d.sessions.Add(1)
	d.running.Add(1)
	d.handle(conn, netip.MustParseAddrPort("192.0.2.7:41000"), true)
	if !strings.Contains(b.String(), "client=192.0.2.7:41000") {
		t.Errorf("log:\n%s", b)
	}
}
