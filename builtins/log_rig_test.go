package builtins_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/journal"
)

const logPolicy = `
from Zorp.Core import *
from Zorp.Smtp import *
Zone("clients", addrs=["127.0.0.0/8"])
class Mail(SmtpProxy):
    relay_domains = ("y.example",)
    def config(self):
        super().config()
        self.permit_auth_without_tls = TRUE
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.noop)
    def noop(self, command, param):
        proxyLog(self, SMTP_POLICY, 2, "noop %s" % param)
        return SMTP_REQ_ACCEPT
def default_instance():
    Service("mail", proxy_class=Mail, router=DirectedRouter(dest_addr=SockAddrInet("127.0.0.1", ORIGIN)))
    Rule(service="mail", dst_port=PORT, dst_subnet=("127.0.0.1",), src_zone="clients")
`

// logRig is an engine with a log as zorpgo run has it, between clients that say anything and an origin that does.
type logRig struct {
	t       *testing.T
	at      string
	recent  journal.Recent
	repeats journal.Repeats
	mu      sync.Mutex
	text    strings.Builder
	closed  chan struct{}
}

func (r *logRig) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.Contains(string(p), "session closed") {
		r.closed <- struct{}{}
	}
	return r.text.Write(p)
}

func (r *logRig) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// newLogRig logs with that verbosity; reply is what the origin answers to a line.
func newLogRig(t *testing.T, loops, verbose int, asJSON bool, reply func(string) string) *logRig {
	t.Helper()
	r := &logRig{t: t, closed: make(chan struct{}, 1000)}
	all := &slog.HandlerOptions{Level: slog.Level(-100)}
	var to slog.Handler = slog.NewTextHandler(r, all)
	if asJSON {
		to = slog.NewJSONHandler(r, all)
	}
	log := slog.New(journal.New(to, journal.Options{Verbosity: journal.NewVerbosity(verbose, journal.Spec{{Pattern: "*.summary", Verbosity: 4}}), Recent: &r.recent, Repeats: &r.repeats}))
	port := unusedPort(t)
	r.at = fmt.Sprintf("127.0.0.1:%d", port)
	text := strings.NewReplacer("ORIGIN", fmt.Sprint(lineOrigin(t, reply)), "PORT", fmt.Sprint(port)).Replace(logPolicy)
	e := engine.New(engine.Options{Log: log, Loops: loops})
	if err := e.Start(load(t, text)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		r.repeats.Flush()
	})
	return r
}

// lineOrigin is a server that greets and answers lines by reply; "" hangs up.
func lineOrigin(t *testing.T, reply func(string) string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends when l is closed
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go func() { // ends with its connection
				defer conn.Close()
				fmt.Fprint(conn, "220 origin.example ESMTP\r\n")
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					text := reply(lines.Text())
					if text == "" {
						return
					}
					fmt.Fprint(conn, text)
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// say has one session say lines, each after the reply to the one before, until the end of the session.
func (r *logRig) say(lines ...string) {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.at)
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	replies := bufio.NewReader(conn)
	for _, line := range append([]string{""}, lines...) {
		if _, err := io.WriteString(conn, line); err != nil {
			break
		}
		text := "000-"
		for err == nil && len(text) > 3 && text[3] == '-' {
			text, err = replies.ReadString('\n')
		}
		if err != nil || strings.HasPrefix(text, "421") {
			break
		}
	}
	conn.Close()
	select {
	case <-r.closed:
	case <-time.After(20 * time.Second):
		r.t.Fatal("no closing record")
	}
}

// plainOrigin accepts everything.
func plainOrigin(line string) string {
	switch verb, param, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
	case "EHLO":
		return "250-origin.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000\r\n"
	case "AUTH":
		if param == "LOGIN" {
			return "334 VXNlcm5hbWU6\r\n"
		}
		return "535 5.7.8 no\r\n"
	case "QUIT":
		return "221 bye\r\n"
	}
	return "250 ok\r\n"
}
