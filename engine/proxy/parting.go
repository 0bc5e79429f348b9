package proxy

import (
	"runtime/debug"
	"time"

	"zorpgo/engine/stream"
)

// partingTime is how long a client of a session that met a bug may take to be told.
const partingTime = time.Second

// part tells the client of a session that met a bug, unless it has been told half of something else. What the protocol
// said in the step that failed is lost.
func (d *driver) part() {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := &d.ends[Client]
	if d.dead || len(d.s.Parting) == 0 || e.conn == nil || e.hungup || e.busy || d.turn.end == e {
		return
	}
	if e.conn.SetWriteDeadline(time.Now().Add(partingTime)) != nil {
		return
	}
	n, err := e.outer().Write(d.s.Parting)
	d.s.Count.ToClient += int64(n)
	if half, ok := e.conn.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite() // it is closed next
	}
}

// part is the driver's, on a loop.
func (e *flowEnd) part(text []byte) {
	if len(text) == 0 || e.fd < 0 || e.full || !e.waits.empty() || e.flow.upgrades(e) {
		return
	}
	if e.tls != nil {
		e.put(text)
		e.sayEnd()
	} else {
		n, err := stream.Write(e.fd, text)
		e.flow.s.Count.ToClient += int64(max(n, 0))
		e.lost = err
	}
	if e.lost == nil && stream.CloseWrite(e.fd) == nil {
		_, _ = stream.Read(e.fd, e.flow.loop.Buffer()) // closing over unread bytes would reset the connection
	}
}

// met is what recover gave, with the stack, which is lost where it is reported; nil stays nil.
func met(bug any) any {
	if bug == nil {
		return nil
	}
	return &crash{value: bug, stack: debug.Stack()}
}

// survive ends a flow that meets a bug, and it alone.
func (f *Flow) survive() {
	if crash := recover(); crash != nil {
		f.finish(crash)
	}
}

// close has the protocol release what it holds; a bug of that is reported unless there is one already.
func (f *Flow) close(crash any) (first any) {
	first = crash
	defer func() {
		if again := met(recover()); first == nil {
			first = again
		}
	}()
	f.p.Close()
	return first
}
