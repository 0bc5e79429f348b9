package service

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"zorpgo/engine/nat"
	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// A service's policies reach its chainer, whatever that is, and the session tells where it really went.
func TestTranslates(t *testing.T) {
	server, _ := pair(t)
	v := &Service{
		Name: "in", Class: class{}, Router: directed(),
		SNAT: &nat.Policy{Name: "s", NAT: nat.ForgeClient{}},
		DNAT: &nat.Policy{Name: "d", NAT: &nat.Static{To: netip.MustParseAddrPort("192.0.2.5:2525")}},
	}
	var from route.Local
	env := &Env{
		Dial: func(_ context.Context, _ stream.Addr, l route.Local) (net.Conn, error) { from = l; return server, nil },
		Serve: func(ctx context.Context, _ proxy.Protocol, _ *session.Session, c net.Conn, connect func(context.Context) (net.Conn, error)) {
			if _, err := connect(ctx); err != nil {
				t.Error(err)
			}
			c.Close()
		},
	}
	s := newSession(io.Discard)
	near, _ := pair(t)
	v.Run(t.Context(), env, s, near)
	if s.Server.String() != "192.0.2.5:2525" || from.Addr.String() != "172.16.40.10:0" || !v.ShowsClient() {
		t.Errorf("server %s, from %+v", s.Server, from)
	}
	if !v.prompt() {
		t.Error("a table makes a driver wait")
	}
	if v.SNAT.NAT = (&nat.General{}); v.ShowsClient() {
		t.Error("a general translation shows the client")
	}
}

// slow is a translation that may take its time.
type slow struct{ nat.NAT }

func (slow) TranslateFor(*session.Session, nat.Pair, nat.Mode) (netip.AddrPort, bool, error) {
	return netip.AddrPort{}, false, nil
}

// decides is a router that the policy wrote.
type decides struct{ route.Router }

func (decides) Decider() string { return "Own" }

func TestWhatThePolicyWroteIsNotPrompt(t *testing.T) {
	p := &nat.Policy{Name: "s", NAT: slow{}}
	for _, v := range []*Service{{SNAT: p}, {DNAT: p}, {Router: decides{directed()}}} {
		if v.prompt() {
			t.Error("a driver that must not wait would have to")
		}
	}
}
