package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
)

// policyFor is TLS of both sides, and what their peers need.
func policyFor(t testing.TB) (p *encryption.Policy, client, server *tls.Config) {
	t.Helper()
	a := certtest.New(t)
	own, theirs := a.Issue(t, "proxy.example"), a.Issue(t, "server.example")
	p = &encryption.Policy{
		Name:   "test",
		Client: encryption.ClientSide{Mode: encryption.StartTLS, Config: &tls.Config{Certificates: []tls.Certificate{own}, DynamicRecordSizingDisabled: true}},
		Server: encryption.ServerSide{Mode: encryption.StartTLS, Config: func(netip.AddrPort) (*tls.Config, error) {
			return &tls.Config{RootCAs: a.Pool, ServerName: "server.example", DynamicRecordSizingDisabled: true}, nil
		}},
	}
	return p, &tls.Config{RootCAs: a.Pool, ServerName: "proxy.example"}, &tls.Config{Certificates: []tls.Certificate{theirs}}
}

// encrypted puts TLS around both ends of a connection.
func encrypted(t testing.TB, outer, inner net.Conn) (_, _ net.Conn) {
	t.Helper()
	p, config, _ := policyFor(t)
	far := tls.Client(outer, config)
	done := make(chan error, 1)
	go func() { done <- far.Handshake() }() // ends with the handshake
	near, err := p.Client.Accept(context.Background(), inner)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return far, near
}

// starter is a fake whose client begins TLS: "tls" on its own side, "tls both" on the server's and then on its own.
type starter struct {
	fake
	policy         *encryption.Policy
	client, server *tls.Config
	secured        []string
}

func newStarter(t testing.TB) *starter {
	f := &starter{}
	f.policy, f.client, f.server = policyFor(t)
	both := false
	f.fake.line = func(x Exchange, from Side, line []byte) {
		switch string(line) {
		case "tls\n":
			x.Send(Client, []byte("go\n"))
			x.Secure(Client)
		case "tls both\n":
			both = true
			x.Secure(Server)
		case "go\n":
			x.Secure(Server)
		default:
			f.follow(x, from, line)
		}
	}
	f.onSecured = func(x Exchange, side Side, err error) {
		word := side.String() + " secured"
		if err != nil {
			word = side.String() + " failed"
		}
		f.secured = append(f.secured, word)
		switch {
		case err != nil:
			x.Send(side.Other(), []byte("failed\n"))
			x.Hangup(Client)
			x.Hangup(Server)
		case side == Server && both:
			x.Send(Client, []byte("go\n"))
			x.Secure(Client)
		}
	}
	return f
}

// serveStarter is serve for a starter.
func serveStarter(t *testing.T, network string, f *starter) *rig {
	r := prepare(t, network, f)
	r.s.Encryption = f.policy
	r.connected <- nil
	return r.start()
}

// upgrade does the peer's part of a handshake.
func (r *rig) upgrade(conn *tls.Conn) *tls.Conn {
	r.t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

func plainNetworks(t *testing.T, test func(t *testing.T, network string)) {
	for _, network := range []string{"tcp", "unix", "pipe", "loop"} {
		t.Run(network, func(t *testing.T) { test(t, network) })
	}
}

// onBoth runs a test with each driver.
func onBoth(t *testing.T, test func(t *testing.T, network string)) {
	for _, network := range []string{"tcp", "loop"} {
		t.Run(network, func(t *testing.T) { test(t, network) })
	}
}

// TLS begins within a session, on either side; what follows goes through it, and what is idle holds nothing.
func TestSecure(t *testing.T) {
	plainNetworks(t, func(t *testing.T, network string) {
		f := newStarter(t)
		r := serveStarter(t, network, f)
		r.say(r.client, "clear\n")
		r.hear(r.server, "clear\n")
		r.say(r.client, "tls\n")
		r.hear(r.client, "go\n")
		client := r.upgrade(tls.Client(r.client, f.client))
		r.say(client, "one\n")
		r.hear(r.server, "one\n")
		r.say(r.server, "go\n")
		server := r.upgrade(tls.Server(r.server, f.server))
		r.say(server, "two\n")
		r.hear(client, "two\n")
		body := strings.Repeat("0123456789abcde\n", 1<<16)
		go r.say(client, body)
		r.hear(server, body)
		if network != "pipe" {
			r.eventually("an idle session holds no buffers", func() bool { return r.held.Load() == 0 })
		}
		go r.say(client, "quit\n")
		r.hear(client, "bye\n")
		if network != "pipe" {
			r.hearEnd(client)
			r.hearEnd(server)
		} else {
			r.client.Close()
			r.server.Close()
		}
		client.Close()
		if crash := r.over(); crash != nil {
			t.Fatal(crash)
		}
		if r.s.ClientTLS == nil || r.s.ServerTLS == nil || r.s.ClientTLS.Version != tls.VersionTLS13 || len(r.s.ServerTLS.VerifiedChains) == 0 {
			t.Error("the session does not know of its TLS")
		}
		if want := int64(len("clear\ntls\none\nquit\n") + len(body)); r.s.Count.FromClient != want {
			t.Errorf("counted %d, want %d", r.s.Count.FromClient, want)
		}
	})
}

// The client's goroutine waits for bytes while the server's has TLS begin on it.
func TestSecureBoth(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		f := newStarter(t)
		r := serveStarter(t, network, f)
		r.say(r.client, "tls both\n")
		server := r.upgrade(tls.Server(r.server, f.server))
		r.hear(r.client, "go\n")
		client := r.upgrade(tls.Client(r.client, f.client))
		r.say(client, "one\n")
		r.hear(server, "one\n")
		r.say(client, "quit\n")
		r.hear(client, "bye\n")
		r.hearEnd(client)
		r.hearEnd(server)
		client.Close()
		r.over()
	})
}

// What comes in clear behind the word that leads to TLS is not used, whichever way it arrives (CVE-2011-0411).
func TestSecureInjected(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		for name, play := range map[string]func(r *rig, f *starter){
			"client, same segment": func(r *rig, _ *starter) {
				r.say(r.client, "tls\nevil\n")
				r.hear(r.server, "failed\n")
			},
			"client, half a line": func(r *rig, _ *starter) {
				r.say(r.client, "tls\nev")
				r.hear(r.server, "failed\n")
			},
			"client, before it is asked": func(r *rig, f *starter) {
				r.say(r.client, "tls both\n")
				r.say(r.client, "evil\n")
				r.upgrade(tls.Server(r.server, f.server))
			},
			"server, same segment": func(r *rig, _ *starter) {
				r.say(r.server, "go\nevil\n")
				r.hear(r.client, "failed\n")
			},
		} {
			t.Run(name, func(t *testing.T) {
				f := newStarter(t)
				r := serveStarter(t, network, f)
				play(r, f)
				r.client.(*net.TCPConn).CloseWrite()
				heard, _ := io.ReadAll(r.client)
				r.client.Close()
				r.over()
				last := f.secured[len(f.secured)-1]
				if !strings.HasSuffix(last, "failed") || !strings.Contains(r.log.String(), ErrInjected.Error()) || strings.Contains(r.log.String(), "evil") {
					t.Errorf("%s, log %s", last, &r.log)
				}
				if strings.Contains(string(heard), "go") || strings.Contains(string(heard), "evil") {
					t.Errorf("the client heard %q", heard)
				}
			})
		}
	})
}

// A handshake that fails ends the session; nothing is said in clear after it.
func TestSecureFails(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		for name, c := range map[string]struct {
			start  string
			play   func(r *rig, f *starter)
			reason string
		}{
			"rubbish": {"tls\n", func(r *rig, _ *starter) { r.say(r.client, "NOOP\r\n") }, "does not look like a TLS handshake"},
			"silence": {"tls\n", func(*rig, *starter) {}, "took too long"},
			"the client goes": {"tls\n", func(r *rig, _ *starter) {
				r.client.Close()
			}, "closed without"},
			"the client does not trust": {"tls\n", func(r *rig, _ *starter) {
				_ = tls.Client(r.client, &tls.Config{ServerName: "x"}).Handshake()
			}, "bad certificate"},
			"an old client": {"tls\n", func(r *rig, f *starter) {
				f.client.MinVersion, f.client.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
				_ = tls.Client(r.client, f.client).Handshake()
			}, "versions"},
		} {
			t.Run(name, func(t *testing.T) {
				f := newStarter(t)
				r := prepare(t, network, f)
				r.s.Encryption = f.policy
				if r.d != nil {
					r.d.linger = time.Second
				}
				r.shake = encryption.HandshakeTimeout
				if name == "silence" {
					r.shake = time.Millisecond
				}
				r.connected <- nil
				r.start()
				r.say(r.client, c.start)
				r.hear(r.client, "go\n")
				c.play(r, f)
				r.hear(r.server, "failed\n")
				r.hearEnd(r.server)
				r.client.SetReadDeadline(time.Now().Add(patience))
				if heard, _ := io.ReadAll(r.client); strings.Contains(string(heard), "\n") {
					t.Errorf("the client heard %q", heard)
				}
				r.client.Close()
				r.over()
				if !strings.Contains(r.log.String(), c.reason) || !strings.Contains(r.s.Reason, c.reason) {
					t.Errorf("reason %q, log %s", r.s.Reason, &r.log)
				}
			})
		}
	})
}

// A server that cannot prove who it is gets nothing.
func TestSecureServerFails(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		for name, c := range map[string]struct {
			config func(f *starter, t *testing.T) *tls.Config
			reason string
		}{
			"another authority": {func(_ *starter, t *testing.T) *tls.Config {
				return &tls.Config{Certificates: []tls.Certificate{certtest.New(t).Issue(t, "server.example")}}
			}, "unknown authority"},
			"another name": {func(f *starter, t *testing.T) *tls.Config {
				f.policy.Server.Config = func(netip.AddrPort) (*tls.Config, error) {
					return &tls.Config{RootCAs: f.client.RootCAs, ServerName: "other.example"}, nil
				}
				return f.server
			}, "not other.example"},
		} {
			t.Run(name, func(t *testing.T) {
				f := newStarter(t)
				config := c.config(f, t)
				r := serveStarter(t, network, f)
				r.say(r.server, "go\n")
				_ = tls.Server(r.server, config).Handshake()
				r.hear(r.client, "failed\n")
				r.client.Close()
				r.over()
				if !strings.Contains(r.s.Reason, c.reason) {
					t.Errorf("reason %q", r.s.Reason)
				}
			})
		}
	})
}

// A session that is cut in a handshake ends at once.
func TestSecureCut(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		for _, start := range []string{"tls\n", "tls both\n"} {
			f := newStarter(t)
			r := serveStarter(t, network, f)
			r.say(r.client, start)
			if start == "tls\n" {
				r.hear(r.client, "go\n")
			} else {
				r.server.Read(make([]byte, 1))
			}
			r.cancel()
			r.over()
		}
	})
}

// A panic of what the handshake asks, or of what is told of it, is the session's alone.
func TestSecurePanics(t *testing.T) {
	onBoth(t, func(t *testing.T, network string) {
		for _, start := range []string{"tls\n", "tls both\n"} {
			f := newStarter(t)
			f.policy.Client.Config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("bug") }
			f.policy.Client.Config.Certificates = nil
			f.policy.Server.Config = func(netip.AddrPort) (*tls.Config, error) { panic("bug") }
			r := serveStarter(t, network, f)
			r.say(r.client, start)
			if start == "tls\n" {
				r.hear(r.client, "go\n")
				go tls.Client(r.client, f.client).Handshake()
			}
			if crash := r.over(); crash == nil {
				t.Error("no panic came out")
			}
		}
	})
}

// The end of a connection is the end of what was sent only if the peer said so under TLS: otherwise somebody may have cut it.
func TestTruncated(t *testing.T) {
	for _, proper := range []bool{true, false} {
		f := &fake{}
		r := serve(t, "tls", f)
		r.say(r.client, "one\nha")
		r.hear(r.server, "one\n")
		want := "client EOF"
		if proper {
			r.client.Close()
		} else {
			want = "client error"
			r.client.(*tls.Conn).NetConn().Close()
		}
		r.hearEnd(r.server)
		r.over()
		if len(f.ended) != 1 || f.ended[0] != want {
			t.Errorf("ended %q, want %s", f.ended, want)
		}
	}
}
