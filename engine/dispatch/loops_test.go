package dispatch

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
)

// slow is a class whose sessions need goroutines; asked runs when a loop asks that.
type slow struct {
	class
	asked func()
}

func (c slow) Prompt() bool { c.asked(); return false }

// A session that a loop leaves to goroutines keeps what the loop decided, and is one hit of its rule.
func TestHandedConnectionIsDecidedOnce(t *testing.T) {
	b := &log{}
	d := New(Options{Serve: greet, Log: slog.New(slog.NewTextHandler(b, nil)), Loops: 1})
	defer d.Close()
	l, err := stream.Listen(t.Context(), addrPort(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	if err != nil {
		t.Fatal(err)
	}
	at := addrPort(l.Addr())
	r := &rule.Rule{ID: 1, Service: "in", Pos: source.Pos{File: "mail.star", Line: 1}, DstSubnet: subnets("127.0.0.1/32"), DstPort: ports(at.Port())}
	before, after := policy(r), policy(r)
	after.Services = map[string]*service.Service{"in": {Name: "in", Deny: true}}
	asked := 0
	before.Services["in"] = &service.Service{Name: "in", Router: &route.Directed{}, Class: slow{asked: func() { asked++; d.Use(after) }}}
	d.Use(before)
	listener := d.Accept(l, true)
	if listener == nil {
		t.Fatal("the loops do not accept")
	}
	conn, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(io.LimitReader(conn, 8)); string(got) != "220 in\r\n" {
		t.Errorf("read %q, %v", got, err)
	}
	conn.Close()
	listener.Close()
	if err := d.Wait(context.Background()); err != nil || asked != 1 || d.Hits(r).Count() != 1 {
		t.Errorf("asked %d times, %d hits, %v", asked, d.Hits(r).Count(), err)
	}
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "session=svc/mail/in:0") {
		t.Errorf("log:\n%s", got)
	}
}
