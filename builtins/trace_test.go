package builtins_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/trace"
)

const tracePolicy = `
from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Plug import *
Zone("clients", addrs=["127.0.0.0/8"])
class Narrow(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.request["HELP"] = (SMTP_REQ_REJECT, "502", "No help")
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.idle)
    def idle(self, command, param):
        return SMTP_REQ_REJECT
def default_instance():
    for name, kind, port in (("mail", Narrow, SMTP), ("plug", PlugProxy, PLUG)):
        Service(name, proxy_class=kind, router=DirectedRouter(dest_addr=SockAddrInet("127.0.0.1", ORIGIN)))
        Rule(service=name, dst_port=port, dst_subnet=("127.0.0.1",), src_zone="clients")
`

// traceRig is an engine between clients and a mail server that says yes.
type traceRig struct {
	*engine.Engine
	smtp, plug string
}

func newTraceRig(t *testing.T, loops int) *traceRig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { yes(l, &serving) })
	t.Cleanup(func() { l.Close(); serving.Wait() })
	smtp, plug := unusedPort(t), unusedPort(t)
	origin := netip.MustParseAddrPort(l.Addr().String()).Port()
	text := strings.NewReplacer("ORIGIN", fmt.Sprint(origin), "SMTP)", fmt.Sprint(smtp)+")", "PLUG)", fmt.Sprint(plug)+")").Replace(tracePolicy)
	e := engine.New(engine.Options{Log: slog.New(slog.DiscardHandler), Loops: loops})
	if err := e.Start(load(t, text)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return &traceRig{e, fmt.Sprint("127.0.0.1:", smtp), fmt.Sprint("127.0.0.1:", plug)}
}

// yes serves every client of l, until l is closed.
func yes(l net.Listener, all *sync.WaitGroup) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() { // ends with the connection
			defer conn.Close()
			fmt.Fprint(conn, "220 yes\r\n")
			for in := bufio.NewScanner(conn); in.Scan(); {
				fmt.Fprint(conn, "250 "+in.Text()+"\r\n")
			}
		})
	}
}

// says has a client say lines and hear a reply to each; the connection stays open.
func says(t *testing.T, at string, lines ...string) *textproto.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Error(err)
		return nil
	}
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	c := textproto.NewConn(conn)
	hears(t, c)
	for _, line := range lines {
		say(t, c, line)
	}
	return c
}

func say(t *testing.T, c *textproto.Conn, line string) {
	t.Helper()
	if err := c.PrintfLine("%s", line); err != nil {
		t.Error(err)
	}
	hears(t, c)
}

func hears(t *testing.T, c *textproto.Conn) {
	t.Helper()
	_, _, err := c.ReadResponse(0)
	if e := (*textproto.Error)(nil); err != nil && !errors.As(err, &e) {
		t.Error(err)
	}
}

// until reads a trace up to a line that ends in text, and returns it without times.
func until(t *testing.T, tracer *trace.Tracer, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var b strings.Builder
	for {
		e, err := tracer.Next(ctx)
		if err != nil {
			t.Fatalf("no %q in\n%s", text, &b)
		}
		_, line, _ := strings.Cut(e.String(), " ")
		if b.WriteString(line + "\n"); strings.Contains(line, text) {
			return b.String()
		}
	}
}

func follows(t *testing.T, r *traceRig, o trace.Options) *trace.Tracer {
	t.Helper()
	tracer, err := r.Trace().Follow(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tracer.Close)
	return tracer
}

func bothDrivers(t *testing.T, test func(t *testing.T, r *traceRig)) {
	for _, loops := range []int{0, 2} {
		t.Run(fmt.Sprint(loops, " loops"), func(t *testing.T) { test(t, newTraceRig(t, loops)) })
	}
}

// TestTrace: a session that runs already is followed from where it stands, and who refuses is named.
func TestTrace(t *testing.T) {
	bothDrivers(t, func(t *testing.T, r *traceRig) {
		c := says(t, r.smtp, "EHLO c")
		tracer := follows(t, r, trace.Options{Filter: trace.Filter{Service: "mail"}})
		say(t, c, "HELP")
		say(t, c, "NOOP")
		say(t, c, "RSET")
		c.Close()
		got := until(t, tracer, "--- ends: ")
		const id = "svc/default_instance/mail:0 "
		for _, want := range []string{
			id + "--- is followed from here, began at ",
			" of zone clients to " + r.smtp + ", rule 1 (",
			id + "C>P HELP\n" + id + "--- refused by the request table of class Narrow\n" + id + "P>C 502 No help\n",
			id + "C>P NOOP\n" + id + "--- refused by Narrow.idle (p.star:11:5)\n" + id + "P>C 500 Invalid command\n",
			id + "C>S RSET\n" + id + "S>C 250 RSET\n",
			id + "--- the client has closed the connection\n",
			id + "--- ends: ACCEPTED; 0 messages, 26 bytes from ",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if strings.Contains(got, "EHLO") {
			t.Errorf("what was said before is shown:\n%s", got)
		}
	})
}

// TestTracePlug: of bytes nothing is shown but their number.
func TestTracePlug(t *testing.T) {
	bothDrivers(t, func(t *testing.T, r *traceRig) {
		early := says(t, r.plug, "secret")
		tracer := follows(t, r, trace.Options{Content: true, Filter: trace.Filter{Client: netip.MustParsePrefix("127.0.0.0/8")}})
		say(t, early, "secret")
		late := says(t, r.plug, "secret")
		early.Close()
		got := until(t, tracer, "plug:0 --- ends: ")
		late.Close()
		got += until(t, tracer, "plug:1 --- ends: ")
		for _, want := range []string{
			"plug:0 --- is followed from here", "plug:0 --- ends: ACCEPTED; 0 messages, 16 bytes from",
			"plug:1 --- begins: ", "plug:1 --- server 127.0.0.1:", "plug:1 --- ends: ACCEPTED; 0 messages, 8 bytes from",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if strings.Contains(got, "secret") {
			t.Errorf("it shows bytes:\n%s", got)
		}
	})
}

// TestTracersComeAndGo while many sessions speak; one who reads nothing holds nobody up.
func TestTracersComeAndGo(t *testing.T) {
	bothDrivers(t, func(t *testing.T, r *traceRig) {
		follows(t, r, trace.Options{Content: true})
		var clients, lookers sync.WaitGroup
		done := make(chan struct{})
		for range 2 {
			lookers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						if tracer, err := r.Trace().Follow(trace.Options{}); err == nil {
							tracer.Waiting()
							tracer.Close()
						}
					}
				}
			})
		}
		for range 8 {
			clients.Go(func() {
				for range 10 {
					c := says(t, r.smtp, "EHLO c", "HELP", "RSET", "NOOP")
					c.Close()
				}
			})
		}
		clients.Wait()
		close(done)
		lookers.Wait()
		if n := r.Trace().Tracers(); n != 1 {
			t.Errorf("%d tracers", n)
		}
	})
}
