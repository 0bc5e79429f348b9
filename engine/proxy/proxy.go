// Package proxy is what a protocol must implement, and the driver that feeds it.
//
// A Protocol is a state machine without I/O: it is offered the bytes that either side sent and answers through an
// Exchange with bytes for either side. A driver owns the sockets, buffers and deadlines. So a protocol runs the same
// under goroutines, under an event loop, and in a test that never opens a socket.
package proxy

import (
	"errors"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/session"
)

// Side is one of the two ends that a proxy talks to.
type Side uint8

// The sides.
const (
	Client Side = iota
	Server
)

// Other is the opposite side.
func (s Side) Other() Side { return 1 - s }

// String is "client" or "server".
func (s Side) String() string { return [...]string{"client", "server"}[s] }

// Class makes the protocol of one session: a proxy class of the policy.
type Class interface {
	// Name is the class's name in the policy.
	Name() string
	// New makes the state machine of session s. An error ends the session: the class could not be configured.
	New(s *session.Session) (Protocol, error)
	// Busy is what a client hears before it is turned away over a limit; nil says nothing.
	Busy() []byte
}

// Crowded is a Class with words of its own for a client whose network, or many clients together, ask for too much; of
// another class Busy is heard then, too.
type Crowded interface {
	Crowded() []byte
}

// Prompt is a Class whose New, and whose protocols' Start, take no time to speak of: they may run where others wait.
type Prompt interface {
	Prompt() bool
}

// Opaque is a Class that does not read what it passes on: which protocol the two sides speak is not known.
type Opaque interface {
	Opaque() bool
}

// Encrypted is a Class with an encryption policy of its own, for sessions whose service has none: New gives it to them
// (Zorp's encryption_policy of a proxy).
type Encrypted interface {
	Encryption() *encryption.Policy
}

// StartsTLS is a Class whose sessions can begin TLS after their first byte (STARTTLS).
type StartsTLS interface {
	StartsTLS() bool
}

// Protocol is the state machine of one session. Its methods are never called concurrently.
type Protocol interface {
	// Open begins: the server side is connected, or it could not be and failure says why.
	Open(x Exchange, failure error)
	// Ready reports whether the protocol can use input of that side now.
	Ready(from Side) bool
	// Receive offers all unused bytes of a side. It returns how many it has used up; what is left is offered again
	// with more behind it, or when the protocol is Ready again. The bytes are the driver's and valid during the call,
	// or if given to Exchange.Pass until the driver has written them. A protocol must decide on what it needs within
	// MaxUnused bytes.
	Receive(x Exchange, from Side, data []byte) int
	// Ended says that a side will send no more: io.EOF, os.ErrDeadlineExceeded, or what the socket said.
	// Unused bytes of that side are lost. After io.EOF it may come once more, with the error of a write: then nothing
	// can be sent to that side either.
	Ended(x Exchange, side Side, why error)
	// Answered goes on after the question that the protocol asked was run.
	Answered(x Exchange)
	// Close releases what the session holds; the sides are closed already.
	Close()
}

// Starter is a Protocol that has something to do, or to say, before the server side is connected.
type Starter interface {
	// Start is called once, before everything else. Without connect there is no server side: Open is told of a failure.
	// An error ends the session; then only Close is called.
	Start() (connect bool, err error)
}

// Waker is a Protocol that has something to do at times when no side sends anything: see Exchange.Wake.
type Waker interface {
	Woken(x Exchange)
}

// Securer is a Protocol that can begin TLS within the session: see Exchange.Secure.
type Securer interface {
	// Secured says that the side is encrypted now, or why it is not: then it is closed, and will not be heard of again.
	Secured(x Exchange, side Side, err error)
}

// ErrPlain is the failure of a Secure in a session without an encryption policy.
var ErrPlain = errors.New("no policy says how to encrypt")

// ErrInjected is the failure of a Secure when the side had sent something behind the word that led to it: that was in
// clear, and could be anybody's (CVE-2011-0411).
var ErrInjected = errors.New("bytes in clear where TLS was to begin")

// Drainer is a Protocol that can end its session between two pieces of work.
type Drainer interface {
	// Drain says, once, that the session is to end as soon as nothing is lost by it: at once, if nothing is under way.
	Drain(x Exchange)
}

// Patient is a Protocol that says itself how long one write to a side may take before the side has Ended; others have
// WriteLimit.
type Patient interface {
	WriteLimit() time.Duration
}

// Timed is a Protocol that looks at the clock: it can be given another one than time.Now. On a loop it gets the loop's,
// which goes on with each round of it.
type Timed interface {
	Clock(now func() time.Time)
}

// Keeper is an Exchange whose server side can outlive the session and serve another.
type Keeper interface {
	Exchange
	// MayKeep reports whether it can.
	MayKeep() bool
	// Keep ends the server side, and leaves the connection for a session to come: that one is offered greeting as if the
	// server had sent it. Nothing may be due from the server.
	Keep(greeting []byte)
}

// Parter is an Exchange that can let the peer close first.
type Parter interface {
	Exchange
	// Part is Hangup, but the connection is closed only once the peer has closed it, or after LingerTime. Whoever closes
	// first has its port taken for a minute more (TIME-WAIT).
	Part(side Side)
}

// Pooled is a Class whose protocols leave server connections to each other.
type Pooled interface {
	// Pool says how many connections may wait for their next session, at each target and loop, and for how long each.
	Pool() (size int, limit time.Duration)
}

// ErrNoServer is the failure of an Open whose Protocol wanted no server side.
var ErrNoServer = errors.New("policy wants no server side")

// MaxUnused is how many unused bytes of one side a driver holds for a protocol.
const MaxUnused = 128 << 10

// Exchange is how a protocol acts on the outside. It is valid during the call that it is given to.
type Exchange interface {
	// Send writes a copy of b to a side.
	Send(to Side, b []byte)
	// Pass writes b, a part of what Receive was given, without copying it.
	Pass(to Side, b []byte)
	// Probe reports whether a side has sent something that was not offered yet. It costs a system call.
	Probe(from Side) bool
	// Await sets the time within which the protocol must be given what it waits for from that side: reading on does
	// not prolong it, only another Await does. When it is over the side has Ended. 0 waits without a limit.
	Await(from Side, limit time.Duration)
	// Ask runs question, which may take its time, and then calls Answered. Until then nothing is offered.
	Ask(question func())
	// Finish sends a side the end of what it was sent, after that is written; what it still sends is offered.
	Finish(to Side)
	// Hangup closes a side after what was sent to it is written; nothing more is offered from it.
	Hangup(side Side)
	// Reset closes a side at once and such that the peer sees that something is missing: what is not written is lost.
	Reset(side Side)
	// Secure begins TLS on a side after what was sent to it is written, and then has Secured of the protocol, a Securer,
	// called. Until then nothing is offered or told, and nothing may be sent to that side.
	Secure(side Side)
	// Wake has Woken of the protocol, a Waker, called once after that time; of two Wakes the later one counts.
	Wake(after time.Duration)
}
