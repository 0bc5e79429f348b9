package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"zorpgo/builtins"
	"zorpgo/engine"
	"zorpgo/engine/route"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// sample loads a sample policy.
func sample(t *testing.T, name string) *engine.Config {
	t.Helper()
	c, found, err := builtins.Load(builtins.Options{Log: slog.New(slog.DiscardHandler)}, samples(t)[name]...)
	if err != nil || found.HasErrors() {
		t.Fatal(err, found.Error())
	}
	return c
}

// connects is where a session of v tries to connect to, and from where, if the servers of down refuse.
func connects(t *testing.T, c *engine.Config, v *service.Service, down string) (tried []string) {
	t.Helper()
	return connectsFor(t, c, v, "172.16.40.10", down)
}

func connectsFor(t *testing.T, c *engine.Config, v *service.Service, client, down string) (tried []string) {
	t.Helper()
	s := &session.Session{
		Client: netip.AddrPortFrom(netip.MustParseAddr(client), 41000), ClientLocal: netip.MustParseAddrPort("172.16.40.1:25"),
		ClientZone: c.Zones.Lookup(netip.MustParseAddr(client)),
		Direct:     true, Zones: c.Zones, Log: slog.New(slog.DiscardHandler),
	}
	dial := func(_ context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
		text := to.String()
		if from.Addr.IsValid() {
			text += " from " + from.Addr.Addr().String()
		}
		tried = append(tried, text)
		if strings.Contains(down, to.Addr().String()) {
			return nil, syscall.ECONNREFUSED
		}
		a, b := net.Pipe()
		b.Close()
		return a, nil
	}
	plan := v.Routing().Route(s)
	plan.SNAT, plan.DNAT = v.SNAT, v.DNAT
	if conn, err := v.Chainer.Connect(t.Context(), dial, s, plan); err == nil {
		conn.Close()
	} else {
		tried = append(tried, "nowhere")
	}
	return tried
}

// TestSamplesOfSeveralServers has some servers of the samples down.
func TestSamplesOfSeveralServers(t *testing.T) {
	for name, steps := range map[string][][2]string{
		"failover": {
			{"", "254:25"}, {"", "254:25"},
			{"172.16.20.254", "254:25 253:25"}, {"172.16.20.254", "253:25"}, {"", "253:25"},
			{"172.16.20.253 172.16.20.254", "253:25 254:25 253:25 nowhere"},
		},
		"round-robin": {
			{"", "252:25"}, {"", "253:25"}, {"", "254:25"},
			{"172.16.20.252", "252:25 253:25"}, {"", "254:25"}, {"", "253:25"},
		},
	} {
		c := sample(t, name)
		for i, step := range steps {
			tried := connects(t, c, c.Services["smtp_in"], step[0])
			if got := strings.ReplaceAll(strings.Join(tried, " "), "172.16.20.", ""); got != step[1] {
				t.Errorf("%s, session %d: %s, want %s", name, i+1, got, step[1])
			}
		}
	}
}

// TestSampleOfTranslation has clients of the branch and of elsewhere.
func TestSampleOfTranslation(t *testing.T) {
	c := sample(t, "nat")
	for client, want := range map[string]string{
		"10.20.3.4":    "172.16.20.25:25 from 172.16.20.1",
		"198.51.100.7": "172.16.20.25:25",
	} {
		if got := strings.Join(connectsFor(t, c, c.Services["smtp_in"], client, ""), " "); got != want {
			t.Errorf("%s: %s, want %s", client, got, want)
		}
	}
}

// TestSampleOfARouter has clients of several zones, and a server that is down.
func TestSampleOfARouter(t *testing.T) {
	c := sample(t, "own-router")
	for _, step := range [][3]string{
		{"203.0.113.9", "", "252:25"}, {"198.51.100.7", "", "253:25"}, {"198.51.100.7", "172.16.20.253", "253:25 254:25"},
		{"203.0.113.9", "172.16.20.252", "252:25 252:25 nowhere"},
	} {
		tried := strings.Join(connectsFor(t, c, c.Services["smtp_in"], step[0], step[1]), " ")
		if got := strings.NewReplacer("172.16.20.", "", " from "+step[0], "").Replace(tried); got != step[2] {
			t.Errorf("%s: %s, want %s", step[0], got, step[2])
		}
	}
}
