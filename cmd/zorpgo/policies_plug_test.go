package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/explain"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

// imapServer answers LOGOUT and says of every other line that it is fine (RFC 3501).
func imapServer(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveIMAP(conn)
		}
	}()
	return l.Addr().String()
}

func serveIMAP(conn net.Conn) {
	defer conn.Close()
	io.WriteString(conn, "* OK ready\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		if command == "LOGOUT" {
			io.WriteString(conn, "* BYE\r\n"+tag+" OK done\r\n")
			return
		}
		io.WriteString(conn, tag+" OK "+command+"\r\n")
	}
}

// TestSamplePlug reads mail through the sample as a client of the intranet, and as one from outside.
func TestSamplePlug(t *testing.T) {
	server := imapServer(t)
	for client, want := range map[string]string{"10.1.2.3:41000": "* OK ready\r\na OK NOOP\r\n* BYE\r\nb OK done\r\n", "192.0.2.1:41000": ""} {
		var here string
		var dialled stream.Addr
		e := engine.New(engine.Options{
			Log: slog.New(slog.DiscardHandler),
			Listen: func(ctx context.Context, _ netip.AddrPort) (net.Listener, error) {
				l, err := stream.Listen(ctx, netip.MustParseAddrPort("127.0.0.1:0"))
				if err == nil {
					here = l.Addr().String()
				}
				return l, err
			},
			Present: func(net.Conn) (from, to netip.AddrPort) {
				return netip.MustParseAddrPort(client), netip.MustParseAddrPort("172.16.40.1:993")
			},
			Dial: func(_ context.Context, to stream.Addr, _ route.Local) (net.Conn, error) {
				dialled = to
				return net.Dial("tcp", server)
			},
		})
		if err := e.Start(sample(t, "plug-imap")); err != nil {
			t.Fatal(err)
		}
		heard := ""
		if conn, err := net.Dial("tcp", here); err == nil { // else the reset is faster
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			io.WriteString(conn, "a NOOP\r\nb LOGOUT\r\n")
			all, _ := io.ReadAll(conn)
			heard = string(all)
			conn.Close()
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if heard != want || want != "" && dialled.String() != "172.16.20.253:993" {
			t.Errorf("%s heard %q from %s", client, heard, dialled)
		}
	}
}

// The other commands know what a service of another protocol is.
func TestSamplePlugIsExplained(t *testing.T) {
	a := explain.Explain(sample(t, "plug-imap"), explain.Question{Client: netip.MustParseAddrPort("10.1.2.3:41000"), Server: netip.MustParseAddrPort("172.16.40.1:993")})
	if a.Outcome != explain.Served || a.Service.Class != "ImapProxy" || a.Service.Limit != 500 {
		t.Errorf("%+v", a)
	}
}

// No finding about mail is made of it.
func TestSamplePlugHasNoFindings(t *testing.T) {
	var out, errs strings.Builder
	status := execute(append([]string{"check"}, samples(t)["plug-imap"]...), &out, &errs)
	if text := out.String() + errs.String(); status != 0 || strings.Contains(text, "]\n") {
		t.Errorf("exit status %d\n%s", status, text)
	}
}

// A rehearsal sends mail where it can, and says where it cannot.
func TestRehearseBesidePlug(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "p.star")
	text := `from Zorp.Plug import *
from Zorp.Smtp import *
class Session(PlugProxy):
    def config(self):
        self.copy_to_client = self.session.client_address != None
def default_instance():
    for class_, port in [(PlugProxy, 143), (Session, 110), (SmtpProxy, 25)]:
        Service(class_.__name__, class_, router=DirectedRouter(SockAddrInet("172.16.20.254", port), forge_addr=TRUE))
        Rule(service=class_.__name__, dst_port=port, dst_subnet="172.16.40.1")
`
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	status := execute([]string{"rehearse", "--send", policy}, &out, &errs)
	if status != 0 {
		t.Errorf("exit status %d\n%s%s", status, out.String(), errs.String())
	}
	for _, want := range []string{"leads to class PlugProxy, which passes on any protocol", "leads to class Session, which passes on any protocol", "Subject: a rehearsal"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing says %q:\n%s%s", want, out.String(), errs.String())
		}
	}
}
