package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

// dialog is a hand-driven SMTP client.
type dialog struct {
	t    *testing.T
	conn net.Conn
	from *bufio.Reader
}

// dial opens a connection from that local address ("" for any) to the firewall.
func dial(t *testing.T, h *Host, from, firewall string) *dialog {
	t.Helper()
	conn, err := h.Dial(from, net.JoinHostPort(firewall, "25"))
	must(t, err)
	return &dialog{t: t, conn: conn, from: bufio.NewReader(conn)}
}

// write sends bytes as they are.
func (d *dialog) write(text string) {
	d.t.Helper()
	if _, err := d.conn.Write([]byte(text)); err != nil {
		d.t.Fatalf("write: %v", err)
	}
}

// get reads a reply, whose last line must begin with want.
func (d *dialog) get(want string) {
	d.t.Helper()
	for {
		line, err := d.from.ReadString('\n')
		switch {
		case err != nil:
			d.t.Fatalf("got %q, %v; want %q", line, err, want)
		case strings.HasPrefix(line[min(3, len(line)):], "-"):
		case !strings.HasPrefix(line, want):
			d.t.Fatalf("got %q; want %q", line, want)
		default:
			return
		}
	}
}

// say sends a command and gets its reply.
func (d *dialog) say(command, want string) {
	d.t.Helper()
	d.write(command + "\r\n")
	d.get(want)
}

// quit ends the session in the orderly way: the server closes the connection.
func (d *dialog) quit() {
	d.t.Helper()
	d.say("QUIT", "221 ")
	if rest, err := io.ReadAll(d.from); len(rest) > 0 || err != nil {
		d.t.Errorf("after 221: %q, %v", rest, err)
	}
	must(d.t, d.conn.Close())
}

// toData goes as far as the origin's 354.
func (d *dialog) toData() {
	d.t.Helper()
	d.get("220 ")
	d.say("EHLO client.example.net", "250 ")
	d.say("MAIL FROM:<alice@example.net>", "250 ")
	d.say("RCPT TO:<bob@example.com>", "250 ")
	d.say("DATA", "354 ")
}

// reset connects and reports whether nothing came but a TCP reset.
func reset(h *Host, firewall string) error {
	conn, err := h.Dial("", net.JoinHostPort(firewall, "25"))
	n := 0
	if err == nil { // else the reset was faster than the end of connect
		n, err = conn.Read(make([]byte, 100))
	}
	if n > 0 || !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("read %d bytes, %v; want a reset", n, err)
	}
	return nil
}
