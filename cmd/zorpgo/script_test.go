package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"zorpgo/engine/encryption/certtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zorpgo": main})
}

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// TestScripts runs the scripts of testdata/script: each is a session of the real program at a terminal.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "signal": signalAll, "notified": notified, "expand": expand,
			"greeted": greeted, "hold": hold, "release": release, "dropped": dropped, "metric": metric, "deadsocket": deadSocket,
			"traced": traced, "deliver": deliver, "certificate": certificate,
		},
	})
}

// stage is the outside of one script.
type stage struct {
	notify *net.UnixConn // plays the service manager
	taken  net.Listener  // a server that accepts and says nothing
	held   net.Conn      // a client of hold
}

// setUp gives a script a service manager, the sample policies, a port that is free and one that is taken.
func setUp(env *testscript.Env) error {
	dir, err := os.MkdirTemp("", "zorpgo") // the path of a socket is short
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	env.Defer(func() { manager.Close() })
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	env.Defer(func() { taken.Close() })
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	free.Close()
	policies, err := filepath.Abs("../../policies")
	if err != nil {
		return err
	}
	env.Setenv("GORACE", "atexit_sleep_ms=20") // else every zorpgo takes a second to exit
	env.Setenv("NOTIFY_SOCKET", socket)
	env.Setenv("RUNTIME_DIRECTORY", filepath.Join(dir, "run"))
	env.Setenv("POLICIES", policies)
	env.Setenv("TAKEN", port(taken))
	env.Setenv("FREE", port(free))
	env.Values["stage"] = &stage{notify: manager, taken: taken}
	return nil
}

func port(l net.Listener) string {
	return strconv.Itoa(int(netip.MustParseAddrPort(l.Addr().String()).Port()))
}

// status N COMMAND... runs a command that must exit with N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, not %s; stderr:\n%s", got, args[0], ts.ReadFile("stderr"))
	}
}

// signalAll HUP|TERM sends a signal to what runs in the background.
func signalAll(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(signals[args[0]]))
	}
}

// notified TEXT waits until the service manager was told TEXT.
func notified(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: notified TEXT")
	}
	manager := ts.Value("stage").(*stage).notify
	ts.Check(manager.SetReadDeadline(time.Now().Add(20 * time.Second)))
	for b := make([]byte, 512); ; {
		n, err := manager.Read(b)
		if err != nil {
			ts.Fatalf("waiting for %s: %v", args[0], err)
		}
		if strings.Contains(string(b[:n]), args[0]) {
			return
		}
	}
}

// expand FILE... replaces ${NAME} in files by the script's variables.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// greeted PORT TEXT connects to a port of 127.0.0.1 and must read a line that begins with TEXT.
func greeted(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: greeted PORT TEXT")
	}
	conn, err := net.Dial("tcp4", "127.0.0.1:"+args[0])
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(20 * time.Second)))
	b := make([]byte, 512)
	n, err := conn.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), args[1]) {
		ts.Fatalf("greeted with %q, %v", b[:n], err)
	}
}

// hold PORT connects to a port of 127.0.0.1 and waits until the connection has come through to the server at $TAKEN.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold PORT")
	}
	s := ts.Value("stage").(*stage)
	conn, err := net.Dial("tcp4", "127.0.0.1:"+args[0])
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	ts.Check(s.taken.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second)))
	server, err := s.taken.Accept()
	ts.Check(err)
	ts.Defer(func() { server.Close() })
	s.held = conn
}

// dropped wants the client that hold made to be cut.
func dropped(ts *testscript.TestScript, _ bool, _ []string) {
	held := ts.Value("stage").(*stage).held
	ts.Check(held.SetReadDeadline(time.Now().Add(20 * time.Second)))
	if n, err := io.Copy(io.Discard, held); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		ts.Fatalf("%d bytes, %v", n, err)
	}
}

// metric INSTANCE LINE waits for a line among the metrics of an instance; ! metric INSTANCE TEXT wants no line to begin so.
func metric(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] metric INSTANCE LINE")
	}
	look := func() string {
		answer, err := client(filepath.Join(ts.Getenv("RUNTIME_DIRECTORY"), args[0]+".sock")).Get("http://zorpgo/metrics")
		ts.Check(err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		ts.Check(err)
		return string(text)
	}
	text := look()
	if neg {
		if strings.Contains(text, "\n"+args[1]) {
			ts.Fatalf("there is %s in\n%s", args[1], text)
		}
		return
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(text, "\n"+args[1]+"\n"); text = look() {
		if time.Now().After(end) {
			ts.Fatalf("no %s in\n%s", args[1], text)
		}
	}
}

// certificate NAME HOST DAY writes NAME.pem and NAME.key, a certificate for HOST that ends when DAY begins.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: certificate NAME HOST YYYY-MM-DD")
	}
	end, err := time.Parse(time.DateOnly, args[2])
	ts.Check(err)
	made := certtest.New(complaints{ts}).Make(certtest.Wanted{Names: args[1:2], Until: end})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), []byte(made.PEM), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), []byte(made.KeyPEM(complaints{ts})), 0o600))
}

// complaints makes a script's those of what takes a test's.
type complaints struct{ *testscript.TestScript }

func (complaints) Helper() {}

func (c complaints) Fatal(args ...any) { c.Fatalf("%s", fmt.Sprint(args...)) }

// deadSocket FILE leaves the socket of a process that is gone in the runtime directory's FILE.
func deadSocket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deadsocket FILE")
	}
	l, err := net.Listen("unix", filepath.Join(filepath.Dir(ts.Getenv("RUNTIME_DIRECTORY")), args[0]))
	ts.Check(err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	ts.Check(l.Close())
}

// release ends the client that hold made.
func release(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Value("stage").(*stage).held.Close())
}
