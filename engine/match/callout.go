package match

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// The bounds of one callout.
const (
	calloutLimit    = 30 * time.Second
	calloutDial     = 10 * time.Second // to one address of the server
	calloutFarewell = 2 * time.Second
	calloutBytes    = 64 << 10 // that are read of a server
)

// Callout says how a mail server is asked for recipients.
type Callout struct {
	Server  string // a host name or an address
	Port    uint16
	Force   bool                   // a transaction is begun even if the server has VRFY
	Sender  string                 // its reverse-path, without brackets
	Local   netip.Addr             // the address to connect from; not valid: the kernel's choice
	Hello   func() (string, error) // the name given in EHLO
	Keep    time.Duration          // how long an answer is remembered
	Resolve Resolve
	Dial    DialFrom // nil is DialTCP
}

// DialFrom connects to a server, from an address if that is valid.
type DialFrom func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error)

// DialTCP is DialFrom by a socket of this host.
func DialTCP(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{Timeout: calloutDial}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	return d.DialContext(ctx, "tcp", to.String())
}

// InvalidRecipient matches addresses that a mail server does not take (Zorp's SmtpInvalidRecipientMatcher). What the
// server says for good is remembered; what it says for now (4xx) is not, and leaves the question open.
type InvalidRecipient struct {
	callout Callout
	valid   *lookups[bool]
}

var _ Matcher = (*InvalidRecipient)(nil)

// NewInvalidRecipient makes a matcher that connects to the server when it is asked for an address that it does not know.
func NewInvalidRecipient(c Callout) *InvalidRecipient {
	if c.Dial == nil {
		c.Dial = DialTCP
	}
	m := &InvalidRecipient{callout: c}
	m.valid = newLookups(c.Keep, calloutLimit, m.ask)
	return m
}

// Match reports whether the server refuses address. The null reverse-path is nobody's, and valid.
func (m *InvalidRecipient) Match(ctx context.Context, address string) (bool, error) {
	if address == "" {
		return false, nil
	}
	valid, err := m.valid.get(ctx, address)
	return err == nil && !valid, err
}

// ask has one dialog with the server.
func (m *InvalidRecipient) ask(ctx context.Context, address string) (valid bool, err error) {
	conn, err := m.connect(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	valid, err = m.talk(&bounded{Conn: conn, left: calloutBytes}, address)
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: no answer within %s", m.callout.Server, calloutLimit)
	}
	return valid, err
}

// connect tries the addresses of the server in turn.
func (m *InvalidRecipient) connect(ctx context.Context) (net.Conn, error) {
	c := &m.callout
	addrs, err := addressesOf(ctx, c)
	for _, a := range addrs {
		if c.Local.IsValid() && a.Unmap().Is4() != c.Local.Is4() {
			err = fmt.Errorf("%s cannot be reached from %s", a, c.Local)
			continue
		}
		var conn net.Conn
		if conn, err = c.Dial(ctx, c.Local, netip.AddrPortFrom(a.Unmap(), c.Port)); err == nil {
			return conn, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%s has no address", c.Server)
	}
	return nil, err
}

func addressesOf(ctx context.Context, c *Callout) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(c.Server); err == nil {
		return []netip.Addr{a}, nil
	}
	return c.Resolve(ctx, c.Server)
}

// talk asks over a connection. EHLO is followed by HELO if the server does not know it (RFC 5321 §3.2).
func (m *InvalidRecipient) talk(conn *bounded, address string) (valid bool, err error) {
	client := smtp.NewClient(conn)
	client.CommandTimeout = calloutLimit
	name, err := m.callout.Hello()
	if err != nil {
		return false, err
	}
	if err := client.Hello(name); err != nil {
		return false, m.failed("greeting", err)
	}
	defer func() {
		client.CommandTimeout = calloutFarewell
		_ = client.Quit() // the answer is there already
	}()
	// A server that was greeted by HELO has VRFY (RFC 5321 §4.5.1), one that was greeted by EHLO says so.
	if verifies, _ := client.Extension("VRFY"); !m.callout.Force && (verifies || conn.helo) {
		if valid, known, err := m.judge("VRFY", client.Verify(address)); known || err != nil {
			return valid, err
		}
	}
	if err := client.Mail(m.callout.Sender, &smtp.MailOptions{UTF8: !ascii(address)}); err != nil {
		return false, m.failed("MAIL", err)
	}
	valid, known, err := m.judge("RCPT", client.Rcpt(address, nil))
	if !known && err == nil {
		err = fmt.Errorf("%s does not take RCPT", m.callout.Server)
	}
	return valid, err
}

// judge reads a reply to a question for an address. Not known: the reply is about the command, not the address.
func (m *InvalidRecipient) judge(verb string, reply error) (valid, known bool, err error) {
	var said *smtp.SMTPError
	switch {
	case reply == nil:
		return true, true, nil
	case !errors.As(reply, &said) || said.Code/100 == 4:
		return false, false, m.failed(verb, reply)
	case said.Code < 300: // 252: it cannot tell, but takes mail
		return true, true, nil
	case said.Code == 500, said.Code == 502, said.Code == 503, said.Code == 504, said.Code == 530:
		return false, false, nil
	}
	return false, true, nil
}

// failed is an error that leaves the question open.
func (m *InvalidRecipient) failed(verb string, err error) error {
	var said *smtp.SMTPError
	if !errors.As(err, &said) {
		return fmt.Errorf("%s: %s: %w", m.callout.Server, verb, err)
	}
	text := fmt.Sprintf("%s: %s: %d %s", m.callout.Server, verb, said.Code, said.Message)
	if verb == "RCPT" || verb == "VRFY" {
		return fmt.Errorf("%w: %s", errAnswered, text)
	}
	return errors.New(text)
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

// bounded is a connection of which no more than so much is read.
type bounded struct {
	net.Conn
	left int
	helo bool // it was said
}

// Write notes whether HELO is said, which the client does not tell.
func (b *bounded) Write(p []byte) (int, error) {
	b.helo = b.helo || bytes.HasPrefix(p, []byte("HELO "))
	return b.Conn.Write(p)
}

// Read reads what is left.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrShortBuffer
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
