package faults

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// client is an SMTP client that checks every answer.
type client struct {
	net.Conn
	in *bufio.Reader
}

// errLater is a refusal for now: 421 or 45x (RFC 5321 §3.8, §4.2.1).
var errLater = errors.New("come again later")

func newClient(conn net.Conn) *client { return &client{Conn: conn, in: bufio.NewReaderSize(conn, 512)} }

// connect waits for the greeting.
func connect(at string) (*client, error) {
	conn, err := net.DialTimeout("tcp4", at, patience)
	if err != nil {
		return nil, err
	}
	c := newClient(conn)
	if err = conn.SetDeadline(time.Now().Add(patience)); err == nil {
		err = c.wants("220")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// reply is the last line of the next reply.
func (c *client) reply() (string, error) {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return line, fmt.Errorf("after %q: %w", line, err)
		}
		if len(line) > 3 && line[3] != '-' {
			return strings.TrimSpace(line), nil
		}
	}
}

func (c *client) wants(code string) error {
	line, err := c.reply()
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(line, code):
		return nil
	case strings.HasPrefix(line, "4"):
		return fmt.Errorf("%w: %s", errLater, line)
	}
	return fmt.Errorf("want %s, got %q", code, line)
}

// says sends lines and wants an answer of that code to each.
func (c *client) says(code string, lines ...string) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := io.WriteString(c, line+"\r\n"); err != nil {
			return err
		}
		if err := c.wants(code); err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	return nil
}

// deliver sends one message; nil: it was confirmed.
func (c *client) deliver(id string) error {
	if err := c.says("250", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>"); err != nil {
		return err
	}
	if err := c.says("354", "DATA"); err != nil {
		return err
	}
	return c.says("250", id+"\r\nSubject: x\r\n\r\nhello\r\n.")
}

// pipelined sends one message with its envelope in one write (RFC 2920).
func (c *client) pipelined(id string) error {
	if _, err := io.WriteString(c, "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"); err != nil {
		return err
	}
	for _, code := range []string{"250", "250", "354"} {
		if err := c.wants(code); err != nil {
			return err
		}
	}
	return c.says("250", id+"\r\n\r\nhello\r\n.")
}

// chunked sends one message by BDAT (RFC 3030).
func (c *client) chunked(id string) error {
	if err := c.says("250", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>"); err != nil {
		return err
	}
	text := id + "\r\n\r\n" + strings.Repeat("more\r\n", 100)
	for _, part := range []struct{ text, last string }{{text[:20], ""}, {text[20:], " LAST"}} {
		if _, err := fmt.Fprintf(c, "BDAT %d%s\r\n%s", len(part.text), part.last, part.text); err != nil {
			return err
		}
		if err := c.wants("250"); err != nil {
			return err
		}
	}
	return nil
}

// startTLS begins TLS, without looking at the certificate.
func (c *client) startTLS() error {
	if err := c.says("220", "STARTTLS"); err != nil {
		return err
	}
	encrypted := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c.Conn, c.in = encrypted, bufio.NewReaderSize(encrypted, 512)
	return c.says("250", "EHLO client.example")
}

func (c *client) quit() error {
	defer c.Close()
	return c.says("221", "QUIT")
}
