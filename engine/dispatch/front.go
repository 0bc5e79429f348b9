package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"zorpgo/engine/announce"
	"zorpgo/engine/rule"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

// HeaderLimit is how long a proxy in front may take for its PROXY header. (Zorp has neither.)
const HeaderLimit = 5 * time.Second

// front are the zones of the proxies whose PROXY headers connections to at begin with; nil: there are none.
func (p *active) front(at netip.AddrPort) []*zone.Zone {
	if !p.fronts {
		return nil
	}
	if rules := p.behindOf(at); len(rules) > 0 {
		return rules[0].ProxiesFrom
	}
	return nil
}

// introduce has the proxy that connected, if it must be one, say who its client is. It returns why that cannot be
// believed; of a stranger nothing is even read.
func (d *Dispatcher) introduce(p *active, s *session.Session, conn net.Conn) (refusal string) {
	front := p.front(s.ClientLocal)
	if len(front) == 0 {
		return ""
	}
	if !slices.ContainsFunc(front, func(z *zone.Zone) bool { return s.ClientZone.Within(z.Name) }) {
		return fmt.Sprintf("it is no proxy of %s, from where alone this listener takes connections", zoneNames(front))
	}
	if d.full() { // for whom it comes is not worth waiting for
		s.Verdict = session.DeniedByLimit
		return d.tooMany()
	}
	h, err := d.header(conn)
	switch {
	case err == io.EOF:
		return "it left without a PROXY header"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it sent no whole PROXY header within %s", d.options.HeaderLimit)
	case err != nil:
		return err.Error()
	case h.Own:
		return ""
	}
	s.Peer, s.Client, s.Dest = s.Client, h.Client, h.Dest
	s.ClientZone = p.Zones.Lookup(s.Client.Addr())
	return ""
}

// header reads what begins a connection. It waits for a limited time, and until the sessions are cut.
func (d *Dispatcher) header(conn net.Conn) (announce.Header, error) {
	_ = conn.SetReadDeadline(time.Now().Add(d.options.HeaderLimit)) // what fails here fails at the read
	defer context.AfterFunc(d.ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	h, err := announce.Read(stream.Ahead{Conn: conn})
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	return h, err
}

func zoneNames(zones []*zone.Zone) string {
	var names []string
	for _, z := range zones {
		names = append(names, fmt.Sprintf("%q", z.Name))
	}
	return strings.Join(names, ", ")
}

// fronts finds rules that do not agree with another one of their listener on who announces clients there: the header
// comes before it is known which rule the connection meets.
func fronts(rules []*rule.Rule) (found source.Findings) {
	first := map[netip.AddrPort]*rule.Rule{}
	for _, r := range rules {
		if len(refuse(r)) > 0 {
			continue
		}
		for _, at := range addresses(r) {
			o := first[at]
			if o == nil {
				first[at] = r
				continue
			}
			if sameZones(o.ProxiesFrom, r.ProxiesFrom) {
				continue
			}
			found = append(found, source.Finding{Pos: r.Pos, Severity: source.Error, ID: "proxy-header-differs",
				Message: fmt.Sprintf("%s has %s, %s at %s has %s: both are met at listener %s, whose connections begin with a PROXY header or do not",
					r.Called(), frontText(r), o.Called(), o.Pos, frontText(o), at),
				Hint: "give all rules of a listener the same proxy_protocol_from, or use another address or port for clients that come by themselves"})
			break
		}
	}
	return found
}

func frontText(r *rule.Rule) string {
	if len(r.ProxiesFrom) == 0 {
		return "no proxy_protocol_from"
	}
	return "proxy_protocol_from " + zoneNames(r.ProxiesFrom)
}

func sameZones(a, b []*zone.Zone) bool {
	within := func(list []*zone.Zone) func(*zone.Zone) bool {
		return func(z *zone.Zone) bool { return !slices.Contains(list, z) }
	}
	return !slices.ContainsFunc(a, within(b)) && !slices.ContainsFunc(b, within(a))
}
