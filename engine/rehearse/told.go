package rehearse

import (
	"bytes"
	"net"

	"zorpgo/engine"
	"zorpgo/engine/proxy/smtp"
)

// told lets an origin be told of clients by XCLIENT and XFORWARD, which its library does not know: it offers them,
// answers them, and takes them out of what the origin reads.
type told struct {
	net.Conn
	in      []byte // read, and not looked at yet
	out     []byte // for the origin
	hello   bool   // the reply to EHLO is due
	content bool   // mail data is read, not commands
}

const (
	toldOffers   = "250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n"
	toldGreeting = "220 origin.rehearsal ESMTP\r\n"
	toldOk       = "250 2.0.0 Ok\r\n"
)

// tellsServers reports whether a class of c tells servers of clients.
func tellsServers(c *engine.Config) bool {
	for _, s := range c.Services {
		class, ok := s.Class.(interface{ Settings() *smtp.Settings })
		if ok && (class.Settings().XClientToServer || class.Settings().XForwardToServer) {
			return true
		}
	}
	return false
}

// Read gives what is not for told itself.
func (t *told) Read(b []byte) (int, error) {
	for len(t.out) == 0 {
		part := make([]byte, 4096)
		n, err := t.Conn.Read(part)
		t.in = append(t.in, part[:n]...)
		if sorted := t.sort(); sorted != nil {
			return 0, sorted
		}
		if err != nil && len(t.out) == 0 {
			return 0, err
		}
	}
	n := copy(b, t.out)
	t.out = t.out[n:]
	return n, nil
}

// sort looks at the lines that were read.
func (t *told) sort() error {
	for {
		n := bytes.IndexByte(t.in, '\n') + 1
		if n == 0 {
			return nil
		}
		line := t.in[:n]
		t.in = t.in[n:]
		verb := string(bytes.ToUpper(bytes.TrimRight(bytes.SplitN(line, []byte(" "), 2)[0], "\r\n")))
		answer := ""
		switch {
		case t.content:
			t.content = verb != "."
		case verb == "XCLIENT":
			answer = toldGreeting
		case verb == "XFORWARD":
			answer = toldOk
		case verb == "EHLO":
			t.hello = true
		case verb == "DATA", verb == "BDAT":
			t.content = true
		}
		if answer == "" {
			t.out = append(t.out, line...)
		} else if _, err := t.Conn.Write([]byte(answer)); err != nil {
			return err
		}
	}
}

// Write puts the offers behind the first line of a reply to EHLO.
func (t *told) Write(b []byte) (int, error) {
	n := bytes.IndexByte(b, '\n') + 1
	if !t.hello || n == 0 || !bytes.HasPrefix(b, []byte("250-")) {
		return t.Conn.Write(b)
	}
	t.hello = false
	with := append(append(append([]byte(nil), b[:n]...), toldOffers...), b[n:]...)
	if _, err := t.Conn.Write(with); err != nil {
		return 0, err
	}
	return len(b), nil
}
