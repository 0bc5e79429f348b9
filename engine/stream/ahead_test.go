package stream

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

func TestAhead(t *testing.T) {
	l, err := Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	a, b := Ahead{conn}, make([]byte, 8)
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Peek(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("of a silent peer: %v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(peer, "EHLO x")
	for range 2 {
		if n, err := a.Peek(b); string(b[:n]) != "EHLO x" {
			t.Errorf("read ahead %q, %v", b[:n], err)
		}
	}
	if n, err := a.Read(b); string(b[:n]) != "EHLO x" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	peer.Close()
	if _, err := a.Peek(b); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	conn.Close()
	if _, err := a.Peek(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := (Ahead{struct{ net.Conn }{conn}}).Peek(b); err == nil {
		t.Error("what is no socket can be looked at")
	}
}
