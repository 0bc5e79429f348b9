package smtp

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"zorpgo/engine/proxy"
	"zorpgo/engine/session"
	"zorpgo/engine/zone"
)

// XCLIENT and XFORWARD are Postfix's: with the one a server takes the client that it is told of for its own, with the
// other it logs that client. Where the policy wants it, the proxy says them of its client: XCLIENT once, after the first
// HELO or EHLO, upon which the server begins anew; XFORWARD before each MAIL.

// introduction is what is said of clients: to the server, and by a trusted client of another one.
type introduction struct {
	done    bool     // the server knows, or need not
	lines   []string // what is still to be said
	forward string   // the attributes of XFORWARD that the server takes; "": none
	mail    exchange // waits for XFORWARD
	name    string   // of the client's host
	named   bool     // it was looked up, or told

	speaker  *zone.Zone // of the client that speaks for others
	greeting []byte     // that it was given
	login    string     // whom it says the client to be
	told     map[string]string
}

func (m *Machine) introduction() *introduction {
	if m.intro == nil {
		m.intro = &introduction{speaker: m.session.ClientZone}
	}
	return m.intro
}

// mustIntroduce reports whether r, a reply to HELO or EHLO, comes from a server that does not know the client yet.
func (m *Machine) mustIntroduce(r reply) bool {
	e := &m.queue[0]
	wanted := m.settings.XClientToServer || m.settings.XForwardToServer
	return wanted && (e.verb == verbHELO || e.verb == verbEHLO) && e.key == e.verb && r.class() == 2 && !m.introduction().done
}

// commandReplied takes the reply to a command of the client. To HELO or EHLO it waits until the server knows the client.
func (m *Machine) commandReplied(x proxy.Exchange, r reply) {
	if m.mustIntroduce(r) {
		m.introduce(x, r)
		return
	}
	m.decideReply(x, m.queue[0].key, r)
}

// introduce looks at what the server offers. A reply to HELO does not tell, so EHLO is said first.
func (m *Machine) introduce(x proxy.Exchange, r reply) {
	if m.queue[0].verb == verbHELO {
		m.sayOfClient(x, verbEHLO, "EHLO "+string(m.helo))
		return
	}
	m.introductionOffered(x, r)
}

// introductionOffered chooses between XCLIENT, XFORWARD and none.
func (m *Machine) introductionOffered(x proxy.Exchange, r reply) {
	i := m.introduction()
	if takes, ok := argsOf(&r, "XCLIENT"); ok && m.settings.XClientToServer && hasWord(string(takes), "ADDR") {
		list := string(takes)
		m.withName(x, func(x proxy.Exchange) {
			i.lines = m.clientLines(verbXCLIENT, list)
			m.sayNextLine(x, verbXCLIENT)
		})
		return
	}
	if takes, ok := argsOf(&r, "XFORWARD"); ok && m.settings.XForwardToServer && hasWord(string(takes), "ADDR") {
		i.forward = string(takes)
	} else if !m.settings.PermitUnannouncedClient {
		m.unannounced(x, "the server offers no way")
		return
	}
	i.done = true
	if m.queue[0].introduces {
		m.helloAgain(x)
		return
	}
	m.decideReply(x, verbEHLO, r)
}

// introduced takes the server's reply to what was said of the client.
func (m *Machine) introduced(x proxy.Exchange, r reply) {
	switch verb := m.queue[0].verb; {
	case r.code == 421:
		m.closedByServer(x, r)
	case verb == verbEHLO && r.class() == 2:
		m.introductionOffered(x, r)
	case verb == verbXCLIENT && r.code == 220, verb == verbXFORWARD && r.class() == 2:
		m.sayNextLine(x, verb)
	case m.settings.PermitUnannouncedClient && r.class() >= 4:
		m.session.Record(faults, "server refused to be told of the client", slog.String("verb", verb.String()), slog.Int("code", r.code))
		m.intro.lines, m.intro.forward = nil, ""
		m.sayNextLine(x, verb)
	default:
		m.unannounced(x, "the server refused "+verb.String())
	}
}

// sayNextLine goes on with what is to be said, and after that with what the client said.
func (m *Machine) sayNextLine(x proxy.Exchange, verb Verb) {
	i := m.intro
	if len(i.lines) > 0 {
		line := i.lines[0]
		i.lines = i.lines[1:]
		m.sayOfClient(x, verb, line)
		return
	}
	if verb == verbXFORWARD {
		m.queue = m.queue[:0]
		m.unset(flagBarrier)
		m.forward(x, verbMAIL, m.verb[:m.verbLen], i.mail)
		return
	}
	i.done = true
	m.helloAgain(x)
}

// sayOfClient sends the server a line of the proxy's own while nothing else is due.
func (m *Machine) sayOfClient(x proxy.Exchange, verb Verb, line string) {
	x.Send(proxy.Server, []byte(line+"\r\n"))
	m.queue = append(m.queue[:0], exchange{verb: verb, key: verb, introduces: true})
	m.set(flagBarrier)
	m.awaitServer(x, m.settings.Limits.TimeoutReply)
}

// helloAgain says what the client said: its reply is the client's.
func (m *Machine) helloAgain(x proxy.Exchange) {
	verb := verbHELO
	if m.is(flagESMTP) {
		verb = verbEHLO
	}
	m.queue = m.queue[:0]
	m.param = append(m.param[:0], m.helo...)
	m.forward(x, verb, []byte(verb.String()), exchange{key: verb})
}

// forwardsClient says XFORWARD if the server takes it, and keeps the MAIL at hand until then.
func (m *Machine) forwardsClient(x proxy.Exchange, mail exchange, name []byte) bool {
	i := m.intro
	if i == nil || i.forward == "" {
		return false
	}
	i.mail = mail
	m.verbLen = uint8(copy(m.verb[:], name))
	m.set(flagBarrier)
	m.withName(x, func(x proxy.Exchange) {
		i.lines = m.clientLines(verbXFORWARD, i.forward)
		m.sayNextLine(x, verbXFORWARD)
	})
	return true
}

// unannounced leaves the client without a server, which would take it for the proxy.
func (m *Machine) unannounced(x proxy.Exchange, why string) {
	m.session.Refuse(faults, "server was not told of the client", slog.String("code", "451"), slog.String("reason", why))
	m.session.Deny(session.DeniedByConnectionFail, "server was not told of the client: "+why)
	m.countRefusal(ReasonServer)
	x.Hangup(proxy.Server)
	m.phase, m.refusedBy = phaseNoServer, 4
	m.queue = m.queue[:0]
	m.unset(flagBarrier | flagSilence)
	x.Send(proxy.Client, []byte("451 "+notAvailable))
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
}

// maxCommand is the length of a command line (RFC 5321 §4.5.3.1.4), maxValue that of a value in it.
const (
	maxCommand = 512
	maxValue   = 255
)

// clientLines are the commands that tell the server of the client, with the attributes that it takes.
func (m *Machine) clientLines(verb Verb, takes string) (lines []string) {
	line := verb.String()
	for word := range strings.FieldsSeq(strings.ToUpper(takes)) {
		value, ok := m.clientValue(verb, word)
		if !ok {
			continue
		}
		if len(value) > maxValue {
			value = unavailable
		}
		field := " " + word + "=" + value
		if len(line)+len(field)+len("\r\n") > maxCommand {
			lines = append(lines, line)
			line = verb.String()
		}
		line += field
	}
	return append(lines, line)
}

// clientValue is what is known of the client, coded; not ok: there is no such attribute.
func (m *Machine) clientValue(verb Verb, attribute string) (value string, ok bool) {
	if value, ok = m.intro.told[attribute]; ok && verb == verbXFORWARD {
		return coded(value), true
	}
	s := m.session
	switch attribute {
	case "NAME":
		return hostValue(m.intro.name), true
	case "ADDR":
		return addrValue(s.Client.Addr()), true
	case "PORT":
		return portValue(s.Client.Port()), true
	case "PROTO":
		if m.is(flagESMTP) {
			return "ESMTP", true
		}
		return "SMTP", true
	case "HELO":
		return coded(string(m.helo)), true
	}
	if verb == verbXFORWARD {
		return m.forwardValue(attribute)
	}
	switch attribute {
	case "LOGIN":
		return coded(m.intro.login), true
	case "DESTADDR":
		return addrValue(s.Wanted().Addr()), true
	case "DESTPORT":
		return portValue(s.Wanted().Port()), true
	}
	return "", false
}

func (m *Machine) forwardValue(attribute string) (value string, ok bool) {
	switch attribute {
	case "IDENT":
		return coded(m.session.ID), true
	case "SOURCE":
		return "REMOTE", true
	}
	return "", false
}

// coded is a value as xtext; what stands for none stays as it is.
func coded(value string) string {
	switch value {
	case "", unavailable, tempUnavailable:
		return unavailable
	}
	return xtext(value)
}

// withName goes on once the client's name was looked up, if the policy wants that.
func (m *Machine) withName(x proxy.Exchange, then func(proxy.Exchange)) {
	i := m.introduction()
	if i.named || !m.settings.Trace.ResolveHost {
		then(x)
		return
	}
	var name string
	m.set(flagAsked)
	m.then = func(x proxy.Exchange) {
		i.name, i.named = name, true
		then(x)
	}
	x.Ask(func() { name = m.settings.Trace.confirmedName(m.session) })
}

// confirmedName is the name that the DNS has for the client's address, if that name has the address, too: servers trust
// the names that XCLIENT tells.
func (t *Trace) confirmedName(s *session.Session) string {
	addr := s.Client.Addr().Unmap().WithZone("")
	name := t.hostName(addr)
	if name == "" {
		return ""
	}
	lookup := t.LookupHost
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	ctx, cancel := context.WithTimeout(s.Until(), lookupTime)
	defer cancel()
	addresses, err := lookup(ctx, name)
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	if err != nil || !slices.Contains(addresses, addr) {
		return ""
	}
	return name
}
