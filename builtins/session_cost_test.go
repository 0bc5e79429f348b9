package builtins_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine"
	"zorpgo/engine/journal"
)

const (
	sessionRuns = 100
	// What each message more may cost: the text of its sender and room for the attributes, for its record in the log.
	messageAllocations = 2
)

// TestSessionAllocations: a whole session with one message, through the engine that a policy makes, costs few
// allocations, everything counted from accept to the closing record. Commands, replies and mail data cost none at all.
func TestSessionAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops buffers under the race detector")
	}
	for _, driver := range []struct {
		name  string
		loops int
		most  float64
	}{
		{"goroutines", 0, 72}, // some forty of them are package net's and the contexts that bound its dialling
		{"loops", 1, 31},
	} {
		t.Run(driver.name, func(t *testing.T) {
			r := newCostRig(t, driver.loops)
			short, long := mailData(1<<10), mailData(1<<20)
			one := r.allocations(1, short)
			if one > driver.most {
				t.Errorf("%.1f allocations in a session with one message, want at most %.0f", one, driver.most)
			}
			// What one session has more than another by chance is less than one in each message.
			if more := r.allocations(11, short) - one; more > 10*messageAllocations+2 {
				t.Errorf("%.1f allocations more for ten messages more", more)
			}
			if more := r.allocations(1, long) - one; more > 3 { // pools are emptied now and then; chunks are eight or more
				t.Errorf("%.1f allocations more for a body of 1 MiB", more)
			}
			t.Logf("%.1f allocations a session", one)
		})
	}
}

// BenchmarkSession is a whole session with one message through the engine that a policy makes, on loopback, with
// client and origin in the same process.
func BenchmarkSession(b *testing.B) {
	for _, loops := range []int{0, 1} {
		b.Run(fmt.Sprintf("loops=%d", loops), func(b *testing.B) {
			r, body := newCostRig(b, loops), mailData(4<<10)
			b.ReportAllocs()
			for b.Loop() {
				r.session(1, body)
			}
		})
	}
}

const costPolicy = `
from Zorp.Core import *
from Zorp.Smtp import *
Zone("clients", addrs=["127.0.0.0/8"])
def default_instance():
    Service("mail", proxy_class=SmtpProxy, router=DirectedRouter(dest_addr=SockAddrInet("127.0.0.1", ORIGIN)))
    Rule(service="mail", dst_port=PORT, dst_subnet=("127.0.0.1",), src_zone="clients")
`

// costRig is an engine between a client and an origin that allocate nothing themselves: they use bare sockets.
type costRig struct {
	t      testing.TB
	to     *unix.SockaddrInet4
	buf    []byte
	closed chan struct{} // one for each closing record
}

func newCostRig(t testing.TB, loops int) *costRig {
	t.Helper()
	r := &costRig{t: t, buf: make([]byte, 4<<10), closed: make(chan struct{}, 1)}
	origin := startBareOrigin(t)
	at := unusedPort(t)
	r.to = &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: at}
	text := strings.NewReplacer("ORIGIN", fmt.Sprint(origin), "PORT", fmt.Sprint(at)).Replace(costPolicy)
	config := load(t, text)
	log := journal.Text(journal.NewOutput(r), journal.Options{ // as run has it
		Verbosity: journal.NewVerbosity(4, nil), Recent: &journal.Recent{}, Repeats: &journal.Repeats{},
	})
	e := engine.New(engine.Options{Log: slog.New(log), Loops: loops})
	old := runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + loops) // as run has it
	if err := e.Start(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		runtime.GOMAXPROCS(old)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Write makes r the log: it throws records away, and tells of the end of sessions.
func (r *costRig) Write(record []byte) (int, error) {
	if bytes.Contains(record, []byte("session closed")) {
		r.closed <- struct{}{}
	}
	return len(record), nil
}

// allocations is how many a session with so many messages costs on average.
func (r *costRig) allocations(messages int, body []byte) float64 {
	for range 20 { // pools fill, and slices grow
		r.session(messages, body)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range sessionRuns {
		r.session(messages, body)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / sessionRuns
}

var (
	costHello    = []byte("EHLO client.example\r\n")
	costEnvelope = [][]byte{[]byte("MAIL FROM:<alice@client.example>\r\n"), []byte("RCPT TO:<bob@origin.example>\r\n"), []byte("DATA\r\n")}
	costQuit     = []byte("QUIT\r\n")
)

// session delivers messages, and returns after the closing record.
func (r *costRig) session(messages int, body []byte) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = errors.Join(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}), unix.Connect(fd, r.to))
	}
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		unix.Close(fd)
		<-r.closed
	}()
	r.say(fd, nil)
	r.say(fd, costHello)
	for range messages {
		for _, line := range costEnvelope {
			r.say(fd, line)
		}
		r.say(fd, body)
	}
	r.say(fd, costQuit)
}

// say sends text and waits for a reply of one line.
func (r *costRig) say(fd int, text []byte) {
	if err := writeAll(fd, text); err != nil {
		r.t.Fatal(err)
	}
	reply, err := readTo(fd, r.buf, lineEnd)
	if err != nil || reply[0] > '3' {
		r.t.Fatalf("%.20s is answered %q, %v", text, reply, err)
	}
}

var lineEnd, dataEnd = []byte("\r\n"), []byte("\r\n.\r\n")

// readTo reads until what came last ends so; it returns the last bytes, at most as many as fit in buf.
func readTo(fd int, buf, end []byte) ([]byte, error) {
	for have := 0; ; {
		n, err := unix.Read(fd, buf[have:])
		if errors.Is(err, unix.EINTR) { // a signal of the scheduler's
			continue
		}
		if n <= 0 {
			return nil, errors.Join(err, os.ErrClosed)
		}
		if have += n; bytes.HasSuffix(buf[:have], end) {
			return buf[:have], nil
		}
		if have > len(buf)-len(end) {
			have = copy(buf, buf[have-len(end):have])
		}
	}
}

func writeAll(fd int, text []byte) error {
	for len(text) > 0 {
		n, err := unix.Write(fd, text)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// mailData is a message as it is sent.
func mailData(size int) []byte {
	line := "0123456789012345678901234567890123456789012345678901234567890123456789\r\n"
	return []byte("Subject: x\r\n\r\n" + strings.Repeat(line, size/len(line)) + ".\r\n")
}

func unusedPort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return int(netip.MustParseAddrPort(l.Addr().String()).Port())
}

// bareOrigin takes one session after the other.
type bareOrigin struct {
	fd  int
	buf []byte
}

func startBareOrigin(t testing.TB) (port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 16)); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&bareOrigin{fd: fd, buf: make([]byte, 64<<10)}).serve()
	}()
	t.Cleanup(func() {
		_ = unix.Shutdown(fd, unix.SHUT_RD) // wakes accept
		<-done
		unix.Close(fd)
	})
	return at.(*unix.SockaddrInet4).Port
}

func (o *bareOrigin) serve() {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(o.fd), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			o.session(int(fd))
			unix.Close(int(fd))
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return
		}
	}
}

var bareReplies = struct{ greeting, ok, goOn, bye []byte }{
	[]byte("220 origin.example ESMTP\r\n"), []byte("250 ok\r\n"), []byte("354 go on\r\n"), []byte("221 bye\r\n"),
}

// session answers until QUIT. It offers no PIPELINING, so that every command comes alone.
func (o *bareOrigin) session(fd int) {
	reply, end := bareReplies.greeting, lineEnd
	for writeAll(fd, reply) == nil && !slices.Equal(reply, bareReplies.bye) {
		text, err := readTo(fd, o.buf, end)
		if err != nil {
			return
		}
		reply = bareReplies.ok
		switch {
		case len(end) > len(lineEnd): // the message is here
			end = lineEnd
		case bytes.HasPrefix(text, []byte("DATA")):
			reply, end = bareReplies.goOn, dataEnd
		case bytes.HasPrefix(text, []byte("QUIT")):
			reply = bareReplies.bye
		}
	}
}
