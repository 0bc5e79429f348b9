package rehearse

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
)

// side is a column of a transcript.
type side int

const (
	clientSide side = iota // client and zorpgo
	serverSide             // zorpgo and origin
)

// line is one line that passed on one of the two connections.
type line struct {
	side    side
	request bool // toward the server
	text    string
}

// recorder collects the lines of both connections in the order in which their ends saw them, while it is on.
type recorder struct {
	mu      sync.Mutex
	changed sync.Cond
	on      bool
	lines   []line
	open    int // connections to origins
}

func newRecorder() *recorder {
	r := &recorder{}
	r.changed.L = &r.mu
	return r
}

func (r *recorder) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.lines = true, nil
}

// stop waits until the origins have no connection, or ctx ends, and hands over what was recorded.
func (r *recorder) stop(ctx context.Context) []line {
	defer context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed.Broadcast()
	})()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.open > 0 && ctx.Err() == nil {
		r.changed.Wait()
	}
	r.on = false
	return r.lines
}

func (r *recorder) add(l line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.lines = append(r.lines, l)
	}
}

func (r *recorder) count(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open += n
	r.changed.Broadcast()
}

// tap is a connection whose lines are recorded. It is the far end's: of the client, or of the origin.
type tap struct {
	net.Conn
	recorder *recorder
	side     side
	read     partial
	written  partial
	ended    sync.Once
}

// partial is the beginning of a line that has no end yet.
type partial struct {
	mu   sync.Mutex
	rest []byte
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.record(&t.read, b[:n], t.side == serverSide)
	return n, err
}

// Write records first: the other end may answer before the call returns.
func (t *tap) Write(b []byte) (int, error) {
	t.record(&t.written, b, t.side == clientSide)
	return t.Conn.Write(b)
}

func (t *tap) record(p *partial, b []byte, request bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		text, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole {
			return
		}
		t.recorder.add(line{t.side, request, strings.TrimSuffix(string(text), "\r")})
		p.rest = rest
	}
}

// Close tells the recorder once that a connection to an origin has ended.
func (t *tap) Close() error {
	if t.side == serverSide {
		t.ended.Do(func() { t.recorder.count(-1) })
	}
	return t.Conn.Close()
}
