package builtins_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zorpgo/engine"
	"zorpgo/engine/route"
	"zorpgo/engine/stream"
)

const plugPolicy = `
from Zorp.Plug import *
class Half(PlugProxy):
    def config(self):
        PlugProxy.config(self)
        self.shutdown_soft = TRUE
        self.timeout = 60000
class OneWay(AbstractPlugProxy):
    def config(self):
        self.copy_to_client = FALSE
class Counted(PlugProxy):
    def config(self):
        super().config()
        self.shutdown_soft = TRUE
        self.packet_stats_interval = 1
    def startUp(self):
        self.calls = 0
        proxyLog(self, PLUG_DEBUG, 3, "from %s by %s", (self.session.client_address.ip_s, self.session.service.name))
    def packetStats(self, client_bytes, client_pkts, server_bytes, server_pkts):
        self.calls += 1
        proxyLog(self, PLUG_DEBUG, 3, "stats %d %s", (client_bytes, self.bandwidth_to_server >= 0))
        if client_bytes > 8:
            return ZV_REJECT
        return super().packetStats(client_bytes, client_pkts, server_bytes, server_pkts)
    def shutDown(self):
        proxyLog(self, PLUG_DEBUG, 3, "calls %d", self.calls)
class Nonsense(Counted):
    def packetStats(self, client_bytes, client_pkts, server_bytes, server_pkts): return "on"
class Sets(Counted):
    def packetStats(self, client_bytes, client_pkts, server_bytes, server_pkts): self.timeout = 3
class Session(PlugProxy):
    def config(self):
        PlugProxy.config(self)
        self.copy_to_server = self.session.client_address.ip_s != "127.0.0.1"
class Alone(PlugProxy):
    def connectServer(self): pass
class Chosen(PlugProxy):
    def connectServer(self):
        self.session.setServer(SockAddrInet("172.16.20.253", 7))
        return super().connectServer()
def default_instance():
    n = 7000
    for class_ in [PlugProxy, AbstractPlugProxy, Half, OneWay, Counted, Nonsense, Sets, Session, Alone, Chosen]:
        Service(class_.__name__, class_, router=DirectedRouter(SockAddrInet("172.16.20.254", 7)))
        Rule(service=class_.__name__, dst_port=n, dst_subnet="172.16.40.1")
        n += 1
    Service("Lost", PlugProxy, router=DirectedRouter(SockAddrInet("172.16.20.99", 7)))
    Rule(service="Lost", dst_port=n, dst_subnet="172.16.40.1")
`

// plugRig is the policy at work on loopback: an echo server behind it, which answers with "srv:" before what it gets.
type plugRig struct {
	engine *engine.Engine
	mu     sync.Mutex
	log    strings.Builder
	at     map[int]string         // the listener of a port of the policy
	met    chan netip.AddrPort    // servers that were connected to
	closed map[string]chan string // the closing records, by service
}

// Write takes a record of the log.
func (r *plugRig) Write(record []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(record)
	if _, rest, found := strings.Cut(string(record), " service="); found && strings.Contains(string(record), `msg="session closed"`) {
		name, _, _ := strings.Cut(rest, " ")
		r.closed[name] <- string(record)
	}
	return len(record), nil
}

func startPlug(t *testing.T) *plugRig {
	config := load(t, plugPolicy)
	r := &plugRig{at: map[int]string{}, met: make(chan netip.AddrPort, 100), closed: map[string]chan string{}}
	for name := range config.Services {
		r.closed[name] = make(chan string, 9)
	}
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { origin.Close() })
	go serveEcho(origin)
	r.engine = engine.New(engine.Options{
		Log: slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Listen: func(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
			l, err := stream.Listen(ctx, netip.MustParseAddrPort("127.0.0.1:0"))
			if err == nil {
				r.at[int(at.Port())] = l.Addr().String()
			}
			return l, err
		},
		Present: func(c net.Conn) (client, local netip.AddrPort) {
			at := netip.MustParseAddrPort("172.16.40.1:0")
			for port, here := range r.at {
				if here == c.LocalAddr().String() {
					at = netip.AddrPortFrom(at.Addr(), uint16(port))
				}
			}
			return netip.MustParseAddrPort(c.RemoteAddr().String()), at
		},
		Dial: func(_ context.Context, to stream.Addr, _ route.Local) (net.Conn, error) {
			if to.Addr().String() == "172.16.20.99" {
				return nil, syscall.ECONNREFUSED
			}
			r.met <- to.AddrPort
			return net.Dial("tcp", origin.Addr().String())
		},
	})
	if err := r.engine.Start(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.engine.Shutdown(context.Background()) })
	return r
}

func serveEcho(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() { // ends with the session
			defer conn.Close()
			io.WriteString(conn, "srv:")
			io.Copy(conn, conn)
		}()
	}
}

// talk says text to the service at port, then the end, and returns what it hears until the end.
func (r *plugRig) talk(t *testing.T, port int, text string) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", r.at[port])
	if err != nil {
		return "", err // a reset that is faster than the end of connect
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if text != "" {
		greeting := make([]byte, 4)
		if n, err := io.ReadFull(conn, greeting); err != nil {
			return string(greeting[:n]), err
		}
		io.WriteString(conn, text)
		conn.(*net.TCPConn).CloseWrite()
		rest, err := io.ReadAll(conn)
		return "srv:" + string(rest), err
	}
	all, err := io.ReadAll(conn)
	return string(all), err
}

// The classes of the policy at work, each on its own port.
func TestPlugClasses(t *testing.T) {
	r := startPlug(t)
	for _, c := range []struct {
		port    int
		service string
		say     string
		heard   string // a session that is ended may lose the last of it
		record  string // parts of the closing record
		log     string // parts of the log
	}{
		{7002, "Half", "hello", "srv:hello", "verdict=ACCEPTED|from_client=5|to_client=9|from_server=9|to_server=5|commands=0", ""},
		{7004, "Counted", "hello", "srv:hello", "verdict=ACCEPTED|to_client=9", `from 127.0.0.1 by Counted|stats 0 True|stats 5 True|calls 3`},
		{7004, "Counted", "hello, you", "srv:", `verdict=ABORTED_BY_POLICY_ACTION reason="packetStats ended the session"`, `stats 10 True`},
		{7005, "Nonsense", "", "srv:", "verdict=ABORTED_BY_POLICY_ACTION", "packetStats returned string, want a number such as ZV_ACCEPT"},
		{7006, "Sets", "", "srv:", "verdict=ABORTED_BY_POLICY_ACTION", "self.timeout cannot be set during a session"},
	} {
		heard, err := r.talk(t, c.port, c.say)
		record := <-r.closed[c.service]
		accepted := strings.HasPrefix(c.record, "verdict=ACCEPTED")
		if !strings.HasPrefix(c.heard, heard) && heard != c.heard || accepted && (err != nil || heard != c.heard) {
			t.Errorf("%s: heard %q, %v", c.service, heard, err)
		}
		for part := range strings.SplitSeq(c.record, "|") {
			if !strings.Contains(record, part) {
				t.Errorf("%s: no %s in %s", c.service, part, record)
			}
		}
		r.mu.Lock()
		for part := range strings.SplitSeq(c.log, "|") {
			if !strings.Contains(r.log.String(), part) {
				t.Errorf("%s: no %s in\n%s", c.service, part, r.log.String())
			}
		}
		r.mu.Unlock()
	}
}

// What is thrown away does not arrive, whichever way the class is configured.
func TestPlugOneWay(t *testing.T) {
	r := startPlug(t)
	for port, service := range map[int]string{7003: "OneWay", 7007: "Session"} {
		conn, err := net.Dial("tcp", r.at[port])
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(conn, "12345")
		conn.(*net.TCPConn).CloseWrite()
		heard, _ := io.ReadAll(conn)
		conn.Close()
		record := <-r.closed[service]
		want := map[string]string{"OneWay": "to_client=0", "Session": "to_server=0"}[service]
		if service == "OneWay" && len(heard) > 0 || strings.Contains(string(heard), "1") || !strings.Contains(record, want) {
			t.Errorf("%s: heard %q\n%s", service, heard, record)
		}
	}
}

// Without a server the client is reset, with one record of the server that failed and one of the session.
func TestPlugWithoutServer(t *testing.T) {
	r := startPlug(t)
	for port, service := range map[int]string{7010: "Lost", 7008: "Alone"} {
		heard, err := r.talk(t, port, "")
		record := <-r.closed[service]
		verdict := map[string]string{"Lost": "DENIED_BY_CONNECTION_FAIL", "Alone": "DENIED_BY_POLICY"}[service]
		if heard != "" || !errors.Is(err, syscall.ECONNRESET) || !strings.Contains(record, "verdict="+verdict) {
			t.Errorf("%s: heard %q, %v\n%s", service, heard, err, record)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := strings.Count(r.log.String(), "session="); n != 3 || strings.Count(r.log.String(), "server connection failed") != 1 {
		t.Errorf("%d records of 2 sessions and a failure:\n%s", n, r.log.String())
	}
}

func TestPlugChoosesServer(t *testing.T) {
	r := startPlug(t)
	if heard, err := r.talk(t, 7009, "x"); err != nil || !strings.HasPrefix(heard, "srv:") {
		t.Errorf("heard %q, %v", heard, err)
	}
	if to := <-r.met; to.String() != "172.16.20.253:7" {
		t.Errorf("connected to %s", to)
	}
	<-r.closed["Chosen"]
}

// Only classes without functions of the policy run where others wait.
func TestPlugIsPrompt(t *testing.T) {
	config := load(t, plugPolicy)
	for name, want := range map[string]bool{"PlugProxy": true, "Half": true, "OneWay": true, "Counted": false, "Alone": false, "Session": false} {
		prompt, ok := config.Services[name].Class.(interface{ Prompt() bool })
		if got := ok && prompt.Prompt(); got != want {
			t.Errorf("%s: prompt is %v", name, got)
		}
	}
}
