package smtp

import (
	"log/slog"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Machine is one SMTP session: a proxy.Protocol.
type Machine struct {
	class    *Class
	settings *Settings
	session  *session.Session
	self     any              // for View.Self
	view     *View            // made when a hook is first asked
	now      func() time.Time // time.Now

	phase phase
	state state
	flags flags

	// What the client said of itself, and what it may use.
	greeting  []byte // the server's, if others may use its connection after this session
	helo      []byte
	active    extension // offered to the client and accepted by the server
	sizeLimit int64     // of a message: the server's, or the policy's if that is smaller; 0 is none
	refusedBy int       // class of the greeting, 4 or 5, that left the client without a server

	// The commands between their arrival and their reply.
	queue     []exchange // oldest first
	arena     []byte     // addresses and replies of the queue
	param     []byte     // parameter of the command at hand, normalised
	addressAt span       // where its address stands
	localLen  int        // how much of that is the local-part
	verb      [maxVerb]byte
	verbLen   uint8
	pending   pending
	parser    replyParser
	hello     []byte // the filtered reply to EHLO

	// The transaction (RFC 5321 §3.3).
	sender     []byte
	recipients []byte      // accepted, separated by spaces
	scratch    [256]byte   // where these begin, and helo, arena and param; what outgrows its part moves
	few        [1]exchange // where queue begins
	given      mailGiven   // what the MAIL at hand asks for
	accepted   int         // recipients
	asked      int         // recipients, those without their reply yet included

	// The message.
	body     body
	header   header
	chunk    chunk
	pace     pace
	size     int64  // octets so far
	received []byte // a Received line that is to stand before it
	normal   []byte // mail data with its line ends made CRLF

	// What is thrown away, and the reply that is due after it.
	skip       int64 // octets of a refused chunk
	skipAnswer []byte
	drain      int64 // octets so far
	verdict    []byte

	errors, authFailures, transactions int
	idle                               int // commands since the last message that brought none nearer

	follower *follower // tells those who look on; nil until somebody did

	intro *introduction // nil: nobody is told of clients, and nobody speaks for others

	then func(proxy.Exchange) // goes on after a hook was asked
	held []byte               // the reply that a hook decides
}

var (
	_ proxy.Protocol = (*Machine)(nil)
	_ proxy.Starter  = (*Machine)(nil)
	_ proxy.Timed    = (*Machine)(nil)
)

// Clock implements proxy.Timed.
func (m *Machine) Clock(now func() time.Time) { m.now = now }

// Open relays the server's greeting, or greets without a server.
func (m *Machine) Open(x proxy.Exchange, failure error) {
	if f := m.follow(x); f != nil {
		defer f.flush()
		x = f
	}
	if failure == nil {
		x.Await(proxy.Server, m.within(m.settings.Limits.TimeoutGreeting))
		return
	}
	m.phase = phaseNoServer
	if x.Probe(proxy.Client) && !m.settings.PermitEarlyTalker {
		m.earlyTalker(x)
		return
	}
	x.Send(proxy.Client, m.unconnected())
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
}

// Ready reports whether the bytes of a side can be used now.
func (m *Machine) Ready(from proxy.Side) bool {
	switch {
	case m.phase == phaseDone, m.phase == phaseCopy:
		return true
	case m.is(flagAsked | flagSecuring):
		return false
	case from == proxy.Server:
		return true
	case m.phase == phaseGreeting:
		return !m.settings.PermitEarlyTalker
	case m.skip > 0:
		return true
	case m.phase == phaseCommand && !m.is(flagSilence), m.phase == phaseChunk:
		return !m.is(flagBarrier) && len(m.queue) < maxQueue
	}
	return true
}

// Receive takes one step: one command, one reply, or as much mail data as there is.
func (m *Machine) Receive(x proxy.Exchange, from proxy.Side, data []byte) int {
	if f := m.follow(x); f != nil {
		return f.receive(from, data)
	}
	return m.receive(x, from, data)
}

func (m *Machine) receive(x proxy.Exchange, from proxy.Side, data []byte) int {
	switch {
	case m.phase == phaseDone:
		return len(data)
	case m.phase == phaseCopy:
		return m.copy(x, from, data)
	case from == proxy.Server:
		return m.receiveReply(x, data)
	case m.phase == phaseGreeting:
		m.earlyTalker(x)
		return len(data)
	case m.is(flagSilence):
		m.outOfTurn(x)
		return len(data)
	case m.phase == phaseBody, m.phase == phaseDiscard:
		return m.receiveBody(x, data)
	case m.skip > 0:
		return m.skipChunk(x, data)
	case m.phase == phaseChunk:
		return m.receiveChunk(x, data)
	case m.overTime(x):
		return len(data)
	case m.phase == phaseAuth:
		return m.receiveAuth(x, data)
	}
	return m.receiveCommand(x, data)
}

// Answered goes on after a hook.
func (m *Machine) Answered(x proxy.Exchange) {
	if f := m.follow(x); f != nil {
		defer f.flush()
		x = f
	}
	m.unset(flagAsked)
	m.then(x)
}

// Ended closes what has no second side, or nobody to answer, any more.
func (m *Machine) Ended(x proxy.Exchange, side proxy.Side, why error) {
	if f := m.follow(x); f != nil {
		f.ended(side, why)
		defer f.flush()
		x = f
	}
	switch {
	case m.phase == phaseDone:
	case m.phase == phaseCopy:
		m.done(x)
	case side == proxy.Client:
		m.clientEnded(x, why)
	default:
		m.serverEnded(x, why)
	}
}

const clientLost = "client lost in mail data"

func (m *Machine) inMailData() bool { return m.phase == phaseBody || m.phase == phaseChunk }

// lostData says why mail data has no end.
func (m *Machine) lostData() string {
	switch {
	case m.session.Until().Err() != nil:
		return session.Cut
	case m.session.Reason == session.Killed:
		return session.Killed
	}
	return clientLost
}

// clientEnded: mail data without its end stays without it at the server too (RFC 5321 §4.1.1.4).
func (m *Machine) clientEnded(x proxy.Exchange, why error) {
	if m.inMailData() {
		m.account(0, m.lostData())
	}
	if isTimeout(why) {
		m.session.Abort(violation, session.AbortedByPolicyAction, "client silent too long")
		m.reply(x, &answerClosing)
	}
	m.done(x)
}

func (m *Machine) serverEnded(x proxy.Exchange, why error) {
	m.session.Record(faults, "server lost", slog.Any("error", why))
	m.lostServer(x)
}

// Close releases what the session holds, after the policy's last word.
func (m *Machine) Close() {
	if m.follower != nil {
		m.follower.end()
	}
	if m.inMailData() && m.lostData() != clientLost {
		m.account(0, m.lostData())
	}
	m.shutDown()
	m.queue, m.arena, m.held, m.param = nil, nil, nil, nil
}

// done closes both sides after what was sent.
func (m *Machine) done(x proxy.Exchange) {
	m.phase = phaseDone
	x.Hangup(proxy.Server)
	x.Hangup(proxy.Client)
}

// part is done after QUIT: the server closes first (RFC 5321 §4.1.1.10).
func (m *Machine) part(x proxy.Exchange) {
	if p, ok := x.(proxy.Parter); ok {
		p.Part(proxy.Server)
	}
	m.done(x)
}

// closing says 421 in place of every reply that is still due, and closes both sides (RFC 5321 §3.8).
func (m *Machine) closing(x proxy.Exchange, a *answer) {
	m.reply(x, a)
	m.done(x)
}

// lostServer answers for a server that is gone or cannot be trusted any more (Zorp's E421C).
func (m *Machine) lostServer(x proxy.Exchange) {
	x.Hangup(proxy.Server)
	if m.is(flagLeaving) {
		m.bye(x)
		return
	}
	switch m.phase {
	case phaseGreeting:
		m.phase = phaseNoServer
		x.Send(proxy.Client, m.unconnected())
		m.awaitClient(x, m.settings.Limits.TimeoutCommand)
	case phaseBody:
		m.discard(x, answerClosing.in(m.is(flagShown)))
	case phaseChunk:
		m.queue = m.queue[:0]
		m.refuseRest(x, answerClosing.in(m.is(flagShown)))
	case phaseDiscard, phaseNoServer:
	default:
		m.closing(x, &answerClosing)
	}
}

// reply sends an answer of ours to the client at once, enhanced where it was shown the extension.
func (m *Machine) reply(x proxy.Exchange, a *answer) { x.Send(proxy.Client, a.in(m.is(flagShown))) }

// earlyTalker turns away who speaks before the greeting (RFC 5321 §4.3.1).
func (m *Machine) earlyTalker(x proxy.Exchange) {
	m.session.Abort(violation, session.AbortedByPolicyAction, "client spoke before the greeting")
	m.session.Meter.Refusal(int(ReasonSync))
	m.closing(x, &answerSync)
}

// outOfTurn turns away who sends on after a command that must end a group (RFC 2920 §3.1): what follows could be mail
// data that would run as commands, or commands that would run as mail data.
func (m *Machine) outOfTurn(x proxy.Exchange) {
	m.session.Abort(violation, session.AbortedByPolicyAction, "client did not wait for a reply")
	m.session.Meter.Refusal(int(ReasonSync))
	m.closing(x, &answerSync)
}

func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// keep limits what an idle session holds of a buffer.
func keep(b []byte) []byte {
	if cap(b) > 512 {
		return nil
	}
	return b[:0]
}
