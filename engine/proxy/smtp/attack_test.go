package smtp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
)

// clocked is an Exchange that counts how often the client's time begins anew.
type clocked struct {
	tape
	awaits int
}

func (x *clocked) Await(from proxy.Side, limit time.Duration) {
	if from == proxy.Client && limit > 0 {
		x.awaits++
	}
}

// TestSlowCommand (DOS-01): the time for a command runs from its first letter to its last, however they trickle in.
func TestSlowCommand(t *testing.T) {
	m, x := quiet(t), &clocked{}
	m.Open(x, nil)
	m.Receive(x, proxy.Server, []byte("220 m\r\n"))
	before := x.awaits
	for i := range len("EHLO client") {
		if n := m.Receive(x, proxy.Client, []byte("EHLO client")[:i+1]); n != 0 {
			t.Fatal("half a line was used")
		}
	}
	if x.awaits != before {
		t.Errorf("a letter prolonged the time for the command")
	}
	m.Ended(x, proxy.Client, os.ErrDeadlineExceeded)
	if !strings.HasPrefix(x.out[proxy.Client].String(), "220 m\r\n421 ") || x.out[proxy.Server].Len() > 0 {
		t.Errorf("client %q, server %q", &x.out[proxy.Client], &x.out[proxy.Server])
	}
}

// TestSlowText (DOS-02): mail data that trickles in ends the session although no single wait is long.
func TestSlowText(t *testing.T) {
	m, x, now := quiet(t).(*Machine), &tape{}, time.Unix(0, 0)
	m.now = func() time.Time { return now }
	m.Open(x, nil)
	play(m, x, opening)
	play(m, x, message[:6])
	x.out[proxy.Client].Reset()
	for range 100 {
		now = now.Add(10 * time.Second)
		m.Receive(x, proxy.Client, []byte("x"))
	}
	if got := x.out[proxy.Client].String(); !strings.HasPrefix(got, "421 ") || !x.hung[proxy.Client] || !x.hung[proxy.Server] {
		t.Errorf("client %q, hung up %v", got, x.hung)
	}
	if got := x.out[proxy.Server].String(); strings.HasSuffix(got, ".\r\n") || strings.Count(got, "x") > 1+50 {
		t.Errorf("server %q", got)
	}
}

// TestFastTextIsNotSlow: what TestSlowText does not mean.
func TestFastTextIsNotSlow(t *testing.T) {
	m, x, now := quiet(t).(*Machine), &tape{}, time.Unix(0, 0)
	m.now = func() time.Time { return now }
	m.Open(x, nil)
	play(m, x, opening)
	play(m, x, message[:6])
	for range 100 {
		now = now.Add(10 * time.Second)
		m.Receive(x, proxy.Client, bytes.Repeat([]byte("x"), 1000))
	}
	if x.hung[proxy.Client] {
		t.Error("100 octets a second are not enough")
	}
}

// TestGroupIsBounded (PIPE-05): a group of commands waits in the driver, not in the machine.
func TestGroupIsBounded(t *testing.T) {
	m, x := quiet(t).(*Machine), &tape{}
	m.Open(x, nil)
	play(m, x, opening)
	have := [2][]byte{[]byte("MAIL FROM:<a@x.example>\r\n" + strings.Repeat("RCPT TO:<b@y.example>\r\n", 100000)), nil}
	x.feed(m, &have)
	if len(m.queue) > maxQueue || cap(m.arena) > 64<<10 || len(have[proxy.Client]) < 2<<20 {
		t.Errorf("%d commands and %d octets are held, %d are not taken", len(m.queue), cap(m.arena), len(have[proxy.Client]))
	}
}

// TestClientThatNeverReads (PIPE-05): the proxy stops to read who does not take its replies.
func TestClientThatNeverReads(t *testing.T) {
	client, inner := net.Pipe()
	origin, outer := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	on := newSession()
	m := quiet(t)
	go func() {
		defer close(over)
		proxy.Serve(ctx, m, on, inner, func(context.Context) (net.Conn, error) { return outer, nil })
	}()
	if _, err := origin.Write([]byte("220 m\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	client.SetWriteDeadline(time.Now().Add(time.Second))
	n, err := client.Write(bytes.Repeat([]byte("VRFY x\r\n"), 100000))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > proxy.MaxUnused*2 {
		t.Errorf("%d octets were read of a client that reads nothing: %v", n, err)
	}
	cancel()
	client.Close()
	origin.Close()
	<-over
}

// TestSecretsAreNotLogged (AUTH-07): at no level.
func TestSecretsAreNotLogged(t *testing.T) {
	const start = "s< 220 m\nc< 220 m\nc> EHLO c\ns> EHLO c\ns<\"250-m\\r\\n250 AUTH PLAIN LOGIN\\r\\n\"\nc< 250-m\nc< 250 AUTH PLAIN LOGIN\n"
	plain, user, word, junk := base64.StdEncoding.EncodeToString([]byte("\x00alice\x00geheim77")), "YWxpY2U3Nw==", "Z2VoZWltNzc=", "geheim77!"
	for name, script := range map[string]string{
		"PLAIN":          start + "c> AUTH PLAIN " + plain + "\ns> AUTH PLAIN " + plain + "\ns< 235 ok\nc< 235 ok\n",
		"PLAIN, refused": start + "c> AUTH PLAIN " + plain + "\ns> AUTH PLAIN " + plain + "\ns< 535 no\nc< 535 no\n",
		"LOGIN": start + "c> AUTH LOGIN\ns> AUTH LOGIN\ns< 334 a\nc< 334 a\nc> " + user + "\ns> " + user + "\ns< 334 b\nc< 334 b\nc> " +
			word + "\ns> " + word + "\ns< 235 ok\nc< 235 ok\n",
		"junk":           start + "c> AUTH PLAIN " + junk + "\nc< 501 Cannot decode authentication data\n",
		"junk in answer": start + "c> AUTH LOGIN\ns> AUTH LOGIN\ns< 334 a\nc< 334 a\nc> " + junk + "\ns> *\nc< 501 Cannot decode authentication data\n",
		"out of place":   "s< 220 m\nc< 220 m\nc> AUTH PLAIN " + plain + "\nc< 503 Invalid command in this state\n",
		"cut":            start + "c>\"AUTH PLAIN " + plain + "\"\nc close\n",
		"control byte":   start + "c>\"AUTH PLAIN " + plain + "\\x01\\r\\n\"\nc< 500 Invalid command\n",
	} {
		s := smtpProxy()
		s.PermitAuthWithoutTLS = true
		m := newMachine(t, s).(*Machine)
		var log bytes.Buffer
		m.session.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.Level(-100)}))
		if err := dialog.Play(m, script); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m.Close()
		for _, secret := range []string{plain, user, word, "geheim77", "alice"} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%s: %s is in the log:\n%s", name, secret, &log)
			}
		}
	}
}
