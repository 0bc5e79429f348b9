package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// patience is how long a client waits for a reply, and bench for a proxy to start.
const patience = 20 * time.Second

// client speaks one SMTP session after the other.
type client struct {
	conn       net.Conn
	r          *bufio.Reader
	pipelining bool // the server announced it
	resumed    bool // the session of TLS is an earlier one
}

func newClient() *client { return &client{r: bufio.NewReaderSize(nil, 1<<10)} }

// What clients say.
var (
	hello    = []byte("EHLO client.bench.example\r\n")
	from     = []byte("MAIL FROM:" + sender + "\r\n")
	to       = []byte("RCPT TO:" + recipient + "\r\n")
	data     = []byte("DATA\r\n")
	envelope = bytes.Join([][]byte{from, to, data}, nil)
	encrypt  = []byte("STARTTLS\r\n")
	quit     = []byte("QUIT\r\n")
)

// server is what a client connects to.
type server struct {
	at    string
	layer layer
	tls   *tls.Config // nil: the layer is clear
}

// begin connects and says EHLO, under TLS as to says.
func (c *client) begin(ctx context.Context, to server) (err error) {
	if c.conn, err = quietDial.DialContext(ctx, "tcp", to.at); err != nil {
		return err
	}
	c.r.Reset(c.conn)
	c.pipelining = false
	if err = c.wait(); err == nil && to.layer == implicit {
		err = c.encrypt(ctx, to)
	}
	if err == nil {
		err = c.reply('2')
	}
	if err == nil {
		err = c.say(hello, '2')
	}
	if err == nil && to.layer == startTLS {
		err = c.begins(ctx, to)
	}
	if err != nil {
		c.conn.Close()
	}
	return err
}

// begins turns to TLS by STARTTLS, and says EHLO again.
func (c *client) begins(ctx context.Context, to server) error {
	if err := c.say(encrypt, '2'); err != nil {
		return err
	}
	if err := c.encrypt(ctx, to); err != nil {
		return err
	}
	return c.say(hello, '2')
}

func (c *client) encrypt(ctx context.Context, to server) error {
	conn := tls.Client(c.conn, to.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	c.resumed = conn.ConnectionState().DidResume
	c.conn = conn
	c.r.Reset(conn)
	return nil
}

// wait begins the time that the server has.
func (c *client) wait() error { return c.conn.SetDeadline(time.Now().Add(patience)) }

// envelope goes as far as an accepted recipient.
func (c *client) envelope() error {
	if err := c.say(from, '2'); err != nil {
		return err
	}
	return c.say(to, '2')
}

// send delivers one message.
func (c *client) send(m *mail, pipelined bool) error {
	if err := c.wait(); err != nil {
		return err
	}
	if err := c.propose(pipelined); err != nil {
		return err
	}
	return c.say(m.text, '2')
}

// propose goes as far as the server's 354.
func (c *client) propose(pipelined bool) error {
	if !pipelined || !c.pipelining {
		if err := c.envelope(); err != nil {
			return err
		}
		return c.say(data, '3')
	}
	if err := c.say(envelope, '2'); err != nil {
		return err
	}
	if err := c.reply('2'); err != nil {
		return err
	}
	return c.reply('3')
}

// quit ends the session.
func (c *client) quit() error {
	defer c.conn.Close()
	return c.say(quit, '2')
}

func (c *client) say(text []byte, want byte) error {
	if _, err := c.conn.Write(text); err != nil {
		return err
	}
	return c.reply(want)
}

// reply reads one reply, however many lines it has, whose code must begin with want.
func (c *client) reply(want byte) error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) < 5 || line[0] != want {
			return fmt.Errorf("the reply is %q", bytes.TrimSpace(line))
		}
		if bytes.HasPrefix(line[4:], []byte("PIPELINING")) {
			c.pipelining = true
		}
		if line[3] != '-' {
			return nil
		}
	}
}
