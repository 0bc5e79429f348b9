package plug

import (
	"errors"
	"io"
	"os"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Machine is one session: a proxy.Protocol.
type Machine struct {
	settings *Settings
	session  *session.Session
	self     any              // for View.Self
	now      func() time.Time // time.Now

	ended [2]bool // the sides that send no more
	done  bool    // both were closed

	stats stats
}

var (
	_ proxy.Protocol = (*Machine)(nil)
	_ proxy.Starter  = (*Machine)(nil)
	_ proxy.Patient  = (*Machine)(nil)
	_ proxy.Waker    = (*Machine)(nil)
)

// WriteLimit is the timeout: a side that takes nothing for so long is silent, too.
func (m *Machine) WriteLimit() time.Duration { return m.settings.Timeout }

// Open begins to relay; a client without a server is reset, so that it does not take the end for the server's.
func (m *Machine) Open(x proxy.Exchange, failure error) {
	if failure != nil {
		m.done = true
		x.Reset(proxy.Client)
		return
	}
	m.beginStats(x)
	m.await(x)
}

// Ready reports that the machine can always use what comes.
func (m *Machine) Ready(proxy.Side) bool { return !m.done }

// Receive passes bytes to the other side, or throws them away.
func (m *Machine) Receive(x proxy.Exchange, from proxy.Side, data []byte) int {
	m.session.Follow() // of bytes nothing is told but their number at the end
	m.await(x)
	if m.copies(from) {
		x.Pass(from.Other(), data)
	}
	m.count(x, from, len(data))
	return len(data)
}

func (m *Machine) copies(from proxy.Side) bool {
	if from == proxy.Client {
		return m.settings.CopyToServer
	}
	return m.settings.CopyToClient
}

// await has the session end when neither side has sent anything for the timeout: a byte of one side counts for both.
func (m *Machine) await(x proxy.Exchange) {
	for side, ended := range m.ended {
		if !ended {
			x.Await(proxy.Side(side), m.settings.Timeout)
		}
	}
}

// Ended passes on the end of a side as what it is: the end of its bytes, or a loss.
func (m *Machine) Ended(x proxy.Exchange, side proxy.Side, why error) {
	m.ended[side] = true
	switch {
	case m.done:
	case errors.Is(why, os.ErrDeadlineExceeded):
		m.session.Deny(session.AbortedByPolicyAction, "no byte for the timeout of "+m.settings.Timeout.String())
		m.close(x)
	case why != io.EOF:
		m.done = true
		x.Reset(proxy.Client)
		x.Reset(proxy.Server)
	case m.settings.ShutdownSoft && !m.ended[side.Other()]:
		x.Finish(side.Other())
	default:
		m.close(x)
	}
}

// close closes both sides after what is in flight was written.
func (m *Machine) close(x proxy.Exchange) {
	m.done = true
	x.Hangup(proxy.Server)
	x.Hangup(proxy.Client)
}
