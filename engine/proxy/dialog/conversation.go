package dialog

import (
	"io"
	"time"

	"zorpgo/engine/proxy"
)

// Conversation is a dialog that is led call by call, where Play has it in writing.
type Conversation struct{ e *exchange }

// Converse opens p, which was started, with a server side, or with why there is none.
func Converse(p proxy.Protocol, failure error) *Conversation {
	e := &exchange{protocol: p, now: Start, opened: true}
	if timed, ok := p.(proxy.Timed); ok {
		timed.Clock(func() time.Time { return e.now })
	}
	e.begin()
	p.Open(e, failure)
	e.feed()
	return &Conversation{e}
}

// Handshake lets TLS begin that the protocol asked for, as it does where all is well. It reports whether it asked.
func (c *Conversation) Handshake() bool {
	if !c.e.secure.wanted {
		return false
	}
	c.e.note(c.e.secure.side, true)
	c.e.secured(nil)
	c.e.feed()
	return true
}

// Say has a side send b.
func (c *Conversation) Say(from proxy.Side, b []byte) {
	c.e.in[from] = append(c.e.in[from], b...)
	c.e.feed()
}

// Heard is what a side was sent since it was last asked.
func (c *Conversation) Heard(side proxy.Side) []byte {
	out := c.e.out[side]
	c.e.out[side] = nil
	return out
}

// End has a side send no more.
func (c *Conversation) End(side proxy.Side) {
	c.e.end(side, io.EOF)
	c.e.feed()
}

// HungUp reports whether the protocol has closed a side.
func (c *Conversation) HungUp(side proxy.Side) bool { return c.e.hung[side] }

// Later lets time pass in which neither side sends anything.
func (c *Conversation) Later(d time.Duration) {
	for d > 0 {
		side, limit := c.e.nextLimit()
		if limit == 0 || limit > d {
			c.e.pass(d)
			return
		}
		c.e.pass(limit)
		d -= limit
		c.e.expire(side)
	}
}
