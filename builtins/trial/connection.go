package trial

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"zorpgo/engine/dispatch"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// question is a connection that a test makes.
type question struct {
	client, server netip.AddrPort
	iface          string
	ifgroup        int
	down           []string // servers that refuse connections; "*" is all
	replies        map[string][]string
}

// connection is one of a client, from its rule to its end.
type connection struct {
	stage   *stage
	session *session.Session
	rule    *rule.Rule // nil: none matches
	denied  string     // why there is no session
	origin  *origin
	header  []byte       // what the server was sent before the session
	source  *route.Local // what the server sees; nil: no connection was made
	down    []string

	talk        *dialog.Conversation // nil: there is no session
	greeting    string
	leave, left chan struct{}
}

// connect makes a connection and takes it as far as the greeting.
func (s *stage) connect(q question) *connection {
	c := &connection{stage: s, origin: &origin{replies: q.replies}, down: q.down, leave: make(chan struct{}), left: make(chan struct{})}
	s.conns = append(s.conns, c)
	config := s.config
	c.session = &session.Session{
		Client: q.client, ClientLocal: q.server, ClientZone: config.Zones.Lookup(q.client.Addr()),
		ServerZone: config.Zones.Lookup(q.server.Addr()), Zones: config.Zones,
		Log: slog.New(slog.DiscardHandler), Context: s.ctx, Started: dialog.Start.Add(s.passed), PlayedTLS: true,
	}
	c.rule = config.Rules.Lookup(&rule.Flow{
		Proto: rule.ProtoTCP, Iface: q.iface, Ifgroup: q.ifgroup,
		Src: q.client.Addr(), SrcPort: q.client.Port(), SrcZone: c.session.ClientZone,
		Dst: q.server.Addr(), DstPort: q.server.Port(), DstZone: c.session.ServerZone,
	})
	if c.rule == nil {
		c.denied = "no rule matches"
		return c
	}
	s.runner.hits[c.rule.Pos]++
	c.session.RuleID, c.session.RulePos, c.session.Service = c.rule.ID, c.rule.Pos, c.rule.Service
	c.session.Direct = dispatch.Intercepted(c.rule) == ""
	v := config.Services[c.rule.Service]
	if v.Deny {
		c.denied = fmt.Sprintf("service %q denies it", v.Name)
		return c
	}
	o, opaque := v.Class.(proxy.Opaque)
	c.origin.opaque = opaque && o.Opaque()
	c.begin(v)
	return c
}

// begin has the service run the session as far as its server side; the rest is led from here.
func (c *connection) begin(v *service.Service) {
	type opening struct {
		p       proxy.Protocol
		failure error
	}
	ready := make(chan opening)
	env := &service.Env{Instance: c.stage.config.Instance, Dial: c.dial}
	env.Serve = func(ctx context.Context, p proxy.Protocol, _ *session.Session, _ net.Conn, connect func(context.Context) (net.Conn, error)) {
		defer p.Close()
		_, err := connect(ctx)
		ready <- opening{p, err}
		<-c.leave
	}
	client := &pipe{local: c.session.ClientLocal, remote: c.session.Client}
	go func() { // ends when the test ends the connection
		defer close(c.left)
		v.Run(c.stage.ctx, env, c.session, client)
	}()
	select {
	case o := <-ready:
		c.talk = dialog.Converse(o.p, o.failure)
		if o.failure == nil && !c.origin.opaque {
			c.originSays(c.origin.reply("GREETING"))
		}
		c.greeting = c.hear()
	case <-c.left:
		c.denied = c.session.Reason
		c.greeting = string(client.written)
	}
}

// dial plays the network behind the firewall.
func (c *connection) dial(_ context.Context, to stream.Addr, from route.Local) (net.Conn, error) {
	if slices.Contains(c.down, "*") || slices.Contains(c.down, to.String()) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	c.source = &from
	return &pipe{local: from.Addr, remote: to.AddrPort, into: &c.header}, nil
}

// say has the client send text, and gives what it is then sent.
func (c *connection) say(text string) (string, error) {
	switch {
	case c.talk == nil:
		return "", errors.New("there is no session: " + c.denied)
	case c.talk.HungUp(proxy.Client):
		return "", errors.New("the proxy has hung up")
	}
	c.stage.note("c", ">", text)
	c.talk.Say(proxy.Client, []byte(text))
	return c.hear(), nil
}

func (c *connection) originSays(text string) {
	c.stage.note("s", "<", text)
	c.talk.Say(proxy.Server, []byte(text))
}

// hear lets the server answer all that it was sent, and gives what the client was sent.
func (c *connection) hear() string {
	for {
		out := c.talk.Heard(proxy.Server)
		if len(out) == 0 && !c.talk.Handshake() {
			break
		}
		if len(out) == 0 {
			continue
		}
		c.stage.note("s", ">", string(out))
		if answer := c.origin.receive(out); len(answer) > 0 {
			c.originSays(string(answer))
		}
	}
	heard := string(c.talk.Heard(proxy.Client))
	c.stage.note("c", "<", heard)
	if c.origin.opaque {
		return heard
	}
	return strings.TrimSuffix(strings.ReplaceAll(heard, "\r\n", "\n"), "\n")
}

// end ends the session.
func (c *connection) end() {
	if c.talk == nil || c.leave == nil {
		return
	}
	c.talk.End(proxy.Client)
	c.hear()
	close(c.leave)
	<-c.left
	c.leave = nil
}

// pipe is a connection of which only the beginning is a net.Conn.
type pipe struct {
	local, remote netip.AddrPort
	written       []byte
	into          *[]byte
}

func (p *pipe) Write(b []byte) (int, error) {
	p.written = append(p.written, b...)
	if p.into != nil {
		*p.into = append(*p.into, b...)
	}
	return len(b), nil
}

func (p *pipe) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (p *pipe) Close() error                     { return nil }
func (p *pipe) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(p.local) }
func (p *pipe) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(p.remote) }
func (p *pipe) SetDeadline(time.Time) error      { return nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
