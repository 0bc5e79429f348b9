package dispatch

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

	"zorpgo/engine/proxy"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// class makes no protocol: greet needs none.
type class struct{}

func (class) Name() string                                 { return "FakeProxy" }
func (class) Busy() []byte                                 { return nil }
func (class) New(*session.Session) (proxy.Protocol, error) { return nil, nil }

// greet is a proxy that writes one line and waits for the client to leave, or to be cut.
func greet(ctx context.Context, _ proxy.Protocol, s *session.Session, client net.Conn, _ func(context.Context) (net.Conn, error)) {
	defer context.AfterFunc(ctx, func() { client.Close() })()
	defer client.Close()
	n, _ := io.WriteString(client, "220 "+s.Service+"\r\n")
	s.Count.ToClient += int64(n)
	m, _ := io.Copy(io.Discard, client)
	s.Count.FromClient += m
}

// log is a buffer for records.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// stand is a dispatcher at a loopback listener whose connections look as if they came from client to 172.16.40.1:25.
type stand struct {
	*Dispatcher
	log    *log
	at     string
	client string
	stop   func()
}

func newStand(t *testing.T, client string, rules ...*rule.Rule) *stand {
	t.Helper()
	return newImpatientStand(t, 0, client, rules...)
}

// newImpatientStand is newStand that waits for PROXY headers so long.
func newImpatientStand(t *testing.T, limit time.Duration, client string, rules ...*rule.Rule) *stand {
	t.Helper()
	s := &stand{log: &log{}, client: client}
	s.Dispatcher = New(Options{
		HeaderLimit: limit,
		Serve:       greet,
		Log:         slog.New(slog.NewTextHandler(s.log, nil)),
		Present: func(net.Conn) (netip.AddrPort, netip.AddrPort) {
			return netip.MustParseAddrPort(s.client), netip.MustParseAddrPort("172.16.40.1:25")
		},
	})
	s.Use(policy(rules...))
	l, err := stream.Listen(t.Context(), netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	s.at = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(context.Background(), l, true) }()
	s.stop = sync.OnceFunc(func() {
		l.Close()
		<-done
		s.Cut()
		if err := s.Wait(context.Background()); err != nil || s.Running() != 0 {
			t.Errorf("%d sessions left, %v", s.Running(), err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

var dmz = &zone.Zone{Name: "dmz", Prefixes: subnets("172.16.40.0/24")}

func policy(rules ...*rule.Rule) *Policy {
	zones, _ := zone.NewTable([]*zone.Zone{dmz})
	return &Policy{
		Instance: "mail", Zones: zones, Rules: rule.NewSet(rules),
		Services: map[string]*service.Service{
			"in":   {Name: "in", Class: class{}, Router: &route.Directed{}},
			"deny": {Name: "deny", Deny: true},
		},
	}
}

func from(id int, service string, zones ...*zone.Zone) *rule.Rule {
	return &rule.Rule{
		ID: id, Service: service, Pos: source.Pos{File: "mail.star", Line: id, Col: 5},
		DstSubnet: subnets("172.16.40.1/32"), DstPort: ports(25), SrcZone: zones,
	}
}

// call connects and returns what it reads up to the first line's end, or why not.
func (s *stand) call(t *testing.T) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", s.at)
	if err != nil { // a reset may come before dialling has ended
		return "", err
	}
	defer conn.Close()
	b := make([]byte, 100)
	n, err := conn.Read(b)
	return string(b[:n]), err
}

func TestSession(t *testing.T) {
	s := newStand(t, "[::ffff:172.16.40.10]:41000", from(3, "in", dmz))
	if got, err := s.call(t); got != "220 in\r\n" {
		t.Fatalf("read %q, %v", got, err)
	}
	waitUntil(t, func() bool { return s.Running() == 0 }) // else the session may be cut, and say so
	s.stop()
	for _, want := range []string{
		`msg="session closed"`, "session=svc/mail/in:0", "service=in", "rule=3", "rule_pos=mail.star:3:5",
		"client=172.16.40.10:41000", "client_zone=dmz", "client_local=172.16.40.1:25", `server="" `, "server_zone=dmz",
		"verdict=ACCEPTED", `reason=""`, "duration=", "to_client=8", "from_client=0", "messages=0",
	} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the closing record lacks %s", want)
		}
	}
	if strings.Count(s.log.String(), "\n") != 1 {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestReset(t *testing.T) {
	other := from(2, "in")
	other.SrcSubnet = subnets("10.1.0.0/16")
	for _, c := range []struct {
		name, client string
		rules        []*rule.Rule
		want         string
	}{
		{"no zone", "192.0.2.7:41000", []*rule.Rule{from(1, "in", dmz)},
			`"no rule matches: client is in no zone; rule 1 (mail.star:1:5) wants another src_zone"`},
		{"other zone", "172.16.40.10:41000", []*rule.Rule{other},
			`"no rule matches: client is in zone \"dmz\"; rule 2 (mail.star:2:5) wants another src_subnet"`},
		{"no rule", "172.16.40.10:41000", nil, `"no rule matches: none is for this address and port"`},
		{"deny", "172.16.40.10:41000", []*rule.Rule{from(1, "deny")}, `"rule 1 (mail.star:1:5) denies it by service \"deny\""`},
		{"no service", "172.16.40.10:41000", []*rule.Rule{from(1, "out")},
			`"rule 1 (mail.star:1:5) names service \"out\", which there is not"`},
	} {
		s := newStand(t, c.client, c.rules...)
		if got, err := s.call(t); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: read %q, %v; want a reset", c.name, got, err)
		}
		s.stop()
		if got := s.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "reason="+c.want) || !strings.Contains(got, "client="+c.client) {
			t.Errorf("%s: log:\n%s", c.name, got)
		}
	}
}

func TestIncomingInterface(t *testing.T) {
	for iface, want := range map[string]string{"lo": "220 in\r\n", "eth-dmz": ""} {
		r := from(1, "in")
		r.SrcIface = []string{iface}
		s := newStand(t, "172.16.40.10:41000", r)
		if got, err := s.call(t); got != want {
			t.Errorf("src_iface=%q: read %q, %v", iface, got, err)
		}
		s.stop()
		if want == "" && !strings.Contains(s.log.String(), "wants another src_iface") {
			t.Errorf("log:\n%s", s.log)
		}
	}
}

func TestUseReplacesPolicy(t *testing.T) {
	s := newStand(t, "172.16.40.10:41000", from(1, "in"))
	if len(s.Behind(netip.MustParseAddrPort("172.16.40.1:25"))) != 1 {
		t.Error("the listener has no rule behind it")
	}
	old, err := net.Dial("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := io.ReadFull(old, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	s.Use(policy(from(1, "deny")))
	if got, err := s.call(t); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q, %v; want a reset", got, err)
	}
	waitUntil(t, func() bool { return s.Running() == 1 })
	if _, err := old.Write([]byte("NOOP\r\n")); err != nil {
		t.Error(err)
	}
}

func TestAddressesOfTheSocket(t *testing.T) {
	l, err := net.Listen("tcp", "[::]:0") // dual-stack
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", port(l)))
	if err != nil {
		t.Skip("no dual-stack listener: ", err)
	}
	defer conn.Close()
	got, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	client, local := own(got)
	if client.String() != conn.LocalAddr().String() || local.String() != conn.RemoteAddr().String() {
		t.Errorf("client %s, local %s", client, local)
	}
	if client, _ := own(pipe{}); client.IsValid() {
		t.Errorf("a pipe has address %s", client)
	}
}

type pipe struct{ net.Conn }

func (pipe) RemoteAddr() net.Addr { return &net.UnixAddr{} }
func (pipe) LocalAddr() net.Addr  { return &net.UnixAddr{} }

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// waitUntil polls for what has no event to wait for.
func waitUntil(t *testing.T, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !cond(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("waited for 10 s in vain")
		}
	}
}
