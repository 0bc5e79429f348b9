package plug

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"zorpgo/engine/poll"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// relay is a session over real sockets: the far ends of both, and what waits for its end.
type relay struct {
	client, server *net.TCPConn
	session        *session.Session
	over           chan any // the panic that ended it, if one did
}

// drivers begin a session with the near ends of both sockets; a nil server cannot be reached.
var drivers = map[string]func(t testing.TB, p proxy.Protocol, r *relay, client, server *net.TCPConn){
	"goroutines": func(_ testing.TB, p proxy.Protocol, r *relay, client, server *net.TCPConn) {
		go func() {
			defer func() { r.over <- recover() }()
			proxy.Serve(context.Background(), p, r.session, client, func(context.Context) (net.Conn, error) {
				if server == nil {
					return nil, errors.New("unreachable")
				}
				return server, nil
			})
		}()
	},
	"loop": func(t testing.TB, p proxy.Protocol, r *relay, client, server *net.TCPConn) {
		l, err := poll.New()
		if err != nil {
			t.Fatal(err)
		}
		stopped := make(chan struct{})
		go func() { defer close(stopped); l.Run() }()
		t.Cleanup(func() { l.Close(); <-stopped })
		fd, far := raw(t, client), -1
		if server != nil {
			far = raw(t, server)
		}
		l.Post(func() {
			f, err := proxy.Begin(l, p, r.session, fd, func(_ *proxy.Flow, crash any) { r.over <- crash })
			switch {
			case err != nil:
				t.Error(err)
			case far < 0:
				f.Unconnected(errors.New("unreachable"))
			case l.Add(far, proxy.FlowEvents, nil) == nil:
				f.Connected(far, unix.EPOLLIN|unix.EPOLLOUT)
			}
		})
	},
}

// raw takes the descriptor out of conn.
func raw(t testing.TB, conn *net.TCPConn) (fd int) {
	defer conn.Close()
	c, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		t.Fatal(err)
	}
	return fd
}

// tcp is both ends of a connection.
func tcp(t testing.TB) (far, near *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { a.Close(); b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// run begins a session under a driver.
func run(t testing.TB, driver string, change func(*Settings), reachable bool) *relay {
	t.Helper()
	settings := DefaultSettings()
	change(settings)
	class, problems := Compile("TestPlug", settings)
	if problems != nil {
		t.Fatal(problems)
	}
	r := &relay{session: &session.Session{Log: slog.New(slog.DiscardHandler)}, over: make(chan any, 1)}
	p, _ := class.New(r.session)
	var near, origin *net.TCPConn
	r.client, near = tcp(t)
	if reachable {
		r.server, origin = tcp(t)
	}
	drivers[driver](t, p, r, near, origin)
	return r
}

// ends waits for the session's end.
func (r *relay) ends(t testing.TB) {
	t.Helper()
	select {
	case crash := <-r.over:
		if crash != nil {
			t.Fatal(crash)
		}
	case <-time.After(patience):
		t.Fatal("the session does not end")
	}
}

// inBoth runs test under both drivers.
func inBoth(t *testing.T, test func(t *testing.T, driver string)) {
	for driver := range drivers {
		t.Run(driver, func(t *testing.T) { test(t, driver) })
	}
}

// talk sends n bytes of random in random pieces and then the end, while it reads to the end what comes. It returns the
// digests of both.
func talk(conn *net.TCPConn, random *rand.Rand, n int) (sent, got [sha256.Size]byte, err error) {
	var both sync.WaitGroup
	var failed [2]error
	both.Go(func() { sent, failed[0] = send(conn, random, n) })
	both.Go(func() {
		h := sha256.New()
		_, failed[1] = io.Copy(h, conn)
		got = [sha256.Size]byte(h.Sum(nil))
	})
	both.Wait()
	return sent, got, errors.Join(failed[:]...)
}

func send(conn *net.TCPConn, random *rand.Rand, n int) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	for n > 0 {
		piece := make([]byte, min(n, 1+random.IntN(1<<random.IntN(19))))
		for i := range piece {
			piece[i] = byte(random.Uint32())
		}
		h.Write(piece)
		if _, err := conn.Write(piece); err != nil {
			return sum, err
		}
		n -= len(piece)
	}
	return [sha256.Size]byte(h.Sum(nil)), conn.CloseWrite()
}

// Both sides send any amount in any pieces and end when they like; each gets all that the other one sent.
func TestEveryByte(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		for seed := range uint64(12) {
			random := rand.New(rand.NewPCG(seed, 1))
			sizes := [2]int{random.IntN(1 << random.IntN(23)), random.IntN(1 << random.IntN(23))}
			r := run(t, driver, soft, true)
			var sums [2][2][sha256.Size]byte
			var errs [2]error
			var both sync.WaitGroup
			for i, conn := range []*net.TCPConn{r.client, r.server} {
				both.Go(func() {
					sums[i][0], sums[i][1], errs[i] = talk(conn, rand.New(rand.NewPCG(seed, uint64(2+i))), sizes[i])
				})
			}
			both.Wait()
			r.ends(t)
			if err := errors.Join(errs[:]...); err != nil || sums[0][0] != sums[1][1] || sums[1][0] != sums[0][1] {
				t.Fatalf("seed %d, %d and %d bytes: %v", seed, sizes[0], sizes[1], err)
			}
			c := r.session.Count
			if got, want := [4]int64{c.FromClient, c.ToServer, c.FromServer, c.ToClient}, [4]int64{int64(sizes[0]), int64(sizes[0]), int64(sizes[1]), int64(sizes[1])}; got != want {
				t.Errorf("counted %v, want %v", got, want)
			}
		}
	})
}

// One end closes both sides, after what was sent before it has arrived.
func TestOneEndIsBoth(t *testing.T) {
	const size = 5 << 20
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(*Settings) {}, true)
		go send(r.client, rand.New(rand.NewPCG(1, 1)), size)
		got, err := io.Copy(io.Discard, r.server)
		if err != nil || got != size {
			t.Errorf("the server got %d bytes, %v", got, err)
		}
		if n, err := r.client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("the client read %d bytes, %v", n, err)
		}
		r.ends(t)

		r = run(t, driver, func(*Settings) {}, true)
		go send(r.server, rand.New(rand.NewPCG(1, 1)), size)
		if got, err = io.Copy(io.Discard, r.client); err != nil || got != size {
			t.Errorf("the client got %d bytes, %v", got, err)
		}
		r.client.Close()
		r.ends(t)
	})
}

// A client that has sent its end and reads late still gets what was in flight.
func TestLateReader(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(*Settings) {}, true)
		block := bytes.Repeat([]byte("x"), 1<<20)
		r.server.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		for {
			if _, err := r.server.Write(block); err != nil { // nothing goes through any more
				break
			}
		}
		r.client.CloseWrite()
		r.server.SetReadDeadline(time.Now().Add(patience))
		io.Copy(io.Discard, r.server)
		got, _ := io.Copy(io.Discard, r.client)
		r.ends(t)
		if c := r.session.Count; got != c.FromServer || c.ToClient != got {
			t.Errorf("the client got %d of %d bytes, %d were written", got, c.FromServer, c.ToClient)
		}
	})
}

// A client that reads only after it has sent everything gets through, though the server sends all the time.
func TestWriterThatDoesNotRead(t *testing.T) {
	const size = 16 << 20
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, soft, true)
		var server sync.WaitGroup
		server.Go(func() { talk(r.server, rand.New(rand.NewPCG(1, 1)), size) })
		if _, err := send(r.client, rand.New(rand.NewPCG(1, 2)), size); err != nil {
			t.Error(err)
		}
		if n, err := io.Copy(io.Discard, r.client); n != size || err != nil {
			t.Errorf("the client got %d bytes, %v", n, err)
		}
		server.Wait()
		r.ends(t)
	})
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func TestResets(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(*Settings) {}, false)
		if _, err := r.client.Read(make([]byte, 1)); !isReset(err) {
			t.Errorf("no server: the client read %v", err)
		}
		r.ends(t)

		for _, from := range []proxy.Side{proxy.Client, proxy.Server} {
			r := run(t, driver, soft, true)
			lost, other := r.client, r.server
			if from == proxy.Server {
				lost, other = other, lost
			}
			lost.Write([]byte("x"))
			other.Read(make([]byte, 1))
			lost.SetLinger(0)
			lost.Close()
			if _, err := other.Read(make([]byte, 1)); !isReset(err) {
				t.Errorf("the %s was lost: %v", from, err)
			}
			r.ends(t)
		}
	})
}

// A side that has sent its end and is gone altogether is noticed when more is sent to it.
func TestGoneAfterItsEnd(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, soft, true)
		r.server.Close()
		if _, err := r.client.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("the client read %v", err)
		}
		block := make([]byte, 1<<16)
		for {
			if _, err := r.client.Write(block); err != nil {
				if !isReset(err) {
					t.Errorf("the client's writes end with %v", err)
				}
				break
			}
		}
		r.ends(t)
	})
}

func TestTimeout(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(s *Settings) { s.Timeout = 50 * time.Millisecond }, true)
		for _, conn := range []*net.TCPConn{r.server, r.client} {
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("read: %v", err)
			}
			conn.Close()
		}
		r.ends(t)
		if r.session.Verdict != session.AbortedByPolicyAction {
			t.Errorf("%s: %s", r.session.Verdict, r.session.Reason)
		}
	})
}

// The clock asks the policy while nobody sends anything.
func TestStatsOfTheClock(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		calls := 0
		r := run(t, driver, func(s *Settings) {
			s.PacketStatsIntervalTime = 5 * time.Millisecond
			s.PacketStats = func(*View) (bool, error) { calls++; return calls < 4, nil }
		}, true)
		if _, err := r.server.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read: %v", err)
		}
		r.client.Close()
		r.ends(t)
		if calls != 4 || r.session.Reason != "packetStats ended the session" {
			t.Errorf("%d calls: %s", calls, r.session.Reason)
		}
	})
}

// The policy's clock goes on while bytes do.
func TestStatsUnderLoad(t *testing.T) {
	inBoth(t, func(t *testing.T, driver string) {
		r := run(t, driver, func(s *Settings) {
			soft(s)
			s.PacketStatsIntervalTime, s.PacketStatsIntervalPacket = time.Millisecond, 3
			s.PacketStats = func(*View) (bool, error) { return true, nil }
		}, true)
		var both sync.WaitGroup
		for i, conn := range []*net.TCPConn{r.client, r.server} {
			both.Go(func() {
				if _, _, err := talk(conn, rand.New(rand.NewPCG(7, uint64(i))), 4<<20); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		r.ends(t)
	})
}
