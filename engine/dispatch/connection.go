package dispatch

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"

	"zorpgo/engine/journal"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

// met is what was decided on a connection, and by what.
type met struct {
	policy  *active
	session *session.Session
	service *service.Service
}

// handle takes one connection to its end. The peer, if it is known, is what accept told.
func (d *Dispatcher) handle(conn net.Conn, peer netip.AddrPort, direct bool) {
	defer d.left()
	defer d.survive(conn)
	p := d.policy.Load()
	client, local := d.options.Present(conn)
	if !client.IsValid() {
		client = peer
	}
	s := d.begin(p, client, local, direct)
	v, reason := d.choose(p, s, conn)
	p.hits.count(s)
	if v == nil {
		_ = stream.Reset(conn)
		d.refused(p, s, reason)
		return
	}
	d.run(met{p, s, v}, conn)
}

// handleMet is handle for a connection on which a loop has decided.
func (d *Dispatcher) handleMet(m met, conn net.Conn) {
	defer d.left()
	defer d.survive(conn)
	d.run(m, conn)
}

func (d *Dispatcher) run(m met, conn net.Conn) {
	s := m.session
	if d.full() {
		m.service.TurnAway(&m.policy.env, s, conn, d.tooMany())
	} else {
		m.service.Run(d.ctx, &m.policy.env, s, conn)
	}
	if d.live.end(s) {
		s.Deny(session.AbortedByPolicyAction, session.Killed)
	}
	if d.ctx.Err() != nil {
		s.Deny(session.AbortedByPolicyAction, session.Cut)
	}
	d.ended(s)
}

// survive ends a connection that met a bug before it was a session, and it alone.
func (d *Dispatcher) survive(conn net.Conn) {
	if bug := recover(); bug != nil {
		conn.Close()
		d.options.Log.Error("connection met a bug, please report it", "panic", fmt.Sprint(bug), "stack", string(debug.Stack()))
	}
}

// choose finds the service of a connection, once its client is known, or says why there is none.
func (d *Dispatcher) choose(p *active, s *session.Session, conn net.Conn) (*service.Service, string) {
	if reason := d.introduce(p, s, conn); reason != "" {
		return nil, reason
	}
	f := p.flow(s, conn)
	return p.decide(s, &f)
}

// decide finds the service of a connection, or says why there is none.
func (p *active) decide(s *session.Session, f *rule.Flow) (*service.Service, string) {
	if slices.Contains(p.Intercepts, s.ClientLocal) {
		return nil, "it was made to the listener of intercepted connections itself"
	}
	r := p.Rules.Lookup(f)
	if r == nil {
		return nil, p.unmatched(f)
	}
	s.RulePos, s.Service = r.Pos, r.Service
	if r.Listener == nil {
		s.RuleID = r.ID
	}
	switch v := p.Services[r.Service]; {
	case v == nil:
		return nil, fmt.Sprintf("%s names service %q, which there is not", name(r), r.Service)
	case v.Deny:
		return nil, fmt.Sprintf("%s denies it by service %q", name(r), r.Service)
	default:
		return v, ""
	}
}

// begin is a session with all that the addresses tell.
func (d *Dispatcher) begin(p *active, client, local netip.AddrPort, direct bool) *session.Session {
	s := &session.Session{
		Client: unmap(client), ClientLocal: unmap(local), Zones: p.Zones, Log: d.options.Log, Trace: d.options.Trace, Started: time.Now(),
		Context: d.ctx, Direct: direct, Draining: d.draining.Load(),
	}
	s.ClientZone = p.Zones.Lookup(s.Client.Addr())
	s.ServerZone = p.Zones.Lookup(s.ClientLocal.Addr())
	return s
}

func (p *active) flow(s *session.Session, conn net.Conn) rule.Flow {
	f := rule.Flow{
		Proto: rule.ProtoTCP,
		Src:   s.Client.Addr(), SrcPort: s.Client.Port(), SrcZone: s.ClientZone,
		Dst: s.ClientLocal.Addr(), DstPort: s.ClientLocal.Port(), DstZone: s.ServerZone,
	}
	if p.ifaces {
		incoming(s, conn, &f)
	}
	return f
}

// incoming adds the interface that conn came in on; without it no condition on it holds.
func incoming(s *session.Session, conn net.Conn, f *rule.Flow) {
	index, err := stream.Incoming(conn)
	var link netlink.Link
	if err == nil {
		link, err = netlink.LinkByIndex(index)
	}
	if err != nil {
		s.Log.Warn("incoming interface unknown: conditions on interfaces do not hold", "client", text(s.Client), "error", err)
		return
	}
	f.Iface, f.Ifgroup = link.Attrs().Name, int(link.Attrs().Group)
	addrs, _ := netlink.AddrList(link, netlink.FAMILY_ALL) // without them dst_iface does not hold
	for _, a := range addrs {
		if own, ok := netip.AddrFromSlice(a.IP); ok {
			f.IfaceAddrs = append(f.IfaceAddrs, own.Unmap())
		}
	}
}

// refused records a connection that gets no service, and was reset.
func (d *Dispatcher) refused(p *active, s *session.Session, reason string) {
	d.resets[resetCause(s)].Add(1)
	if v := p.Services[s.Service]; v != nil && v.Quiet {
		return
	}
	s.Refuse(journal.Class{Tag: "core.policy", Verbosity: 2}, "connection reset", append(local(nil, s), slog.String("reason", reason))...)
}

// unmatched says why no rule matches f: of whoever the rules at that address do not speak, and which they are.
func (p *active) unmatched(f *rule.Flow) string {
	who := "client is in no zone"
	if f.SrcZone != nil {
		who = fmt.Sprintf("client is in zone %q", f.SrcZone.Name)
	}
	rules := p.behindOf(netip.AddrPortFrom(f.Dst, f.DstPort))
	if len(rules) == 0 {
		return "no rule matches: none is for this address and port"
	}
	var why []string
	for _, r := range rules[:min(len(rules), 3)] {
		why = append(why, fmt.Sprintf("%s wants another %s", name(r), r.Mismatch(f)))
	}
	if more := len(rules) - len(why); more > 0 {
		why = append(why, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("no rule matches: %s; %s", who, strings.Join(why, "; "))
}

// behindOf are the rules that connections to at can meet; its listener may be one for all addresses.
func (p *active) behindOf(at netip.AddrPort) []*rule.Rule {
	everywhere := netip.IPv6Unspecified()
	if at.Addr().Is4() {
		everywhere = netip.IPv4Unspecified()
	}
	for _, own := range []netip.AddrPort{at, netip.AddrPortFrom(everywhere, at.Port())} {
		if rules := p.behind[own]; len(rules) > 0 {
			return rules
		}
	}
	return p.behind[netip.AddrPort{}]
}

func name(r *rule.Rule) string { return fmt.Sprintf("%s (%s)", r.Called(), r.Pos) }
