package smtp

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"zorpgo/engine/match"
	"zorpgo/engine/session"
)

// Refusal is a reply in place of the server's; the zero Refusal is none.
type Refusal struct{ Code, Text string }

// The checks of SmtpProxy as hooks; the machine takes them directly, without a View, where no matcher is to be asked.
var (
	CheckSender    Hook = senderCheck{}
	CheckRecipient Hook = recipientCheck{}
)

type (
	senderCheck    struct{}
	recipientCheck struct{}
)

// Decide refuses a sender as SmtpProxy.checkSender does.
func (senderCheck) Decide(v *View) (Action, error) {
	return v.refuseWith(v.Settings.CheckSenderAddress(v, v.RequestParam)), nil
}

// Decide refuses a recipient as SmtpProxy.checkRecipient does.
func (recipientCheck) Decide(v *View) (Action, error) {
	return v.refuseWith(v.Settings.CheckRecipientAddress(v, v.RequestParam)), nil
}

func (v *View) refuseWith(r Refusal) Action {
	if r.Code == "" {
		return Accept
	}
	v.ErrorCode, v.ErrorInfo = r.Code, r.Text
	return Reject
}

// CheckSenderAddress is checkSender for the normalised parameter of MAIL, "From:<address>...".
func (s *Settings) CheckSenderAddress(_ *View, param string) Refusal {
	p, ok := s.addressOf(param, "FROM:")
	if !ok {
		return refusal(&answerMalformed)
	}
	return refusal(s.matchAddress(s.Relay.SenderMatcher, p.Address, &answerSender, &answerSenderSoft))
}

// CheckRecipientAddress is checkRecipient for the normalised parameter of RCPT, "To:<address>...".
func (s *Settings) CheckRecipientAddress(v *View, param string) Refusal {
	p, ok := s.addressOf(param, "TO:")
	if !ok {
		return refusal(&answerMalformed)
	}
	if a := s.checkRecipient(v.Session, p); a != nil {
		return refusal(a)
	}
	return refusal(s.matchAddress(s.Relay.RecipientMatcher, p.Address, &answerRcpt, &answerRcptSoft))
}

// RelayCheck reports whether SmtpProxy's relay check lets the address through for the session's client.
func (s *Settings) RelayCheck(v *View, address string) bool {
	p, _, err := parseMailbox([]byte(address), pathRules{utf8: true})
	return err == nil && s.relays(v.Session, p)
}

func refusal(a *answer) Refusal {
	if a == nil {
		return Refusal{}
	}
	text := strings.TrimSuffix(string(a.plain[len(a.code)+1:]), "\r\n")
	return Refusal{a.code, text}
}

func (s *Settings) addressOf(param, prefix string) (Path, bool) {
	if !hasFold([]byte(param), prefix) {
		return Path{}, false
	}
	p, _, err := parsePath([]byte(param[len(prefix):]), pathRules{null: prefix == "FROM:", utf8: true})
	return p, err == nil
}

// checkRecipient is checkRecipient up to the recipient matcher; nil accepts.
func (s *Settings) checkRecipient(on *session.Session, p Path) *answer {
	switch {
	case isPostmaster(p):
		return nil
	case !s.Relay.PermitPercentHack && bytes.IndexByte(p.LocalPart, '%') >= 0,
		!s.Relay.PermitExclamationMark && bytes.IndexByte(p.LocalPart, '!') >= 0:
		return &answerMalformed
	case s.Relay.Check && !s.relays(on, p):
		return &answerRelay
	}
	return nil
}

// isPostmaster: <postmaster> without a domain always passes (RFC 5321 §4.5.1).
func isPostmaster(p Path) bool { return len(p.Domain) == 0 && equalFold(p.LocalPart, "POSTMASTER") }

func (s *Settings) relays(on *session.Session, p Path) bool {
	return s.relayZone(on) || s.relayDomain(p.Domain)
}

// relayZone reports whether the client's zone, or one that administers it, may relay anywhere.
func (s *Settings) relayZone(on *session.Session) bool {
	for _, name := range s.Relay.Zones {
		if name == "*" || on.ClientZone != nil && on.ClientZone.Within(name) {
			return true
		}
	}
	return false
}

// relayDomain reports whether mail for the domain is wanted: an entry is the domain itself or, with a leading dot, a
// proper suffix of it.
func (s *Settings) relayDomain(domain []byte) bool {
	for _, entry := range s.Relay.Domains {
		if domainMatches(domain, entry) {
			return true
		}
	}
	if m := s.Relay.DomainsMatcher; m != nil && len(domain) > 0 {
		hit, err := m.Match(context.Background(), strings.ToLower(string(domain)))
		return err == nil && hit
	}
	return false
}

// domainMatches compares labels in A-label form, in any case (RFC 5890 §2.3.2.1).
func domainMatches(domain []byte, entry string) bool {
	name, below := strings.CutPrefix(entry, ".")
	if name == "" {
		return false
	}
	if !isASCII(domain) {
		domain = []byte(asciiDomain(string(domain)))
	}
	name = asciiDomain(name)
	if below {
		if len(domain) <= len(name) || domain[len(domain)-len(name)-1] != '.' {
			return false
		}
		domain = domain[len(domain)-len(name):]
	}
	return len(domain) == len(name) && foldedEqual(domain, name)
}

// asciiDomain turns U-labels into A-labels; a name that cannot be turned stays as it is and matches itself alone.
func asciiDomain(name string) string {
	if isASCII(name) {
		return name
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

func isASCII[text string | []byte](t text) bool {
	for i := range len(t) {
		if t[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldedEqual(b []byte, s string) bool {
	for i := range b {
		if upperByte(b[i]) != upperByte(s[i]) {
			return false
		}
	}
	return true
}

// matchAddress refuses what a matcher matches, and softly what it could not tell; nil accepts.
func (s *Settings) matchAddress(m match.Matcher, address []byte, hard, soft *answer) *answer {
	if m == nil {
		return nil
	}
	hit, err := m.Match(context.Background(), string(address))
	switch {
	case err != nil, hit && s.Relay.ErrorSoft:
		return soft
	case hit:
		return hard
	}
	return nil
}

// asksMatcher reports whether hook is one of the checks above and may have to wait for a matcher.
func (s *Settings) asksMatcher(hook Hook) bool {
	switch hook.(type) {
	case senderCheck:
		return s.Relay.SenderMatcher != nil
	case recipientCheck:
		return s.Relay.RecipientMatcher != nil || s.Relay.Check && s.Relay.DomainsMatcher != nil
	}
	return true
}
