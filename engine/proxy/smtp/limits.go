package smtp

import (
	"fmt"
	"time"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// Limits bound what one session may cost; all are ours. 0 is no limit, where that is possible.
type Limits struct {
	Recipients   int // max_recipients: of one transaction, 452 beyond; 1000 (RFC 5321 §4.5.3.1.8: at least 100)
	Transactions int // max_transactions: of one session, 421 at the MAIL beyond; 1000
	Errors       int // max_errors: refusals before 421; 20
	IdleCommands int // max_idle_commands: such as NOOP, RSET and VRFY, without a message between them, before 421; 1000
	AuthFailures int // max_auth_failures: refused logins before 421; 3
	ReplyLines   int // max_reply_lines: of one reply of the server; 100
	MessageSize  int // max_message_size: octets, as RFC 1870 counts; the server's SIZE holds too; 0
	HeaderSize   int // max_header_size: octets of a message's header section; 1 MiB
	Hops         int // max_hops: Received lines, 554 beyond (RFC 5321 §6.3); 100
	DataRate     int // min_data_rate: octets a second that a client sends of mail data, on average over TimeoutDataBlock; 100

	// RFC 5321 §4.5.3.2. Each is at most Timeout.
	TimeoutGreeting  time.Duration // timeout_greeting: of the server; 5 min
	TimeoutCommand   time.Duration // timeout_command: a whole command line of the client; 5 min
	TimeoutReply     time.Duration // timeout_reply: of the server to a command; 5 min
	TimeoutDataInit  time.Duration // timeout_data_init: of the server to DATA; 2 min
	TimeoutDataBlock time.Duration // timeout_data_block: between two pieces of mail data; 3 min
	TimeoutDataEnd   time.Duration // timeout_data_end: of the server to the end of mail data; 10 min
	TimeoutWrite     time.Duration // timeout_write: one write to a side that does not read; 2 min
	SessionTime      time.Duration // max_session_time: 24 h
}

var defaultLimits = Limits{
	Recipients:       1000,
	Transactions:     1000,
	Errors:           20,
	IdleCommands:     1000,
	AuthFailures:     3,
	ReplyLines:       100,
	HeaderSize:       1 << 20,
	Hops:             100,
	DataRate:         100,
	TimeoutGreeting:  5 * time.Minute,
	TimeoutCommand:   5 * time.Minute,
	TimeoutReply:     5 * time.Minute,
	TimeoutDataInit:  2 * time.Minute,
	TimeoutDataBlock: 3 * time.Minute,
	TimeoutDataEnd:   10 * time.Minute,
	TimeoutWrite:     2 * time.Minute,
	SessionTime:      24 * time.Hour,
}

func (l *Limits) check() (problems []error) {
	for _, v := range []struct {
		name  string
		value int64
		least int64
	}{
		{"max_recipients", int64(l.Recipients), 1}, {"max_transactions", int64(l.Transactions), 0},
		{"max_errors", int64(l.Errors), 0}, {"max_idle_commands", int64(l.IdleCommands), 0}, {"max_auth_failures", int64(l.AuthFailures), 0},
		{"max_reply_lines", int64(l.ReplyLines), 1}, {"max_message_size", int64(l.MessageSize), 0},
		{"max_header_size", int64(l.HeaderSize), 0}, {"max_hops", int64(l.Hops), 0}, {"min_data_rate", int64(l.DataRate), 0},
		{"timeout_greeting", int64(l.TimeoutGreeting), 1}, {"timeout_command", int64(l.TimeoutCommand), 1},
		{"timeout_reply", int64(l.TimeoutReply), 1}, {"timeout_data_init", int64(l.TimeoutDataInit), 1},
		{"timeout_data_block", int64(l.TimeoutDataBlock), 1}, {"timeout_data_end", int64(l.TimeoutDataEnd), 1},
		{"timeout_write", int64(l.TimeoutWrite), 1}, {"max_session_time", int64(l.SessionTime), 0},
	} {
		if v.value < v.least {
			problems = append(problems, fmt.Errorf("%s: %d is less than %d", v.name, v.value, v.least))
		}
	}
	return problems
}

// awaitClient and awaitServer set the time for what a side is to send next; the other side is waited for no more.
func (m *Machine) awaitClient(x proxy.Exchange, limit time.Duration) {
	x.Await(proxy.Server, 0)
	x.Await(proxy.Client, m.within(limit))
}

func (m *Machine) awaitServer(x proxy.Exchange, limit time.Duration) {
	x.Await(proxy.Client, 0)
	x.Await(proxy.Server, m.within(limit))
}

// WriteLimit bounds a side that does not read.
func (m *Machine) WriteLimit() time.Duration { return m.within(m.settings.Limits.TimeoutWrite) }

// within is limit, but no longer than timeout and what is left of the session.
func (m *Machine) within(limit time.Duration) time.Duration {
	limit = min(limit, m.settings.Timeout)
	if total := m.settings.Limits.SessionTime; total > 0 && !m.session.Started.IsZero() {
		limit = max(min(limit, total-m.now().Sub(m.session.Started)), time.Millisecond)
	}
	return limit
}

// overTime reports whether the session has had its time, and ends it.
func (m *Machine) overTime(x proxy.Exchange) bool {
	total := m.settings.Limits.SessionTime
	if total == 0 || m.session.Started.IsZero() || m.now().Sub(m.session.Started) < total {
		return false
	}
	m.session.Abort(policy, session.DeniedByLimit, "session too long")
	m.closing(x, &answerClosing)
	return true
}

// idles counts a command that brings no message nearer, and ends a session that says little else.
func (m *Machine) idles(x proxy.Exchange, verb Verb) bool {
	switch verb {
	case verbMAIL, verbRCPT, verbDATA, verbBDAT, verbAUTH, verbQUIT:
		return false
	}
	m.idle++
	if limit := m.settings.Limits.IdleCommands; limit == 0 || m.idle <= limit {
		return false
	}
	m.session.Abort(policy, session.DeniedByLimit, "too many commands without a message")
	m.closing(x, &answerErrors)
	return true
}

// pace measures how fast mail data comes in: a window of time and what arrived in it.
type pace struct {
	since time.Time
	bytes int64
}

// tooSlow counts n bytes of mail data, and reports whether the client keeps the session busy with next to nothing.
func (m *Machine) tooSlow(n int) bool {
	window, rate := m.settings.Limits.TimeoutDataBlock, m.settings.Limits.DataRate
	if rate == 0 {
		return false
	}
	m.pace.bytes += int64(n)
	now := m.now()
	if m.pace.since.IsZero() {
		m.pace.since = now
	}
	if now.Sub(m.pace.since) < window {
		return false
	}
	slow := m.pace.bytes < int64(rate)*int64(window/time.Second)
	m.pace = pace{since: now}
	return slow
}
