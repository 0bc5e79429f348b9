package rehearse

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/emersion/go-smtp"

	"zorpgo/engine/stream"
)

// Received is one message as an origin stored it.
type Received struct {
	Target  stream.Addr // the server that the origin plays
	From    string
	To      []string
	Content string
}

// origin is an SMTP server on loopback that plays one target of the policy: it takes every message and tells what it
// received.
type origin struct {
	target   stream.Addr
	listener net.Listener
	server   *smtp.Server
	tell     func(Received)
	recorder *recorder
	done     sync.WaitGroup
}

// startOrigin begins to serve on listener, which it owns from now on.
func startOrigin(listener net.Listener, target stream.Addr, rec *recorder, tells bool, tell func(Received)) *origin {
	o := &origin{target: target, listener: listener, tell: tell, recorder: rec}
	o.server = smtp.NewServer(smtp.BackendFunc(o.newSession))
	o.server.Domain = "origin.rehearsal"
	o.server.EnableSMTPUTF8 = true
	o.server.EnableDSN = true
	o.server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	o.done.Go(func() { _ = o.server.Serve(tapListener{listener, rec, tells}) })
	return o
}

// address is where the origin really listens.
func (o *origin) address() netip.AddrPort { return addrPort(o.listener.Addr()) }

func (o *origin) close() {
	_ = o.server.Close()
	_ = o.listener.Close() // the server does not know it if Serve has not begun yet
	o.done.Wait()
}

func (o *origin) newSession(*smtp.Conn) (smtp.Session, error) { return &delivery{origin: o}, nil }

// tapListener records what its connections say.
type tapListener struct {
	net.Listener
	recorder *recorder
	tells    bool // of clients, by XCLIENT or XFORWARD
}

func (l tapListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.recorder.count(1)
	conn = &tap{Conn: conn, recorder: l.recorder, side: serverSide}
	if l.tells {
		conn = &told{Conn: conn}
	}
	return conn, nil
}

// delivery is one session of an origin.
type delivery struct {
	origin *origin
	from   string
	to     []string
}

// Mail begins a transaction.
func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.from = from
	return nil
}

// Rcpt takes every recipient.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, to)
	return nil
}

// Data stores the message.
func (d *delivery) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.origin.tell(Received{d.origin.target, d.from, d.to, string(content)})
	return nil
}

// Reset ends a transaction.
func (d *delivery) Reset() { d.from, d.to = "", nil }

// Logout ends the session.
func (d *delivery) Logout() error { return nil }
