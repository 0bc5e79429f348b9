// Package dialog plays a written dialog against a proxy.Protocol, without sockets and without time: the driver of the
// protocol tests, and later of tests that stand beside a policy.
//
// A dialog is one list, read from top to bottom. Each line says who and what:
//
//	c> MAIL FROM:<a@b.example>     the client sends this line
//	s> MAIL From:<a@b.example>     the server must be sent this line, and nothing before it
//	s< 250 ok                      the server answers
//	c< 250 ok                      the client must be sent this line
//	c& RCPT TO:<c@d.example>       the client sends this line in one segment with the line before
//	c>"raw \x00\n"                 bytes as they are, no CRLF added (also with & and <, and for s)
//	c>"x\r\n" *1000                the same many times
//	c close                        the side sends no more
//	c timeout                      the side is silent for as long as the protocol waits for it
//	c closed                       the proxy must have hung up on the side
//	c reset                        likewise, with a reset
//	c finished                     the proxy must have sent the side the end of its output
//	c tls                          the proxy must want TLS on the side, and the handshake succeeds; a server's certificate is verified
//	s tls unverified               likewise, but nothing was verified
//	c tls failed                   likewise, and the handshake fails
//	drain                          the proxy is stopping: the session is to end as soon as nothing is lost by it
//	wake                           the time is over that the protocol asked to be woken after
//	c waits 5m0s                   the protocol must wait so long for what the side sends next, at most
//	writes 2m0s                    so long may one write take
//	later 5m0s                     nothing happens for that time, which is within what the protocol waits for
//	s unreachable                  first line: there is no server
//	# a remark
//
// Whatever the protocol sends must be said before the next thing is sent to it.
package dialog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"zorpgo/engine/proxy"
)

// Start is the time at which every dialog begins, for a session to be given.
var Start = time.Date(2024, 2, 9, 6, 5, 1, 0, time.UTC)

var step = regexp.MustCompile(`^([cs])(?:([<>&])(?:("(?:[^"\\]|\\.)*")(?: \*(\d+))?| ?(.*))| (close|closed|timeout|unreachable|reset|finished|tls|tls failed|tls unverified))$`)

// ErrUnreachable is the failure that a protocol is opened with after "s unreachable".
var ErrUnreachable = errors.New("connection refused")

// Play runs script against p, whose clock, if it is Timed, stands still but for "later". The error names the first line
// that did not come true.
func Play(p proxy.Protocol, script string) error {
	e := &exchange{protocol: p, now: Start}
	if timed, ok := p.(proxy.Timed); ok {
		timed.Clock(func() time.Time { return e.now })
	}
	e.begin()
	for n, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if signal := signals[line]; signal != nil {
			if err := signal(e); err != nil {
				return fmt.Errorf("line %d: %w", n+1, err)
			}
			continue
		}
		if m := timing.FindStringSubmatch(line); m != nil {
			if err := e.time(m); err != nil {
				return fmt.Errorf("line %d: %s\n%w", n+1, line, err)
			}
			continue
		}
		m := step.FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("line %d: not a dialog line: %s", n+1, line)
		}
		if err := e.play(m); err != nil {
			return fmt.Errorf("line %d: %s\n%w", n+1, line, err)
		}
	}
	if err := e.nothingUnsaid(); err != nil {
		return fmt.Errorf("after the last line: %w", err)
	}
	return nil
}

// exchange is the driver.
type exchange struct {
	protocol proxy.Protocol
	opened   bool
	in, out  [2][]byte
	hung     [2]bool
	ended    [2]bool
	limit    [2]time.Duration // what the protocol waits for; 0: it does not
	resets   [2]bool
	finished [2]bool
	alarm    bool
	segment  []byte
	from     proxy.Side
	question func()
	now      time.Time
	secure   secure
	offering bool // Receive runs, with bytes of side offered
	offered  proxy.Side
}

func sideOf(name string) proxy.Side {
	if name == "s" {
		return proxy.Server
	}
	return proxy.Client
}

// play does one step; for what must be sent it compares.
func (e *exchange) play(m []string) error {
	side, text := sideOf(m[1]), payload(m)
	switch sends := m[2] == "&" || (m[2] == ">") == (side == proxy.Client) && m[2] != ""; {
	case m[2] == "&":
		e.segment = append(e.segment, text...)
		return nil
	case sends:
		err := e.nothingUnsaid()
		e.segment, e.from = append([]byte(nil), text...), side
		return err
	case m[2] != "":
		e.flush()
		return e.expect(side, text)
	}
	e.flush()
	if how, ok := strings.CutPrefix(m[6], "tls"); ok {
		err := e.tls(side, strings.TrimSpace(how))
		e.feed()
		return err
	}
	return e.event(side, m[6])
}

func payload(m []string) []byte {
	if m[3] == "" {
		return []byte(m[5] + "\r\n")
	}
	raw, err := strconv.Unquote(m[3])
	if err != nil {
		return []byte(err.Error())
	}
	times, _ := strconv.Atoi(m[4])
	return bytes.Repeat([]byte(raw), max(1, times))
}

func (e *exchange) event(side proxy.Side, what string) error {
	switch what {
	case "unreachable":
		e.opened = true
		e.protocol.Open(e, ErrUnreachable)
	case "close":
		e.end(side, io.EOF)
	case "timeout":
		if e.limit[side] == 0 {
			return fmt.Errorf("the protocol does not wait for the %s", side)
		}
		e.pass(e.limit[side])
		e.expire(side)
	case "closed":
		if !e.hung[side] {
			return fmt.Errorf("the %s was not hung up", side)
		}
	case "reset":
		if !e.resets[side] {
			return fmt.Errorf("the %s was not reset", side)
		}
	case "finished":
		if !e.finished[side] {
			return fmt.Errorf("the %s was not sent the end", side)
		}
	}
	e.feed()
	return nil
}

func (e *exchange) end(side proxy.Side, why error) {
	if !e.hung[side] && !e.ended[side] && !e.secure.wanted {
		e.ended[side] = true
		e.protocol.Ended(e, side, why)
	}
}

// signals are what comes from neither side.
var signals = map[string]func(*exchange) error{"wake": (*exchange).wake, "drain": (*exchange).drain}

// drain asks a protocol to end.
func (e *exchange) drain() error {
	e.flush()
	drainer, ok := e.protocol.(proxy.Drainer)
	if !ok {
		return errors.New("the protocol cannot end by itself")
	}
	drainer.Drain(e)
	e.feed()
	return nil
}

// wake calls a protocol that asked for it.
func (e *exchange) wake() error {
	e.flush()
	if !e.alarm {
		return errors.New("the protocol did not ask to be woken")
	}
	e.alarm = false
	e.protocol.(proxy.Waker).Woken(e)
	e.feed()
	return nil
}

// flush gives the protocol the segment that was put together.
func (e *exchange) flush() {
	if !e.opened {
		e.opened = true
		if e.from == proxy.Client {
			e.in[proxy.Client], e.segment = e.segment, nil
		}
		e.protocol.Open(e, nil)
		e.feed()
	}
	if len(e.segment) > 0 {
		e.in[e.from] = append(e.in[e.from], e.segment...)
		e.segment = nil
		e.feed()
	}
}

func (e *exchange) feed() {
	for more := true; more; {
		more = e.answer() || e.injected()
		for side := range e.in {
			more = e.offer(proxy.Side(side)) || more
		}
	}
}

func (e *exchange) answer() bool {
	if e.question == nil {
		return false
	}
	question := e.question
	e.question = nil
	question()
	e.protocol.Answered(e)
	return true
}

func (e *exchange) offer(side proxy.Side) bool {
	if e.hung[side] {
		e.in[side] = nil
	}
	if len(e.in[side]) == 0 || e.question != nil || e.secure.wanted || !e.protocol.Ready(side) {
		return false
	}
	// A copy that is wiped afterwards: a protocol that keeps a slice of it is found out.
	offered := bytes.Clone(e.in[side])
	e.offering, e.offered = true, side
	n := e.protocol.Receive(e, side, offered)
	e.offering = false
	e.in[side] = e.in[side][n:]
	for i := range offered {
		offered[i] = '!'
	}
	return n > 0
}

// expect compares the next line, or for raw bytes as many bytes, with what a side was sent.
func (e *exchange) expect(side proxy.Side, want []byte) error {
	got := e.out[side][:min(len(want), len(e.out[side]))]
	if !bytes.Equal(got, want) {
		got = firstLine(e.out[side])
		e.out[side] = e.out[side][len(got):]
		return fmt.Errorf("the %s was sent %q, not %q", side, got, want)
	}
	e.out[side] = e.out[side][len(got):]
	return nil
}

func firstLine(b []byte) []byte {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return b[:n+1]
	}
	return b
}

func (e *exchange) nothingUnsaid() error {
	e.flush()
	for side, out := range e.out {
		if len(out) > 0 {
			return fmt.Errorf("the %s was also sent %q", proxy.Side(side), out)
		}
	}
	if e.secure.wanted {
		return fmt.Errorf("the protocol wants TLS with the %s", e.secure.side)
	}
	return nil
}

// Send collects what a side is sent.
func (e *exchange) Send(to proxy.Side, b []byte) {
	if !e.hung[to] && !e.finished[to] {
		e.out[to] = append(e.out[to], b...)
	}
}

// Pass is Send: there is nothing to save here.
func (e *exchange) Pass(to proxy.Side, b []byte) { e.Send(to, b) }

// Probe reports whether a side has sent something that was not offered yet.
func (e *exchange) Probe(from proxy.Side) bool {
	return len(e.in[from]) > 0 && !(e.offering && e.offered == from)
}

// Await notes how long the protocol waits for a side.
func (e *exchange) Await(from proxy.Side, limit time.Duration) { e.limit[from] = limit }

// Ask keeps the question for after the step.
func (e *exchange) Ask(question func()) { e.question = question }

// Finish ends what a side is sent.
func (e *exchange) Finish(to proxy.Side) { e.finished[to] = true }

// Reset closes a side with a reset.
func (e *exchange) Reset(side proxy.Side) { e.hung[side], e.resets[side] = true, true }

// Wake notes that the protocol wants to be woken.
func (e *exchange) Wake(time.Duration) { e.alarm = true }

// Hangup closes a side.
func (e *exchange) Hangup(side proxy.Side) { e.hung[side] = true }
