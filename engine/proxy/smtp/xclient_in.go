package smtp

import (
	"bytes"
	"log/slog"
	"net/netip"

	"zorpgo/engine/proxy"
)

// What a trusted client may say of another one.
const (
	xclientTakes  = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"
	xforwardTakes = "NAME ADDR PORT PROTO HELO IDENT SOURCE"
)

// trusts reports whether the client that speaks is in one of zones. It is asked of the one that connected, whoever it
// says to speak for.
func (m *Machine) trusts(zones []string) bool {
	speaker := m.session.ClientZone
	if m.intro != nil {
		speaker = m.intro.speaker
	}
	for _, name := range zones {
		if speaker.Within(name) {
			return true
		}
	}
	return false
}

// greetedWith keeps the greeting for a client that may say XCLIENT, after which it is greeted again.
func (m *Machine) greetedWith(r reply) {
	if m.trusts(m.settings.XClientFrom) {
		m.introduction().greeting = bytes.Clone(r.raw)
	}
}

// offerIntroductions adds to a reply to EHLO what a trusted client may say.
func (m *Machine) offerIntroductions(out []byte) []byte {
	for _, offer := range []struct {
		from []string
		text string
	}{{m.settings.XClientFrom, "XCLIENT " + xclientTakes}, {m.settings.XForwardFrom, "XFORWARD " + xforwardTakes}} {
		if len(offer.from) > 0 && m.trusts(offer.from) {
			last := len(out)
			out = append(append(append(out, out[:3]...), ' '), offer.text+"\r\n"...)
			out = endReply(out, last)
		}
	}
	return out
}

// foreignCommand takes XCLIENT and XFORWARD from a client that is trusted with them, and refuses all else of that kind.
func (m *Machine) foreignCommand(x proxy.Exchange, name, param []byte, last bool) {
	switch verb := string(name); {
	case verb == "XCLIENT" && m.trusts(m.settings.XClientFrom):
		if !last { // the client is greeted again
			m.outOfTurn(x)
			return
		}
		m.receiveXClient(x, name, param)
	case verb == "XFORWARD" && m.trusts(m.settings.XForwardFrom):
		m.receiveXForward(x, name, param)
	default:
		m.refuse(x, name, &answerForeign)
	}
}

// receiveXClient makes another client of the session's. Which service it has, and where that connects, stays.
func (m *Machine) receiveXClient(x proxy.Exchange, name, param []byte) {
	if m.state > stateHello || m.is(flagLoggedIn) {
		m.refuse(x, name, &answerOrder)
		return
	}
	values, ok := clientAttributes(param, xclientTakes)
	if !ok || !checkClient(values) {
		m.refuse(x, name, &answerSyntax)
		return
	}
	if m.idles(x, verbOther) {
		return
	}
	m.becomes(values)
	m.newTransaction()
	m.state, m.active, m.sizeLimit = stateInitial, 0, 0
	m.unset(flagShown | flagAuthHidden)
	x.Send(proxy.Client, m.intro.greeting)
	m.awaitClient(x, m.settings.Limits.TimeoutCommand)
}

// checkClient reports whether the values of XCLIENT or XFORWARD are what their names say.
func checkClient(values map[string]string) bool {
	for name, value := range values {
		ok := value == unavailable || value == tempUnavailable
		switch name {
		case "ADDR":
			_, ok = clientAddr(value) // without it nothing can be decided
		case "DESTADDR":
			if !ok {
				_, ok = clientAddr(value)
			}
		case "PORT", "DESTPORT":
			if !ok {
				_, ok = clientPort(value)
			}
		case "NAME":
			ok = ok || hostValue(value) == value
		case "PROTO":
			ok = ok || value == "SMTP" || value == "ESMTP"
		case "SOURCE":
			ok = ok || value == "LOCAL" || value == "REMOTE"
		default:
			ok = ok || len(value) <= maxValue
		}
		if !ok {
			return false
		}
	}
	return true
}

// becomes changes who the client is.
func (m *Machine) becomes(values map[string]string) {
	s, i := m.session, m.introduction()
	peer := s.Client
	if !s.Peer.IsValid() {
		s.Peer = peer
	}
	s.Client = changed(s.Client, values["ADDR"], values["PORT"])
	s.ClientZone = s.Zones.Lookup(s.Client.Addr())
	if values["DESTADDR"] != "" || values["DESTPORT"] != "" {
		s.Dest = changed(s.Wanted(), values["DESTADDR"], values["DESTPORT"])
	}
	i.name, i.named = coded(values["NAME"]), values["NAME"] != ""
	i.login = values["LOGIN"]
	i.done, i.forward, i.told = false, "", nil
	m.helo = append(m.helo[:0], values["HELO"]...)
	m.unset(flagESMTP)
	if values["PROTO"] == "ESMTP" {
		m.set(flagESMTP)
	}
	s.Record(info, "client announced", slog.Any("client", s.Client), slog.String("client_zone", s.ClientZone.String()),
		slog.Any("proxied_by", s.Peer), slog.String("name", i.name))
}

// changed is at with another address, whose port is not known then, or another port.
func changed(at netip.AddrPort, addr, port string) netip.AddrPort {
	if a, ok := clientAddr(addr); ok {
		at = netip.AddrPortFrom(a, 0)
	}
	if n, ok := clientPort(port); ok {
		at = netip.AddrPortFrom(at.Addr(), n)
	}
	return at
}

// receiveXForward remembers, for one transaction, what the server is told by XFORWARD. It decides nothing here.
func (m *Machine) receiveXForward(x proxy.Exchange, name, param []byte) {
	values, ok := clientAttributes(param, xforwardTakes)
	switch {
	case m.state == stateInitial || m.state > stateHello:
		m.refuse(x, name, &answerOrder)
		return
	case !ok || !checkForwarded(values):
		m.refuse(x, name, &answerSyntax)
		return
	case m.idles(x, verbOther):
		return
	}
	i := m.introduction()
	if i.told == nil {
		i.told = map[string]string{}
	}
	for name, value := range values {
		i.told[name] = value
	}
	m.session.Record(info, "client forwarded", slog.String("client", coded(values["ADDR"])), slog.String("name", coded(values["NAME"])),
		slog.String("ident", coded(values["IDENT"])))
	m.local(x, answerForwarded.in(m.is(flagShown)))
}

// checkForwarded: an address may be unknown, too.
func checkForwarded(values map[string]string) bool {
	if a := values["ADDR"]; a == unavailable || a == tempUnavailable {
		rest := map[string]string{}
		for name, value := range values {
			if name != "ADDR" {
				rest[name] = value
			}
		}
		return checkClient(rest)
	}
	return checkClient(values)
}

// forgetForwarded: what XFORWARD said was of the transaction that has ended.
func (m *Machine) forgetForwarded() {
	if m.intro != nil {
		m.intro.told = nil
	}
}
