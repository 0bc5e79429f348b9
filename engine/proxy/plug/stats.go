package plug

import (
	"fmt"
	"time"

	"zorpgo/engine/journal"
	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
)

// stats are a session's counts, and what it takes to ask the policy about them.
type stats struct {
	Stats
	sent  [2]int64  // bytes for each side, since
	since time.Time // the last PacketStats, or the beginning

	untold int // packets since the last PacketStats
	asked  bool
	goOn   bool // the answer
	err    error
}

func (m *Machine) beginStats(x proxy.Exchange) {
	if m.settings.PacketStats != nil || m.settings.ShutDown != nil {
		m.stats.since = m.now()
	}
	m.wake(x)
}

func (m *Machine) wake(x proxy.Exchange) {
	if m.settings.PacketStats != nil && m.settings.PacketStatsIntervalTime > 0 {
		x.Wake(m.settings.PacketStatsIntervalTime)
	}
}

// count notes a packet, and asks the policy when it is time to.
func (m *Machine) count(x proxy.Exchange, from proxy.Side, n int) {
	s := &m.stats
	bytes, packets := &s.ClientBytes, &s.ClientPackets
	if from == proxy.Server {
		bytes, packets = &s.ServerBytes, &s.ServerPackets
	}
	*bytes += int64(n)
	*packets++
	if m.copies(from) {
		s.sent[from.Other()] += int64(n)
	}
	s.untold++
	if every := m.settings.PacketStatsIntervalPacket; every > 0 && s.untold >= every {
		m.ask(x)
	}
}

// Woken asks the policy because the time of PacketStatsIntervalTime is over.
func (m *Machine) Woken(x proxy.Exchange) {
	if m.done {
		return
	}
	m.wake(x)
	m.ask(x)
}

func (m *Machine) ask(x proxy.Exchange) {
	s := &m.stats
	if m.settings.PacketStats == nil || s.asked {
		return
	}
	s.asked = true
	v := m.look()
	x.Ask(func() { s.goOn, s.err = m.settings.PacketStats(v) })
}

// Answered goes on, or ends the session.
func (m *Machine) Answered(x proxy.Exchange) {
	s := &m.stats
	s.asked, s.untold, s.sent, s.since = false, 0, [2]int64{}, m.now()
	switch {
	case m.done || s.goOn && s.err == nil:
		return
	case s.err != nil:
		m.session.Abort(journal.Class{Tag: "plug.policy", Verbosity: 1}, session.AbortedByPolicyAction, fmt.Sprintf("packetStats failed: %v", s.err))
	default:
		m.session.Abort(journal.Class{Tag: "plug.policy", Verbosity: 2}, session.AbortedByPolicyAction, "packetStats ended the session")
	}
	m.close(x)
}

// look is the session as the policy sees it now.
func (m *Machine) look() *View {
	s := &m.stats
	v := &View{Session: m.session, Stats: s.Stats, Self: m.self}
	if took := m.now().Sub(s.since); !s.since.IsZero() && took > 0 {
		v.BandwidthToClient = rate(s.sent[proxy.Client], took)
		v.BandwidthToServer = rate(s.sent[proxy.Server], took)
	}
	return v
}

// rate is n bytes in that time as bytes a second.
func rate(n int64, took time.Duration) int64 { return int64(float64(n) / took.Seconds()) }
