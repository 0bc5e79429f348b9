package proxy

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// The bounds that Serve keeps.
const (
	// WriteLimit is how long one write to a side may take before the side has Ended, unless the protocol is Patient; up to
	// half as much again passes before it is noticed.
	WriteLimit = 2 * time.Minute
	// LingerTime and LingerBytes bound what is read from a client that was hung up: closing at once would reset the
	// connection if the client is still sending, and destroy the last reply.
	LingerTime  = 2 * time.Second
	LingerBytes = 1 << 20
)

// Serve drives session s with p until both sides are closed. It owns client and what connect returns, counts bytes in
// s.Count, and cuts both connections when ctx is cancelled. A panic of the protocol comes out of Serve, on the caller's
// goroutine, with everything closed.
func Serve(ctx context.Context, p Protocol, s *session.Session, client net.Conn,
	connect func(context.Context) (net.Conn, error)) {
	newDriver(p, s, client).serve(ctx, connect)
}

// driver runs one session with one goroutine for each side: each waits for bytes of its side, then feeds the protocol
// whatever is there. The lock is held whenever the protocol is called, and given up to read and to write only.
type driver struct {
	p     Protocol
	s     *session.Session
	ctx   context.Context
	conns closer

	mu       *sync.Mutex // the session's; guards all below, and all of ends but what belongs to a side's reader
	changed  sync.Cond   // anything that a goroutine may wait for
	ends     [2]end
	opening  bool  // connect has returned
	opened   bool  // and the protocol was told
	failure  error // why there is no server side
	offering bool  // Receive runs, with bytes of side from
	from     Side
	question func()        // asked, not run yet
	writing  time.Duration // the limit of one write
	alarm    alarm
	turn     secureTurn
	retired  bool   // the protocol knows that the session is to end
	dead     bool   // cut: the protocol is not called any more
	crash    *crash // the panic on another goroutine than serve's

	client, cutting sync.WaitGroup // the client's goroutine; a cut that has begun

	// Seams for tests.
	linger time.Duration
	shake  time.Duration
	take   func(size int) []byte
	give   func([]byte)
}

func newDriver(p Protocol, s *session.Session, client net.Conn) *driver {
	d := &driver{p: p, s: s, mu: &s.Mu, linger: LingerTime, shake: encryption.HandshakeTimeout, take: stream.Borrow, give: stream.GiveBack}
	d.changed.L = d.mu
	if _, ok := p.(Drainer); ok {
		d.mu.Lock()
		s.Retire = d.noticeDrain
		d.mu.Unlock()
	}
	d.writing = WriteLimit
	if patient, ok := p.(Patient); ok {
		d.writing = patient.WriteLimit()
	}
	for side := range d.ends {
		d.ends[side].setup(d, Side(side))
	}
	d.conns.add(Client, d.ends[Client].attach(client))
	return d
}

// serve starts the client's goroutine before it connects, so that a client that speaks or leaves early is noticed.
func (d *driver) serve(ctx context.Context, connect func(context.Context) (net.Conn, error)) {
	d.ctx = ctx
	d.cutting.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer d.cutting.Done()
		d.cut()
	})
	finished := false
	defer func() {
		if !finished {
			d.part()
			d.cut() // a panic of the protocol or of connect passes through
		}
		d.client.Wait()
		if !stop() {
			d.cutting.Wait()
		}
		d.finish()
	}()
	d.client.Add(1)
	go d.serveClient()

	d.connect(connect(ctx))
	d.run(&d.ends[Server])
	finished = true
}

// serveClient is the client's goroutine. It ends before serve does.
func (d *driver) serveClient() {
	defer d.client.Done()
	d.guard(func() { d.run(&d.ends[Client]) })
}

// guard runs what is not on serve's goroutine: if it panics the session is cut, and serve panics.
func (d *driver) guard(run func()) {
	finished := false
	defer func() {
		if finished {
			return
		}
		if r := recover(); r != nil {
			d.crashed(&crash{value: r, stack: debug.Stack()})
			d.part()
		}
		d.cut()
	}()
	run()
	finished = true
}

func (d *driver) crashed(c *crash) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crash = c
}

// connect takes the server side, or the reason why there is none.
func (d *driver) connect(conn net.Conn, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opening, d.failure = true, err
	if err == nil {
		d.conns.add(Server, d.ends[Server].attach(conn))
	}
}

// finish runs when both goroutines are over.
func (d *driver) finish() {
	d.conns.closeAll()
	d.alarm.end(d)
	for i := range d.ends {
		d.ends[i].releaseAll()
	}
	d.p.Close()
	if d.crash != nil {
		panic(d.crash)
	}
}

// cut ends the session at once. The connections are closed before the lock is had: whoever holds it may be long.
func (d *driver) cut() {
	d.conns.closeAll()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
	d.changed.Broadcast()
}

// crash is a panic that is carried from one goroutine to another.
type crash struct {
	value any
	stack []byte
}

// Error is the panic's value and where it happened.
func (c *crash) Error() string { return fmt.Sprintf("%v\n\n%s", c.value, c.stack) }

// Unwrap is the panic's value if it was an error.
func (c *crash) Unwrap() error {
	err, _ := c.value.(error)
	return err
}

// closer closes each of two connections once, from any goroutine.
type closer struct {
	mu    sync.Mutex
	conns [2]net.Conn
	all   bool
}

// add puts conn into the closer's care; after closeAll it is closed at once.
func (c *closer) add(side Side, conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all {
		conn.Close()
		return
	}
	c.conns[side] = conn
}

// close closes one side.
func (c *closer) close(side Side) { c.end(side, net.Conn.Close) }

// reset closes one side such that the peer sees it.
func (c *closer) reset(side Side) { c.end(side, stream.Reset) }

func (c *closer) end(side Side, end func(net.Conn) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.conns[side]; conn != nil {
		_ = end(conn) // there is nobody to tell
		c.conns[side] = nil
	}
}

// closeAll closes both sides, and any that is added later.
func (c *closer) closeAll() {
	c.mu.Lock()
	c.all = true
	c.mu.Unlock()
	c.close(Client)
	c.close(Server)
}
