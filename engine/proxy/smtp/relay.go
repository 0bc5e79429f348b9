package smtp

import (
	"bytes"
	"errors"
	"log/slog"
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
	r, err := v.Settings.CheckSenderAddress(v, v.RequestParam)
	return v.refuseWith(r), err
}

// Decide refuses a recipient as SmtpProxy.checkRecipient does.
func (recipientCheck) Decide(v *View) (Action, error) {
	r, err := v.Settings.CheckRecipientAddress(v, v.RequestParam)
	return v.refuseWith(r), err
}

func (v *View) refuseWith(r Refusal) Action {
	if r.Code == "" {
		return Accept
	}
	v.ErrorCode, v.ErrorInfo = r.Code, r.Text
	return Reject
}

// CheckSenderAddress is checkSender for the normalised parameter of MAIL, "From:<address>...". It may have to wait. The
// error is that of a matcher which the policy wrote.
func (s *Settings) CheckSenderAddress(v *View, param string) (Refusal, error) {
	p, ok := s.addressOf(param, "FROM:")
	if !ok {
		return refusal(&answerMalformed), nil
	}
	a, err := s.matchAddress(v.Session, s.Relay.SenderMatcher, p.Address, &answerSender, &answerSenderSoft)
	return refusal(a), err
}

// CheckRecipientAddress is checkRecipient for the normalised parameter of RCPT, "To:<address>...". It may have to wait.
// The error is that of a matcher which the policy wrote.
func (s *Settings) CheckRecipientAddress(v *View, param string) (Refusal, error) {
	p, ok := s.addressOf(param, "TO:")
	if !ok {
		return refusal(&answerMalformed), nil
	}
	a, err := s.checkRecipient(v.Session, p)
	if a == nil && err == nil && !isPostmaster(p) {
		a, err = s.matchAddress(v.Session, s.Relay.RecipientMatcher, p.Address, &answerRcpt, &answerRcptSoft)
	}
	return refusal(a), err
}

// RelayCheck reports whether SmtpProxy's relay check lets the address through for the session's client. The error is that
// of a matcher which the policy wrote.
func (s *Settings) RelayCheck(v *View, address string) (bool, error) {
	p, _, err := parseMailbox([]byte(address), pathRules{utf8: true})
	if err != nil {
		return false, nil
	}
	return s.relays(v.Session, p)
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
func (s *Settings) checkRecipient(on *session.Session, p Path) (*answer, error) {
	switch {
	case isPostmaster(p):
		return nil, nil
	case !s.Relay.PermitPercentHack && bytes.IndexByte(p.LocalPart, '%') >= 0,
		!s.Relay.PermitExclamationMark && bytes.IndexByte(p.LocalPart, '!') >= 0:
		return &answerMalformed, nil
	case !s.Relay.Check:
		return nil, nil
	}
	if ok, err := s.relays(on, p); !ok {
		return &answerRelay, err
	}
	return nil, nil
}

// isPostmaster: <postmaster> without a domain always passes (RFC 5321 §4.5.1).
func isPostmaster(p Path) bool { return len(p.Domain) == 0 && equalFold(p.LocalPart, "POSTMASTER") }

func (s *Settings) relays(on *session.Session, p Path) (bool, error) {
	if s.relayZone(on) {
		return true, nil
	}
	return s.relayDomain(on, p.Domain)
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
// proper suffix of it. What the matcher cannot tell is not wanted.
func (s *Settings) relayDomain(on *session.Session, domain []byte) (bool, error) {
	for _, entry := range s.Relay.Domains {
		if domainMatches(domain, entry) {
			return true, nil
		}
	}
	if s.Relay.DomainsMatcher == nil || len(domain) == 0 {
		return false, nil
	}
	hit, known, err := askMatcher(on, s.Relay.DomainsMatcher, strings.ToLower(string(domain)))
	return hit && known, err
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
func (s *Settings) matchAddress(on *session.Session, m match.Matcher, address []byte, hard, soft *answer) (*answer, error) {
	if m == nil {
		return nil, nil
	}
	switch hit, known, err := askMatcher(on, m, string(address)); {
	case err != nil:
		return nil, err
	case !known, hit && s.Relay.ErrorSoft:
		return soft, nil
	case hit:
		return hard, nil
	}
	return nil, nil
}

// askMatcher waits for a matcher, until the session is cut. What it could not tell is logged; the error is that of a
// matcher which the policy wrote.
func askMatcher(on *session.Session, m match.Matcher, text string) (hit, known bool, err error) {
	hit, err = m.Match(on.Until(), text)
	if errors.Is(err, match.ErrFunction) {
		return false, false, err
	}
	if err != nil {
		on.Record(policy, "matcher could not tell", slog.String("address", text), slog.Any("error", err))
	}
	return hit, err == nil, nil
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
